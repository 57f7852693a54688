"""The cases top_k_batch and top_k_all: the same question for many listings at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.engine import brute
from benchmarks.engine.candidates import Candidates
from benchmarks.engine.counterparts import K, same
from benchmarks.engine.peers.ckdtree import Peer as Trees
from benchmarks.engine.timing import row
from benchmarks.engine.workload import NOW
from benchmarks.harness import Result, seconds
from matcher.index import Index, RankedAll

THREADS = 2


def compare(
    index: Index, candidates: Candidates, questions: list[int], rounds: int, sample: int
) -> Iterator[Result]:
    """Ours for all open listings; peers for all, or for a sample where all would take minutes."""
    n = len(candidates.world)
    found: list[RankedAll] = []
    index.ranked_all(None, NOW, 1, threads=THREADS)
    times = [
        seconds(lambda: found.append(index.ranked_all(None, NOW, K, threads=THREADS)))
        for _ in range(rounds)
    ]
    ranked = found[-1]
    ours_us = float(np.median(times)) / len(ranked.ids) * 1e6
    place = {number: at for at, number in enumerate(ranked.ids.tolist())}
    open_ = [each for each in questions if each in place]
    exact = all(
        same(
            (ranked.matched[at, : ranked.counts[at]], ranked.scores[at, : ranked.counts[at]]),
            brute.top_k(candidates, candidates.row_of[each], K),
        )
        for each in open_
        for at in [place[each]]
    )
    more = {"listings": len(ranked.ids), "threads": THREADS, "checked": len(open_)}
    trees = Trees(candidates)
    taken = seconds(lambda: trees.top_k_many(questions, K))
    us = taken / len(questions) * 1e6
    yield row("top_k_batch", n, "ckdtree", ours_us, us, exact, peer_asked=len(questions), **more)
    yield from _sql(candidates, ranked, ours_us, exact, sample, more)


def _sql(
    candidates: Candidates,
    ranked: RankedAll,
    ours_us: float,
    exact: bool,
    sample: int,
    more: dict[str, object],
) -> Iterator[Result]:
    n = len(candidates.world)
    head = {"benchmark": "engine", "case": "top_k_all", "n": n}
    try:
        from benchmarks.engine.peers.duckdb import Bulk
    except ImportError as error:
        yield {**head, "peer": "duckdb", "left_out": f"{error.name} is not installed"}
        return
    base = Bulk(candidates)
    rng = np.random.default_rng(3)
    ids = rng.permutation(ranked.ids)[:sample]
    answers: list[dict[str, np.ndarray]] = []
    taken = seconds(lambda: answers.append(base.top_k_all(ids, K)))
    base.close()
    us = taken / len(ids) * 1e6
    agrees = _agree(ranked, ids, answers[0])
    asked = {"peer_asked": len(ids), "peer_exact": agrees}
    yield row("top_k_all", n, "duckdb_h3", ours_us, us, exact, **asked, **more)


def _agree(ranked: RankedAll, ids: np.ndarray, found: dict[str, np.ndarray]) -> bool:
    """Whether the statement found the same pairs with the same scores."""
    rows = np.flatnonzero(np.isin(ranked.ids, ids))
    ours = set()
    for at in rows.tolist():
        count = int(ranked.counts[at])
        pairs = zip(
            ranked.matched[at, :count].tolist(), ranked.scores[at, :count].tolist(), strict=True
        )
        ours.update((int(ranked.ids[at]), *pair) for pair in pairs)
    names = ("asked", "other", "score")
    return ours == set(zip(*(found[name].tolist() for name in names), strict=True))
