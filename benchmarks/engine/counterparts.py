"""The case top_k: counterparts of one listing, one question a call."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.engine import brute
from benchmarks.engine.candidates import Candidates, Ranked
from benchmarks.engine.peers import TOP_K, NotHere, peers
from benchmarks.engine.timing import Timed, interleaved, left_out, row
from benchmarks.engine.workload import NOW
from benchmarks.harness import Result
from matcher.index import Index

K = 20


def same(first: Ranked, second: Ranked) -> bool:
    """Whether two answers have the same ids and scores in the same order."""
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def compare(
    index: Index, candidates: Candidates, questions: list[int], names: list[str] | None = None
) -> Iterator[Result]:
    """Rows for each peer: mean, median, and the median of the busiest tenth."""
    n = len(candidates.world)
    truth = [brute.top_k(candidates, candidates.row_of[each], K) for each in questions]
    busiest = np.argsort([-_crowd(candidates, each) for each in questions], kind="stable")
    busiest = busiest[: max(1, len(questions) // 10)]
    for name, peer in peers(candidates, names or list(TOP_K)):
        if isinstance(peer, NotHere):
            yield left_out("top_k", n, name, peer)
            continue
        ours, theirs = interleaved(
            questions,
            lambda each: index.ranked_for(each, NOW, K),
            lambda each, peer=peer: peer.top_k(each, K),
        )
        peer.close()
        exact = all(map(same, ours.answers, truth))
        agrees = sum(map(same, theirs.answers, truth))
        more = {"questions": len(questions), "peer_exact": agrees == len(truth)}
        yield from _rows(n, name, ours, theirs, busiest, exact, more)


def _rows(
    n: int,
    name: str,
    ours: Timed[Ranked],
    theirs: Timed[Ranked],
    busiest: np.ndarray,
    exact: bool,
    more: dict[str, object],
) -> Iterator[Result]:
    pair = ours.us, theirs.us
    statistics = {
        "mean": [float(each.mean()) for each in pair],
        "median": [float(np.median(each)) for each in pair],
        "busiest_tenth_median": [float(np.median(each[busiest])) for each in pair],
    }
    for statistic, (own, other) in statistics.items():
        yield row("top_k", n, name, own, other, exact, statistic=statistic, **more)


def _crowd(candidates: Candidates, listing_id: int) -> int:
    """How many listings of the other side are around, roughly: in a box of 25 km."""
    place = candidates.row_of[listing_id]
    near = np.abs(candidates.phi - candidates.phi[place]) < 0.004
    near &= candidates.asks != candidates.asks[place]
    rows = np.flatnonzero(near)
    return int((candidates.metres(place, rows) <= 25_000).sum())
