"""Averaging: read the public point of a listing again and again."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from html import unescape

import numpy as np

from benchmarks.privacy import weak
from benchmarks.privacy.earth import Point, middle, moved
from benchmarks.privacy.guessing import Target, around
from benchmarks.privacy.people import Person
from benchmarks.privacy.site import Site, Wanted
from matcher.place import Place

#: What a telephone is wrong by, as the standard deviation to the north and to the east.
GPS_ERROR_M = 15.0
#: Times that somebody posts again from one place.
REPOSTS = 20
_PAGES = 40
_LANGUAGES = ("fr", "en", "es", "pt", "ar")


def reads(
    site: Site, targets: list[Target], count: int, random: np.random.Generator
) -> list[Point]:
    """The mean of every coordinate seen in so many reads of the map, and on some pages."""
    seen: dict[str, list[Point]] = defaultdict(list)
    for _ in range(count):
        for feature in site.features(**_anything(targets, random)):
            seen[feature["properties"]["title"]].append(tuple(feature["properties"]["center"]))
    for feature in site.features()[:_PAGES]:
        page = site.page(feature["properties"]["address"])
        hexagon = re.search(r'data-hexagon="([^"]+)"', page)
        if hexagon is not None:
            seen[feature["properties"]["title"]].append(_middle_of(unescape(hexagon[1])))
    return [middle(np.array(seen[target.person.name])) for target in targets]


def _anything(targets: list[Target], random: np.random.Generator) -> dict[str, object]:
    """A question of the map: everything, or what is around some place, in some language."""
    query: dict[str, object] = {"lang": _LANGUAGES[int(random.integers(len(_LANGUAGES)))]}
    if random.random() < 0.5:
        cell = targets[int(random.integers(len(targets)))].cell
        query |= {
            "cell": cell.coarsened(int(random.integers(5, cell.resolution + 1))).hex,
            "radius_km": round(float(random.uniform(1, 500)), 3),
        }
    return query


def _middle_of(geometry: str) -> Point:
    shape = json.loads(geometry)
    rings = shape["coordinates"]
    if shape["type"] == "MultiPolygon":
        rings = [ring for polygon in rings for ring in polygon]
    corners = np.array([corner for ring in rings for corner in ring[:-1]])
    return middle(corners[:, ::-1])


def noisy_reads(target: Target, count: int, random: np.random.Generator) -> Point:
    """The same against fresh noise at each read."""
    seen = [weak.fresh_noise(target.person.point, random) for _ in range(count)]
    return middle(np.array(seen))


def reposts(site: Site, targets: list[Target], random: np.random.Generator) -> list[Point]:
    """Who posts again and again from one place, each time located with the error of a telephone.

    The cells seen are the board's whole answer. Where there are several, the person is near the
    line between them: the guess is the middle of what is near all of them.
    """
    again = [
        Wanted(f"{target.person.name}-again-{number}", "request", _located(target.person, random))
        for target in targets
        for number in range(REPOSTS)
    ]
    site.publish(again)
    return [_near_all(site, _cells_of(site, target), random) for target in targets]


def _located(person: Person, random: np.random.Generator) -> Point:
    north, east = random.normal(scale=GPS_ERROR_M, size=2)
    at = moved(person.point, np.hypot([north], [east]), np.arctan2([east], [north]))[0]
    return float(at[0]), float(at[1])


def _cells_of(site: Site, target: Target) -> set[Place]:
    """The cells in which somebody's listings were seen."""
    prefix = f"{target.person.name}-again-"
    found = site.features(cell=target.cell.hex, radius_km=10)
    properties = [feature["properties"] for feature in found]
    return {Place.from_hex(each["cell"]) for each in properties if each["title"].startswith(prefix)}


def _near_all(site: Site, cells: set[Place], random: np.random.Generator) -> Point:
    if len(cells) == 1:
        return next(iter(cells)).center
    candidates = np.vstack([around(cell, random, 400) for cell in cells])
    near = np.array([_cells_near(site, tuple(point), cells) for point in candidates.tolist()])
    return middle(candidates[near == near.max()])


def _cells_near(site: Site, point: Point, cells: set[Place]) -> int:
    """How many of the cells somebody at this point may have been located in."""
    ring = moved(point, np.full(6, 2 * GPS_ERROR_M), np.arange(6) * np.pi / 3)
    return len({site.kept(tuple(at)) for at in (point, *ring.tolist())} & cells)
