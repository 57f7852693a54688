"""How each person would answer each request: drawn once for a seed and a law, for all policies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.waves.laws import PARTS, chances
from benchmarks.waves.luck import Stream, normal, uniform
from benchmarks.waves.world import World

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
_TODAY = 3


@dataclass(frozen=True)
class Answers:
    """Lists have one entry a request, with one element for each person whose alert it hits."""

    #: [people hit, parts of the day]: chance of accepting when engaged and rested.
    chance: list[Array]
    #: Accepts when this number is below the chance.
    luck: list[Array]
    #: Hours from reading to answering.
    delay_h: list[Array]
    #: Of those who do not accept, who say so.
    says_no: list[NDArray[np.bool_]]


def draw(world: World, law: str) -> Answers:
    """The same answer for the same seed, law, request and person, whatever else happens."""
    drawn, seed = world.drawn, world.seed
    luck, delay, says_no = [], [], []
    for request, hit in enumerate(world.hits):
        luck.append(uniform(seed, Stream.ACCEPT, request, hit))
        spread = normal(seed, Stream.DELAY, Stream.DELAY_ANGLE, request, hit)
        delay.append(drawn.delay_median_h * np.exp(drawn.delay_spread * spread))
        no = uniform(seed, Stream.DECLINE, request, hit)
        says_no.append(no < world.people.says_no[hit])
    return Answers(chances(world, law), luck, delay, says_no)


def read_at(world: World, request: int, people: Whole, now: float) -> Array:
    """When messages sent now are read: at once, or after the night of each person."""
    own, hour = world.people, now % 24
    asleep = (hour < own.wakes[people]) | (hour >= own.sleeps[people])
    if world.requests.urgency[request] == _TODAY:
        asleep &= ~own.passes_quiet[people]
    wait = (own.wakes[people] - hour) % 24
    return np.where(asleep, now + wait, now)


def part_of(hours: Array) -> Whole:
    """Part of the day, 0 to 5."""
    return (hours % 24 * PARTS / 24).astype(np.int64)
