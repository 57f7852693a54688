"""The cases top_k_batch and top_k_all: the same question for many listings at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.engine import brute
from benchmarks.engine.candidates import Candidates, Ranked
from benchmarks.engine.counterparts import K, same
from benchmarks.engine.peers import BATCH, BULK, NotHere, batch_peer, bulk_peer
from benchmarks.engine.peers.joins import Tables
from benchmarks.engine.timing import left_out, row, timed
from benchmarks.engine.workload import NOW
from benchmarks.harness import Result, seconds
from matcher.index import Index, RankedAll

THREADS = 2


def compare(
    index: Index, candidates: Candidates, questions: list[int], rounds: int, sample: int
) -> Iterator[Result]:
    """Ours for all open listings; peers for all, or for a sample where all would take minutes."""
    found: list[RankedAll] = []
    index.ranked_all(None, NOW, 1, threads=THREADS)
    times = [
        seconds(lambda: found.append(index.ranked_all(None, NOW, K, threads=THREADS)))
        for _ in range(rounds)
    ]
    ranked = found[-1]
    ours_us = float(np.median(times)) / len(ranked.ids) * 1e6
    truth = [brute.top_k(candidates, candidates.row_of[each], K) for each in questions]
    exact = _is_exact(ranked, questions, truth)
    more = {"listings": len(ranked.ids), "threads": THREADS, "checked": len(questions)}
    yield from _trees(candidates, questions, truth, ours_us, {"exact": exact, **more})
    yield from _bases(candidates, ranked, ours_us, sample, {"exact": exact, **more})


def _is_exact(ranked: RankedAll, questions: list[int], truth: list[Ranked]) -> bool:
    """Whether the bulk answer is brute force's; listings that are not open have no row."""
    place = {number: at for at, number in enumerate(ranked.ids.tolist())}
    for number, expected in zip(questions, truth, strict=True):
        at = place.get(number)
        count = 0 if at is None else int(ranked.counts[at])
        found = ranked.matched[at or 0, :count], ranked.scores[at or 0, :count]
        if not same(found, expected):
            return False
    return True


def _trees(
    candidates: Candidates,
    questions: list[int],
    truth: list[Ranked],
    ours_us: float,
    more: dict[str, object],
) -> Iterator[Result]:
    """The trees' own calls for many questions at once."""
    n = len(candidates.world)
    for name in BATCH:
        try:
            trees = batch_peer(name, candidates)
        except NotHere as reason:
            yield left_out("top_k_batch", n, name, reason)
            continue
        answers, taken = timed(partial(trees.top_k_many, questions, K))
        trees.close()
        asked = {"peer_asked": len(questions), "peer_exact": all(map(same, answers, truth))}
        us = taken / len(questions) * 1e6
        yield row("top_k_batch", n, name, ours_us, us, **asked, **more)


def _bases(
    candidates: Candidates,
    ranked: RankedAll,
    ours_us: float,
    sample: int,
    more: dict[str, object],
) -> Iterator[Result]:
    """The statement in each base; the better of two goes, the first may still be warming up."""
    n = len(candidates.world)
    ids = np.random.default_rng(3).permutation(ranked.ids)[:sample]
    tables = Tables(candidates)
    for name in BULK:
        try:
            base = bulk_peer(name, tables)
        except NotHere as reason:
            yield left_out("top_k_all", n, name, reason)
            continue
        (answer, first), (_, second) = (timed(partial(base.top_k_all, ids, K)) for _ in range(2))
        base.close()
        taken = min(first, second)
        asked = {"peer_asked": len(ids), "peer_exact": agrees(ranked, ids, answer)}
        us = taken / len(ids) * 1e6
        yield row("top_k_all", n, name, ours_us, us, **asked, **more)


def agrees(ranked: RankedAll, ids: np.ndarray, found: dict[str, np.ndarray]) -> bool:
    """Whether a base found the same pairs with the same scores."""
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
