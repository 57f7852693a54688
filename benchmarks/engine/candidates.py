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
#: A listing has at most five categories, so a pair comes at most five times.
_MOST_TIMES = 6
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
        #: [n, 4] each: what a rule reads of a listing is together, one line of the cache.
        self._rules = np.column_stack((columns.ends, columns.starts, columns.owner, columns.id))
        self._spots = np.column_stack((self.vectors, self.urgency))
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

    def kin_of_many(self, rows: Rows) -> dict[tuple[bool, int], tuple[Rows, NDArray[np.float64]]]:
        """For each side and category that some rows ask for: their places, and affinities."""
        asked: dict[tuple[bool, int], list[tuple[int, float]]] = {}
        for place, row in enumerate(rows.tolist()):
            for category, affinity in self.kin(row):
                asked.setdefault((not self.asks[row], category), []).append((place, affinity))
        found = {}
        for key, pairs in asked.items():
            places, affinities = zip(*pairs, strict=True)
            found[key] = np.array(places, dtype=np.intp), np.array(affinities)
        return found

    def rank(self, row: int, rows: Rows, affinity: NDArray[np.float64], k: int) -> Ranked:
        """The first k of candidates of the other side with a compatible category.

        Rows may come more than once, with different affinities: the best counts.
        """
        if self.ends[row] <= NOW:
            rows = rows[:0]
        ends, starts, owner, ids = self._rules[rows].T
        keep = (ends > max(NOW, self.starts[row])) & (owner != self.owner[row])
        keep &= starts < self.ends[row]
        rows, affinity, ids = rows[keep], affinity[keep], ids[keep]
        spots = self._spots[rows]
        metres = self._metres(row, rows, spots)
        near = metres <= RADIUS_M
        metres, affinity, ids = metres[near], affinity[near], ids[near]
        asked = self.urgency[row] if self.asks[row] else spots[near, 3]
        return _first(ids, scores(metres, affinity, asked), k)

    def rank_many(
        self, asked: Rows, pairs: tuple[Rows, Rows, NDArray[np.float64]], k: int
    ) -> list[Ranked]:
        """The same for several rows; pairs: places in `asked`, candidates, affinities."""
        place, rows, affinity = pairs
        own = asked[place]
        ends, starts, owner, _ = self._rules[rows].T
        own_ends, own_starts, own_owner, _ = self._rules[own].T
        keep = (ends > np.maximum(NOW, own_starts)) & (own_ends > np.maximum(NOW, starts))
        keep &= owner != own_owner
        place, own, rows, affinity = place[keep], own[keep], rows[keep], affinity[keep]
        spots = self._spots[rows]
        metres = self._metres(own, rows, spots)
        near = metres <= RADIUS_M
        place, own, rows = place[near], own[near], rows[near]
        urgency = np.where(self.asks[own], self.urgency[own], spots[near, 3])
        score = scores(metres[near], affinity[near], urgency)
        ids = self.ids[rows]
        order = np.lexsort((ids, -score, place))
        ids, score = ids[order], score[order]
        bounds = np.searchsorted(place[order], np.arange(len(asked) + 1))
        found = []
        for at, after in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            part = slice(at, min(after, at + _MOST_TIMES * k))
            found.append(_distinct(ids[part], score[part], k))
        return found

    def metres(self, row: int, rows: Rows) -> Ints:
        """Whole metres, rounded half to even, as the engine defines them."""
        return self._metres(row, rows, self._spots[rows])

    def _metres(self, own: int | Rows, rows: Rows, spots: NDArray[np.float64]) -> Ints:
        """By the chord between the points; by the formula where rounding is in doubt."""
        away = spots[:, :3] - self.vectors[own]
        chord = np.sqrt(np.einsum("ij,ij->i", away, away))
        arc = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chord / 2, 1.0))
        whole = np.rint(arc)
        for i in np.flatnonzero(np.abs(np.abs(arc - whole) - 0.5) < _DOUBTFUL_M).tolist():
            one = own if isinstance(own, int) else int(own[i])
            pair = self._place(one), self._place(int(rows[i]))
            whole[i] = round(haversine_m(*pair[0], *pair[1]))
        return whole.astype(np.int64)

    def _place(self, row: int) -> tuple[float, float]:
        return float(self.phi[row]), float(self.lambda_[row])


def _first(ids: Ints, score: Ints, k: int) -> Ranked:
    """The k best of candidates in any order."""
    if len(ids) > (_MOST_TIMES + 2) * k:
        place = len(score) - _MOST_TIMES * k
        chosen = np.flatnonzero(score >= np.partition(score, place)[place])
        ids, score = ids[chosen], score[chosen]
    order = np.lexsort((ids, -score))
    return _distinct(ids[order], score[order], k)


def _distinct(ids: Ints, score: Ints, k: int) -> Ranked:
    """The first k of sorted candidates, a listing that comes several times with its best."""
    _, first = np.unique(ids, return_index=True)
    first.sort()
    return ids[first[:k]], score[first[:k]]


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
