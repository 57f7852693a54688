"""All cases of the engine for all sizes."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.engine import bulk, changes, counterparts, gather, hits, processes
from benchmarks.engine.candidates import Candidates
from benchmarks.engine.workload import world
from benchmarks.harness import Options, Result
from matcher.index import Index

#: Peers that are built within seconds.
_QUICK_PEERS = ["ckdtree", "strtree", "sqlite_rtree", "postgis"]


def run(options: Options) -> Iterator[Result]:
    """Rows as soon as they are known."""
    for n in options.sizes:
        yield from _size(n, options)


def _size(n: int, options: Options) -> Iterator[Result]:
    quick = options.quick
    _say(f"{n} listings")
    everything = world(n)
    index = Index(everything.taxonomy)
    index.upsert_columns(everything.columns)
    rng = np.random.default_rng(2)
    questions = rng.choice(everything.columns.id, min(n, 5000), replace=False).tolist()
    if n > options.peers_up_to:
        yield from gather.compare(index, questions)
        yield from processes.compare([n])
        return
    candidates = Candidates(everything)
    _say("top_k")
    asked = questions[: 200 if quick else 600]
    names = _QUICK_PEERS if quick else None
    yield from counterparts.compare(index, candidates, asked, names)
    yield from gather.compare(index, questions[:2000] if quick else questions)
    _say("top_k_all")
    sample = 20_000 if quick or n > 200_000 else n
    yield from bulk.compare(index, candidates, asked, 2 if quick else options.rounds, sample)
    del candidates
    _say("insert, under_writes")
    more = world(min(n, 16_000 if quick else 40_000), seed=7)
    yield from changes.insert(everything, more)
    yield from changes.under_writes(everything, more, questions[: 500 if quick else 2000])
    _say("hits")
    yield from hits.compare(n, 200 if quick else 1000, ["strtree"] if quick else None)
    _say("memory, load")
    yield from processes.compare([n])


def _say(what: str) -> None:
    print(f"engine: {what} …", file=sys.stderr, flush=True)
