"""The truth of one seed: people, requests, and how each person would answer each request."""

from __future__ import annotations

from dataclasses import dataclass

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy.earth import distances_m
from benchmarks.waves.places import SOURCES, points, region
from benchmarks.waves.ranges import (
    AREA_RESOLUTION,
    CATEGORIES,
    CELL_RESOLUTION,
    CHOSEN_CAPS,
    HOURS_LEFT,
    MOST_PLACES,
    RADIUS_KM,
    USUAL_CAP,
    WEEK_H,
    WEEKS,
    Drawn,
    Ranges,
)

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class People:
    """Volunteers; one element each."""

    home: Array
    #: Cell that the board knows, and its centre.
    cell: Whole
    center: Array
    radius_m: Array
    #: [people, categories + 1]: named in the alert.
    names: Mask
    any_category: Mask
    least_urgency: Whole
    cap: Whole
    #: Log-odds of accepting, engaged, near by, in a usual category.
    keenness: Array
    says_no: Array
    #: Local hours of waking up and going to sleep.
    wakes: Array
    sleeps: Array
    passes_quiet: Mask

    def __len__(self) -> int:
        return len(self.home)


@dataclass(frozen=True)
class Requests:
    """By the time at which they open; one element each. Times are hours from a Monday, 0:00."""

    place: Array
    cell: Whole
    center: Array
    area: Whole
    category: Whole
    urgency: Whole
    places: Whole
    opens: Array
    ends: Array

    def __len__(self) -> int:
        return len(self.place)


@dataclass(frozen=True)
class World:
    """One seed. Policies never see it."""

    seed: int
    source: str
    drawn: Drawn
    people: People
    requests: Requests
    #: By request: people whose alert it hits, and the whole metres between the cells.
    hits: list[Whole]
    distance_m: list[Whole]


def draw(seed: int) -> World:
    """The world of a seed on real coordinates; their sources take turns. Raises DataMissing."""
    random = np.random.default_rng([seed, 41])
    drawn = Ranges().draw(random)
    source = list(SOURCES)[seed % len(SOURCES)]
    return settled(seed, source, drawn, region(source, drawn.reach_km, random), random)


def settled(
    seed: int, source: str, drawn: Drawn, rows: Array, random: np.random.Generator
) -> World:
    """People and requests on given coordinates."""
    shares = random.dirichlet(np.full(CATEGORIES, drawn.evenness))
    people = _people(drawn, rows, shares, random)
    requests = _requests(drawn, rows, shares, len(people), random)
    hits, distance_m = _hits(people, requests)
    return World(seed, source, drawn, people, requests, hits, distance_m)


def _people(drawn: Drawn, rows: Array, shares: Array, random: np.random.Generator) -> People:
    count = round(drawn.people)
    home = points(rows, count, drawn.beside_km, random)
    cell, center = _cells(home)
    radius_km = drawn.radius_median_km * np.exp(random.normal(0, drawn.radius_spread, count))
    any_category = random.random(count) < drawn.any_category
    names = np.zeros((count, CATEGORIES + 1), dtype=bool)
    for person in np.flatnonzero(~any_category):
        size = random.integers(1, 6)
        weights = shares + 0.01
        chosen = random.choice(CATEGORIES, size, replace=False, p=weights / weights.sum())
        names[person, 1 + chosen] = True
    caps = random.choice(CHOSEN_CAPS, count)
    middle = np.log(drawn.acceptance / (1 - drawn.acceptance))
    return People(
        home=home, cell=cell, center=center,
        radius_m=np.round(1000 * np.clip(radius_km, *RADIUS_KM)),
        names=names, any_category=any_category,
        least_urgency=np.where(random.random(count) < drawn.urgent_only, 2, 0),
        cap=np.where(random.random(count) < drawn.usual_cap, USUAL_CAP, caps),
        keenness=middle + random.normal(0, drawn.between_people, count),
        says_no=random.beta(2, 2 * (1 - drawn.says_no) / drawn.says_no, count),
        wakes=random.uniform(6, 9, count), sleeps=random.uniform(21, 23.5, count),
        passes_quiet=random.random(count) < drawn.passes_quiet,
    )  # fmt: skip


def _requests(
    drawn: Drawn, rows: Array, shares: Array, people: int, random: np.random.Generator
) -> Requests:
    count = int(random.poisson(drawn.per_person_week * people * WEEKS))
    place = points(rows, count, drawn.beside_km, random)
    scattered = random.random(count) < drawn.scattered
    distinct = np.unique(rows, axis=0)
    place[scattered] = points(distinct, int(scattered.sum()), drawn.beside_km, random)
    cell, center = _cells(place)
    urgency = random.choice(4, count, p=random.dirichlet((2, 3, 3, 2)))
    opens = np.sort(_opening_hours(count, random))
    low, high = np.array(HOURS_LEFT)[urgency].T
    more = 1 + random.geometric(0.5, count)
    alone = random.random(count) < drawn.one_place
    return Requests(
        place=place, cell=cell, center=center,
        area=np.array([h3.cell_to_parent(c, AREA_RESOLUTION) for c in cell.tolist()]),
        category=1 + random.choice(CATEGORIES, count, p=shares),
        urgency=urgency, places=np.where(alone, 1, np.minimum(more, MOST_PLACES)),
        opens=opens, ends=opens + random.uniform(low, high),
    )  # fmt: skip


def _opening_hours(count: int, random: np.random.Generator) -> Array:
    """A Poisson process whose rate is five times as high from 8 to 21 h as in the night."""
    hours = np.arange(WEEKS * WEEK_H)
    rate = np.where((hours % 24 >= 8) & (hours % 24 < 21), 1.0, 0.2)
    return random.choice(hours, count, p=rate / rate.sum()) + random.random(count)


def _cells(where: Array) -> tuple[Whole, Array]:
    """The cells that the board keeps, and their centres."""
    cells = [h3.latlng_to_cell(lat, lng, CELL_RESOLUTION) for lat, lng in where.tolist()]
    return np.array(cells, dtype=np.int64), np.array([h3.cell_to_latlng(c) for c in cells])


def _hits(people: People, requests: Requests) -> tuple[list[Whole], list[Whole]]:
    """Whose alert each request hits, as the board's engine would say."""
    hits, distance_m = [], []
    for number in range(len(requests)):
        lat, lng = requests.center[number]
        away = np.round(distances_m(people.center, (lat, lng)))
        wanted = people.any_category | people.names[:, requests.category[number]]
        wanted &= requests.urgency[number] >= people.least_urgency
        hit = np.flatnonzero(wanted & (away <= people.radius_m))
        hits.append(hit)
        distance_m.append(away[hit].astype(np.int64))
    return hits, distance_m
