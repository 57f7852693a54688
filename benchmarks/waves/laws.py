"""Two laws by which an engaged, rested person accepts; an estimator may assume the first at most.

Both give the probability for each person whose alert a request hits, by the part of the day in
which the message is read. `chances` scales the second so that its mean over everybody hit is that
of the first: the laws differ in shape, not in level.
"""

from __future__ import annotations

from collections.abc import Callable

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy.earth import distances_m
from benchmarks.waves.luck import Stream, normal, uniform
from benchmarks.waves.world import World

Array = NDArray[np.float64]
#: Parts of a day, of equal length.
PARTS = 6
#: Neighbourhoods between which barriers lie are cells of this resolution.
NEIGHBOURHOOD_RESOLUTION = 6
_MOST = 0.95

#: [people hit, parts of the day] for one request.
Law = Callable[[World, int], Array]


def logistic(world: World, request: int) -> Array:
    """Log-odds fall with the logarithm of the distance."""
    drawn = world.drawn
    odds = _usual(world, request) - drawn.slope * np.log1p(_km(world, request) / drawn.near_km)
    parts = _hours(world)
    chance: Array = 1 / (1 + np.exp(-(odds[:, None] + parts)))
    return np.minimum(chance, _MOST)


def barriers(world: World, request: int) -> Array:
    """A power of the distance, a personal limit, barriers on the ground, and hours off work."""
    drawn, hit, km = world.drawn, world.hits[request], _km(world, request)
    chance = 1 / (1 + np.exp(-_usual(world, request)))
    chance *= (1 + km / drawn.near_km) ** -drawn.power
    spread = normal(world.seed, Stream.TASTE, Stream.TASTE_ANGLE, hit, 0)
    limit = drawn.limit_median_km * np.exp(0.5 * spread)
    chance = np.where(km > limit, chance * drawn.beyond_limit, chance)
    chance = np.where(_behind_barrier(world, request), chance * drawn.over_barrier, chance)
    draws = uniform(world.seed, Stream.DAY_PART, hit[:, None], np.arange(PARTS))
    free = np.where(draws < drawn.free_parts, 1.0, drawn.not_free)
    return np.minimum(chance[:, None] * free, _MOST)


def chances(world: World, law: str) -> list[Array]:
    """Of a law by its name, for each request."""
    requests = range(len(world.requests))
    level = [logistic(world, request) for request in requests]
    if law == "logistic":
        return level
    found = [LAWS[law](world, request) for request in requests]
    scale = _scale(np.concatenate(found), float(np.concatenate(level).mean()))
    return [np.minimum(each * scale, _MOST) for each in found]


def _scale(chance: Array, wanted: float) -> float:
    """What to multiply by so that the mean, cut at the highest chance, is the wanted one."""
    low, high = 0.0, 1000.0
    for _ in range(50):
        middle = (low + high) / 2
        enough = np.minimum(chance * middle, _MOST).mean() >= wanted
        low, high = (low, middle) if enough else (middle, high)
    return high


LAWS: dict[str, Law] = {"logistic": logistic, "barriers": barriers}


def _usual(world: World, request: int) -> Array:
    """Log-odds without distance and hour: the person, the category, the urgency."""
    drawn, people, hit = world.drawn, world.people, world.hits[request]
    category = int(world.requests.category[request])
    taste = normal(world.seed, Stream.TASTE, Stream.TASTE_ANGLE, hit, category)
    odds: Array = people.keenness[hit] + drawn.taste * taste
    odds += drawn.named * people.names[hit, category]
    odds += drawn.per_urgency * world.requests.urgency[request]
    return odds


def _hours(world: World) -> Array:
    """Log-odds by part of the day."""
    parts = normal(world.seed, Stream.DAY_PART, Stream.TASTE_ANGLE, np.arange(PARTS))
    return world.drawn.hours * parts


def _km(world: World, request: int) -> Array:
    """From the homes themselves, which the board does not know."""
    lat, lng = world.requests.place[request]
    return distances_m(world.people.home[world.hits[request]], (lat, lng)) / 1000


def _behind_barrier(world: World, request: int) -> NDArray[np.bool_]:
    """Whether a river or a motorway lies between; the same both ways, never within a cell."""
    here = h3.cell_to_parent(int(world.requests.cell[request]), NEIGHBOURHOOD_RESOLUTION)
    cells = world.people.cell[world.hits[request]].tolist()
    there = np.array(
        [h3.cell_to_parent(cell, NEIGHBOURHOOD_RESOLUTION) for cell in cells], dtype=np.int64
    )
    draws = uniform(world.seed, Stream.BARRIER, np.minimum(there, here), np.maximum(there, here))
    result: NDArray[np.bool_] = (there != here) & (draws < world.drawn.barrier)
    return result
