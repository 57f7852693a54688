"""How long one step takes."""

from __future__ import annotations

from collections.abc import Iterator

import h3.api.basic_int as h3
import numpy as np

from benchmarks.harness import Result, median, seconds
from matcher import waves

CANDIDATES = 10_000
_ROUNDS = 41
_NOON = 1_764_158_400


def measure() -> Iterator[Result]:
    """One step for a call that hits many alerts, the first time and when cells are known."""
    random = np.random.default_rng(7)
    center = h3.latlng_to_cell(48.8566, 2.3522, 8)
    around = h3.grid_disk(center, 20)
    call = waves.Call(
        category=1, urgency=2, places=3, accepted=0, opened_at=_NOON,
        ends_at=_NOON + 86_400, cell=center,
    )  # fmt: skip
    whole = {name: random.integers(0, 9, CANDIDATES) for name in ("told", "accepted", "declined")}
    candidates = waves.Candidates(
        member=np.arange(CANDIDATES),
        cell=random.choice(around, CANDIDATES),
        distance_m=random.integers(0, 20_000, CANDIDATES),
        named=random.random(CANDIDATES) < 0.5,
        **whole,
        declined_category=np.zeros(CANDIDATES, dtype=np.int64),
        expected=random.random(CANDIDATES),
        accepted_lately=np.zeros(CANDIDATES, dtype=np.int64),
        expected_lately=random.random(CANDIDATES),
        last_told_at=_NOON - random.integers(0, 10**6, CANDIDATES),
        told_week=random.integers(0, 12, CANDIDATES),
        cap=np.full(CANDIDATES, 20),
    )
    nobody = waves.Told.of()
    times = [
        seconds(lambda: waves.next_step(call, candidates, nobody, _NOON)) for _ in range(_ROUNDS)
    ]
    yield {
        "benchmark": "waves",
        "case": "step",
        "candidates": CANDIDATES,
        "first_s": round(times[0], 6),
        "median_s": median(times[1:]),
    }
