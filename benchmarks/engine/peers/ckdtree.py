"""scipy's cKDTree on the unit sphere, one for each side and category."""

from __future__ import annotations

from itertools import chain

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.engine.candidates import REACH_CHORD, Candidates, Ranked
from benchmarks.engine.workload import CATEGORIES


class Peer:
    """Balls in the trees of the compatible categories."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._trees = {}
        for asks in (False, True):
            for category in range(CATEGORIES):
                rows = candidates.rows_of(asks, category)
                if len(rows):
                    tree = cKDTree(candidates.vectors[rows])
                    self._trees[asks, category] = tree, rows

    def top_k(self, listing_id: int, k: int) -> Ranked:
        """One ball a category, all rules on what lies in it."""
        candidates = self._candidates
        row = candidates.row_of[listing_id]
        found, affinities = [], []
        for category, affinity in candidates.kin(row):
            entry = self._trees.get((not candidates.asks[row], category))
            if entry is None:
                continue
            tree, rows = entry
            near = tree.query_ball_point(candidates.vectors[row], REACH_CHORD, return_sorted=False)
            found.append(rows[near])
            affinities.append(np.full(len(near), affinity))
        if not found:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return candidates.rank(row, np.concatenate(found), np.concatenate(affinities), k)

    def top_k_many(self, listing_ids: list[int], k: int) -> list[Ranked]:
        """The tree's own batch: one call a category for all listings that ask for it."""
        candidates = self._candidates
        asked = np.array([candidates.row_of[number] for number in listing_ids], dtype=np.intp)
        found = [(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0))]
        for key, (places, affinities) in candidates.kin_of_many(asked).items():
            if key not in self._trees:
                continue
            tree, members = self._trees[key]
            centers = candidates.vectors[asked[places]]
            balls = tree.query_ball_point(centers, REACH_CHORD, workers=2, return_sorted=False)
            count = np.array([len(ball) for ball in balls])
            near = np.fromiter(chain.from_iterable(balls), dtype=np.intp, count=count.sum())
            found.append((places.repeat(count), members[near], affinities.repeat(count)))
        place, rows, affinity = (np.concatenate(part) for part in zip(*found, strict=True))
        return candidates.rank_many(asked, (place, rows, affinity), k)

    def close(self) -> None:
        """Nothing is held outside."""
