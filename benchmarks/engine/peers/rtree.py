"""rtree (libspatialindex), one for each side and category."""

from __future__ import annotations

import numpy as np
from rtree.index import Index

from benchmarks.engine.boxes import boxes_around
from benchmarks.engine.candidates import Candidates, Ranked
from benchmarks.engine.workload import CATEGORIES


class Peer:
    """Boxes around the circle, asked of the trees of the compatible categories."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._trees = {}
        points = np.degrees(np.column_stack((candidates.lambda_, candidates.phi)))
        for asks in (False, True):
            for category in range(CATEGORIES):
                rows = candidates.rows_of(asks, category)
                if len(rows):
                    corners = np.ascontiguousarray(points[rows])
                    self._trees[asks, category] = Index((rows.astype(np.int64), corners, corners))

    def top_k(self, listing_id: int, k: int) -> Ranked:
        """One query a category and box, all rules on what lies in them."""
        candidates = self._candidates
        row = candidates.row_of[listing_id]
        boxes = boxes_around(candidates.phi[row], candidates.lambda_[row])
        found, affinities = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
        for category, affinity in candidates.kin(row):
            tree = self._trees.get((not candidates.asks[row], category))
            if tree is None:
                continue
            for box in boxes:
                near = np.fromiter(tree.intersection(box), dtype=np.intp)
                found.append(near)
                affinities.append(np.full(len(near), affinity))
        return candidates.rank(row, np.concatenate(found), np.concatenate(affinities), k)

    def close(self) -> None:
        """Nothing is held outside."""
