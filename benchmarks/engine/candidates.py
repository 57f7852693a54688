"""What every peer needs besides its index: all rules on candidates, the score, the first k.

Vectorised, with everything that does not depend on the question worked out beforehand.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.workload import CATEGORIES, NOW, RADIUS_M, World
from matcher.listing import DEFAULT_WEIGHTS
from matcher.place import EARTH_RADIUS_M, haversine_m
from matcher.ranking import score_millionths

Ints = NDArray[np.int64]
Rows = NDArray[np.intp]
Ranked = tuple[Ints, Ints]

ASK = 1
#: Chord on the unit sphere within which everything in the radius lies.
REACH_CHORD = 2 * math.sin((RADIUS_M + 1) / EARTH_RADIUS_M / 2)
_DOUBTFUL_M = 1e-5
_DOUBTFUL_SCORE = 1e-4


class Candidates:
    """The listings as arrays, and the rules on them."""

    def __init__(self, world: World) -> None:
        columns = world.columns
        self.world = world
        self.ids, self.owner = columns.id, columns.owner
        self.starts, self.ends = columns.starts, columns.ends
        self.asks = columns.kind == ASK
        self.urgency = columns.urgency.astype(np.float64)
        self.phi, self.lambda_ = world.phi, world.lambda_
        self.cosine = np.cos(self.phi)
        self.affinity = world.taxonomy.affinity
        self.categories = columns.categories
        #: [n, 3] points on the unit sphere.
        self.vectors = np.column_stack(
            (
                self.cosine * np.cos(self.lambda_),
                self.cosine * np.sin(self.lambda_),
                np.sin(self.phi),
            )
        )
        self.row_of = {number: row for row, number in enumerate(self.ids.tolist())}
        self._kin: dict[bytes, list[tuple[int, float]]] = {}
        #: bool [n, CATEGORIES]
        self.has = np.zeros((len(columns), CATEGORIES), dtype=np.bool_)
        for place in range(self.categories.shape[1]):
            self.has[np.arange(len(columns)), self.categories[:, place]] = True

    def rows_of(self, asks: bool, category: int) -> Rows:
        """Rows of a side and category."""
        return np.flatnonzero(self.has[:, category] & (self.asks == asks))

    def kin(self, row: int) -> list[tuple[int, float]]:
        """Categories near to those of a row with the best affinity, best first."""
        key = self.categories[row].tobytes()
        if key not in self._kin:
            best = self.affinity[self.categories[row]].max(axis=0)
            near = np.flatnonzero(best > 0)
            near = near[np.argsort(-best[near])]
            self._kin[key] = [(c, float(best[c])) for c in near.tolist()]
        return self._kin[key]

    def rank(self, row: int, rows: Rows, affinity: NDArray[np.float64], k: int) -> Ranked:
        """The first k of candidates of the other side with a compatible category.

        Rows may come more than once, with different affinities: the best counts.
        """
        keep = (self.ends[rows] > max(NOW, self.starts[row])) & (
            self.owner[rows] != self.owner[row]
        )
        keep &= self.starts[rows] < self.ends[row]
        if self.ends[row] <= NOW:
            keep[:] = False
        rows, affinity = rows[keep], affinity[keep]
        metres = self.metres(row, rows)
        near = metres <= RADIUS_M
        rows, affinity, metres = rows[near], affinity[near], metres[near]
        asked = self.urgency[row] if self.asks[row] else self.urgency[rows]
        score = scores(metres, affinity, asked)
        ids = self.ids[rows]
        # The best of a listing of several categories is the first of it in this order.
        if len(ids) > 8 * k:
            kth = np.partition(score, len(score) - 6 * k)[len(score) - 6 * k]
            chosen = np.flatnonzero(score >= kth)
            ids, score = ids[chosen], score[chosen]
        order = np.lexsort((ids, -score))
        ids, score = ids[order], score[order]
        _, first = np.unique(ids, return_index=True)
        first.sort()
        return ids[first[:k]], score[first[:k]]

    def metres(self, row: int, rows: Rows) -> Ints:
        """Whole metres, rounded half to even, as the engine defines them."""
        phi, lambda_ = self.phi[row], self.lambda_[row]
        h = np.sin((self.phi[rows] - phi) / 2) ** 2
        h += self.cosine[row] * self.cosine[rows] * np.sin((self.lambda_[rows] - lambda_) / 2) ** 2
        np.minimum(h, 1.0, out=h)
        arc = 2 * EARTH_RADIUS_M * np.arctan2(np.sqrt(h), np.sqrt(1 - h))
        whole = np.rint(arc)
        for i in np.flatnonzero(np.abs(np.abs(arc - whole) - 0.5) < _DOUBTFUL_M):
            pair = float(self.phi[rows[i]]), float(self.lambda_[rows[i]])
            whole[i] = round(haversine_m(float(phi), float(lambda_), *pair))
        return whole.astype(np.int64)


def scores(metres: Ints, affinity: NDArray[np.float64], urgency: object) -> Ints:
    """Scores in millionths, rounded half to even."""
    weights = DEFAULT_WEIGHTS
    urgencies = np.broadcast_to(np.asarray(urgency, dtype=np.float64), metres.shape)
    score = weights.distance * np.exp(-metres / weights.scale_m) + weights.affinity * affinity
    score = (score + weights.urgency * urgencies / 3) * 1_000_000
    whole = np.rint(score)
    for i in np.flatnonzero(np.abs(np.abs(score - whole) - 0.5) < _DOUBTFUL_SCORE):
        terms = int(metres[i]), float(affinity[i]), int(urgencies[i])
        whole[i] = score_millionths(*terms, weights)
    return whole.astype(np.int64)
