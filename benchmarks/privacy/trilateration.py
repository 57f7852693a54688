"""Trilateration: distances from several places meet where somebody is.

The searches of the board tell distances in three ways: which radius still finds a listing, which
words say how far it is, and in which order the matches of a listing stand.
"""

from __future__ import annotations

import re

import numpy as np

from benchmarks.privacy.earth import Array, Point, disc, distances_m, moved
from benchmarks.privacy.guessing import Target, around, least_contradicted
from benchmarks.privacy.site import Site, Wanted
from matcher.place import Place

#: Places from which a radius is narrowed, and those from which the words are read.
_RADIUS_FROM, _WORDS_FROM = 3, 6
#: Own offers around a person, whose order is looked at: as many as a page shows.
DECOYS = 20
_WORDS = re.compile(r"([\d.,]+)\u202f?\s?km")
_SEARCH_FINEST = 8


def by_radius(site: Site, target: Target, random: np.random.Generator) -> Point:
    """Narrow the radius to a metre from three places, and take the point at these distances."""
    places = _vantages(site, target, _RADIUS_FROM, random)
    found = np.array([_narrowed(site, target, place) for place in places])
    candidates = around(target.cell, random)
    point = least_contradicted(candidates, _misfit(candidates, places, found))
    for scale in (0.2, 0.05, 0.01, 0.002):
        near = disc(point, scale * target.width_m, 400, random)
        point = least_contradicted(near, _misfit(near, places, found))
    return point


def _misfit(candidates: Array, places: list[Place], found: Array) -> Array:
    """How badly each candidate fits to the distances, in metres."""
    off = [distances_m(candidates, place.center) for place in places]
    result: Array = np.abs(np.column_stack(off) - found).sum(axis=1)
    return result


def _vantages(site: Site, target: Target, count: int, random: np.random.Generator) -> list[Place]:
    """Cells around the person to search from, as the board takes them for a search."""
    turn = random.random() * 2 * np.pi
    bearings = turn + np.arange(count) * 2 * np.pi / count
    far = target.width_m * random.uniform(2.0, 4.0, count) + 1000
    points = moved(target.cell.center, far, bearings)
    return [_searched(site, (float(lat), float(lng))) for lat, lng in points]


def _searched(site: Site, point: Point) -> Place:
    place = site.kept(point, "other")
    return place.coarsened(min(place.resolution, _SEARCH_FINEST))


def _narrowed(site: Site, target: Target, place: Place) -> float:
    """The smallest radius in metres that still finds the person, to a metre."""
    center_m = place.distance_m(target.cell)
    least, most = max(1000, round(center_m - target.width_m)), round(center_m + target.width_m)
    while least < most:
        half = (least + most) // 2
        found = site.features(cell=place.hex, radius_km=half / 1000, kind="request")
        if any(each["properties"]["title"] == target.person.name for each in found):
            most = half
        else:
            least = half + 1
    return float(most)


def by_words(site: Site, target: Target, random: np.random.Generator) -> Point:
    """Read "1.2 km" and "about 8 km" from six places."""
    places = _vantages(site, target, _WORDS_FROM, random)
    candidates = around(target.cell, random)
    contradiction = np.zeros(len(candidates))
    for place in places:
        said = _said(site, target, place)
        if said is not None:
            off = np.abs(distances_m(candidates, place.center) - said[0]) - said[1]
            contradiction += np.clip(off, 0, None)
    return least_contradicted(candidates, contradiction)


def _said(site: Site, target: Target, place: Place) -> tuple[float, float] | None:
    """(metres, rounded by at most so many) that the list says; None where it names none."""
    radius_km = min(500, round(6 * target.width_m / 1000 + 2))
    query = {"cell": place.hex, "radius_km": radius_km, "kind": "request", "q": target.person.name}
    page = site.page("/listings", **query)
    cards = page.split("<article")
    card = next((each for each in cards if f">{target.person.name}</a>" in each), "")
    words = re.search(r"#near\"?.*?</li>", card, re.DOTALL)
    number = _WORDS.search(words[0]) if words else None
    if number is None:
        return None
    text = number[1].replace(",", "")
    return float(text) * 1000, 50.0 if "." in text else 500.0


def decoys(targets: list[Target], random: np.random.Generator) -> dict[str, Point]:
    """Where the attacker posts offers around each person, by the offer's title."""
    return {
        f"d{number}-{target.person.name}": (float(lat), float(lng))
        for target in targets
        for number, (lat, lng) in enumerate(
            disc(target.cell.center, 1.5 * target.width_m, DECOYS, random)
        )
    }


def offers_of(own: dict[str, Point]) -> list[Wanted]:
    """The decoys as listings."""
    return [Wanted(name, "offer", point) for name, point in own.items()]


def by_order(
    site: Site, target: Target, own: dict[str, Point], random: np.random.Generator
) -> Point:
    """Look in which order one's own offers stand on the person's page: the nearest first."""
    (address,) = (
        each["properties"]["address"]
        for each in site.features(cell=target.cell.hex, radius_km=5, kind="request")
        if each["properties"]["title"] == target.person.name
    )
    shown = re.findall(r">(d\d+-p\d+)</a>", site.page(address))
    order = [site.kept(own[title]) for title in shown]
    candidates = around(target.cell, random)
    far = np.column_stack([distances_m(candidates, place.center) for place in order])
    nearer, farther = np.triu_indices(len(order), 1)
    distinct = np.array([order[i] != order[j] for i, j in zip(nearer, farther, strict=True)])
    wrong = far[:, nearer[distinct]] > far[:, farther[distinct]] + 1
    return least_contradicted(candidates, wrong.sum(axis=1).astype(float))
