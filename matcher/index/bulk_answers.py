"""The same question for every listing, by several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.index import answers, layout, question, scan
from matcher.index.arrays import Memory
from matcher.index.store import Store
from matcher.listing import Weights
from matcher.taxonomy import Side

Ints = NDArray[np.int64]

# Leaves that a thread takes at a time: enough to be worth the call, few enough to share evenly.
_SHARE = 16


@dataclass(frozen=True, slots=True)
class RankedAll:
    """The counterparts of n listings, in no particular order of the listings."""

    #: [n]
    ids: Ints
    #: How many counterparts each has: [n], at most k.
    counts: Ints
    #: [n, k], the first counts[i] of row i by score descending, then id ascending.
    matched: Ints
    #: [n, k], in millionths.
    scores: Ints


def rank_all(
    store: Store, side: Side | None, now: int, k: int, weights: Weights, threads: int
) -> RankedAll:
    """Answer for all open listings of a side, or of both."""
    leaves = store.get_word(layout.LEAVES_USED)
    k = min(k, max(len(store), 1))
    counts = np.zeros(leaves, dtype=np.int64)
    wanted = 0 if side is None else int(side)
    answers.count_open(store.address, counts.ctypes.data, wanted, now)
    ends = np.cumsum(counts)
    starts, n = ends - counts, int(ends[-1])
    ranked = RankedAll(
        ids=np.zeros(n, dtype=np.int64),
        counts=np.zeros(n, dtype=np.int64),
        matched=np.zeros((n, k), dtype=np.int64),
        scores=np.zeros((n, k), dtype=np.int64),
    )
    if side is Side.NONE:
        return ranked

    def answer(first: int) -> None:
        asked = _question(now, k, weights)
        scratch, own = Memory(scan.HEAP + scan.heap_bytes(k)), np.zeros((3, k), dtype=np.int64)
        arrays = (starts, ranked.ids, ranked.counts, ranked.matched, ranked.scores, own)
        out = np.array([array.ctypes.data for array in arrays], dtype=np.int64)
        last = min(first + _SHARE, leaves)
        words, pools = store.address, store.pools.address
        answers.rank_leaves(
            words, pools, asked.address, scratch.address, out.ctypes.data, wanted, first, last
        )

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(answer, range(0, leaves, _SHARE)))
    return ranked


def _question(now: int, k: int, weights: Weights) -> Memory:
    """What all questions have in common."""
    asked = Memory(question.QUESTION_BYTES)
    fields = asked.view(question.QUESTION_BYTES)
    fields.view(np.int64)[question.NOW // 8] = now
    fields.view(np.int64)[question.K // 8] = k
    at = question.WEIGHT_DISTANCE // 8
    shares = (weights.distance, weights.affinity, weights.urgency, weights.scale_m)
    fields.view(np.float64)[at : at + 4] = shares
    return asked
