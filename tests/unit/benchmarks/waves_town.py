"""A small made-up town for the tests of waves."""

from __future__ import annotations

import numpy as np

from benchmarks.waves import world
from benchmarks.waves.fatigue import Fatigue
from benchmarks.waves.ranges import Ranges
from benchmarks.waves.world import World

#: Nothing tires and everybody stays engaged.
NEVER = Fatigue(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))


def town(seed: int = 3) -> World:
    """On made-up coordinates."""
    random = np.random.default_rng(seed)
    drawn = Ranges(people=(220, 260), per_person_week=(0.03, 0.04)).draw(random)
    rows = np.column_stack([random.normal(48.8, 0.05, 60), random.normal(2.3, 0.07, 60)])
    return world.settled(seed, "made up", drawn, rows, random)
