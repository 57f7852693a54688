"""Scores of many rows at once, and the first of them as matches."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.index import filters
from matcher.index.columns import resolution_of
from matcher.index.store import Store
from matcher.listing import Match, Query, Weights
from matcher.ranking import MOST_URGENT, narrowest, score_millionths
from matcher.rows import Rows
from matcher.sphere import Floats, Ints
from matcher.taxonomy import Reach, Side, Urgency

#: Stands for no distance in columns of distances.
NO_DISTANCE = -1

# Scores so near to half a millionth are taken again by the scalar function: SIMD and scalar
# exponentials may differ in their last bit.
_DOUBTFUL = 1e-4


@dataclass(frozen=True, slots=True)
class Found:
    """Counterparts of one listing as columns of equal length."""

    rows: Rows
    id: Ints
    #: Whole metres, or NO_DISTANCE where either side is remote.
    distance_m: Ints
    affinity: Floats
    category: NDArray[np.uint8]
    #: Of the asking side.
    urgency: NDArray[np.int8]
    score: Ints

    @classmethod
    def of(cls, store: Store, query: Query, rows: Rows, distance_m: Ints) -> Self:
        """The terms and the scores of rows that are known to match."""
        affinity, category = filters.affinities(store, query, rows)
        urgency = store.columns.urgency[rows]
        if query.listing.side is Side.ASK:
            urgency = np.full_like(urgency, query.listing.urgency)
        score = scores(distance_m, affinity, urgency, query.weights)
        return cls(rows, store.columns.id[rows], distance_m, affinity, category, urgency, score)

    def take(self, order: NDArray[np.intp]) -> Self:
        """Some of the counterparts, in this order."""
        return type(self)(
            rows=self.rows[order],
            id=self.id[order],
            distance_m=self.distance_m[order],
            affinity=self.affinity[order],
            category=self.category[order],
            urgency=self.urgency[order],
            score=self.score[order],
        )


def scores(distance_m: Ints, affinity: Floats, urgency: NDArray[np.int8], weights: Weights) -> Ints:
    """score_millionths of [n] pairs at once, int64 [n]."""
    decay = np.where(distance_m == NO_DISTANCE, 0.0, np.exp(-distance_m / weights.scale_m))
    score = weights.distance * decay + weights.affinity * affinity
    score = (score + weights.urgency * urgency.astype(np.float64) / MOST_URGENT) * 1_000_000
    whole = np.rint(score)
    for i in np.flatnonzero(np.abs(np.abs(score - whole) - 0.5) < _DOUBTFUL):
        distance = None if distance_m[i] == NO_DISTANCE else int(distance_m[i])
        whole[i] = score_millionths(distance, float(affinity[i]), int(urgency[i]), weights)
    return whole.astype(np.int64)


def top(score: Ints, ids: Ints, k: int) -> NDArray[np.intp]:
    """Positions of the k highest scores, by score descending, then id ascending."""
    return smallest(-score, ids, k)


def smallest(key: Ints, ids: Ints, k: int) -> NDArray[np.intp]:
    """Positions of the k smallest keys, by key, then id, both ascending."""
    if len(key) <= k:
        return np.lexsort((ids, key))
    # All that equal the k-th key stay in, so that the ids decide among them.
    candidates = np.flatnonzero(key <= np.partition(key, k - 1)[k - 1])
    return candidates[np.lexsort((ids[candidates], key[candidates]))[:k]]


def matches(store: Store, query: Query, found: Found, beyond: bool = False) -> list[Match]:
    """The counterparts as matches, in the order in which they stand."""
    own_cell, own_reach = query.listing.cell or 0, query.listing.reach
    result = []
    for i, row in enumerate(found.rows):
        local = found.distance_m[i] != NO_DISTANCE
        reach = Reach(int(store.columns.reach[row]))
        resolutions = resolution_of(own_cell), resolution_of(int(store.columns.cell[row]))
        category = int(found.category[i])
        match = Match(
            id=int(found.id[i]),
            score=int(found.score[i]),
            distance_m=int(found.distance_m[i]) if local else None,
            category=category,
            affinity=float(found.affinity[i]),
            urgency=Urgency(int(found.urgency[i])),
            coarser_resolution=min(resolutions) if local else None,
            remote=None if local else narrowest(own_reach, reach),
            same_category=category in query.listing.categories,
            beyond=beyond,
        )
        result.append(match)
    return result
