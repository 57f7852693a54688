"""`python -m benchmarks waves`: whom to tell, compared over seeds that no policy was tuned on."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator

from benchmarks.harness import Options, Result
from benchmarks.waves import speed
from benchmarks.waves.comparing import Found, compared
from benchmarks.waves.places import SOURCES, DataMissing, coordinates
from benchmarks.waves.summary import goals, summaries

#: The first seeds are reported. Weights were tuned on 2000 to 2007, ranges looked at on 1000 to
#: 1023, before there was a policy.
FIRST_SEED = 0
QUICK_SEEDS = 4


def run(options: Options) -> Iterator[Result]:
    """The time of a step; then means of each policy, and the goals."""
    yield from speed.measure()
    try:
        for source in SOURCES:
            coordinates(source)
    except DataMissing as missing:
        yield {"benchmark": "waves", "skipped": str(missing)}
        return
    found = everything(QUICK_SEEDS if options.quick else options.seeds)
    yield from summaries(found)
    yield from goals(found)


def everything(seeds: int) -> list[Found]:
    """All worlds, on all cores."""
    # A library of linear algebra with threads of its own would only get in the way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    found: list[Found] = []
    with multiprocessing.get_context("spawn").Pool() as pool:
        numbers = range(FIRST_SEED, FIRST_SEED + seeds)
        for done, some in enumerate(pool.imap_unordered(compared, numbers), start=1):
            found += some
            print(f"waves: {done} of {seeds} worlds", file=sys.stderr, flush=True)
    return sorted(found, key=lambda one: one.seed)
