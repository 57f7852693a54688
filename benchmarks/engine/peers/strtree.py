"""shapely's STRtree on latitude and longitude, one for each side and category."""

from __future__ import annotations

import numpy as np
import shapely

from benchmarks.engine.boxes import boxes_around
from benchmarks.engine.candidates import Candidates, Ranked
from benchmarks.engine.workload import CATEGORIES


class Peer:
    """Boxes around the circle, asked of the trees of the compatible categories."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._trees = {}
        lng, lat = np.degrees(candidates.lambda_), np.degrees(candidates.phi)
        for asks in (False, True):
            for category in range(CATEGORIES):
                rows = candidates.rows_of(asks, category)
                if len(rows):
                    tree = shapely.STRtree(shapely.points(lng[rows], lat[rows]))
                    tree.query(shapely.box(0, 0, 0, 0))
                    self._trees[asks, category] = tree, rows

    def top_k(self, listing_id: int, k: int) -> Ranked:
        """One query a category and box, all rules on what lies in them."""
        candidates = self._candidates
        row = candidates.row_of[listing_id]
        boxes = [
            shapely.box(west, south, east, north)
            for west, south, east, north in boxes_around(
                candidates.phi[row], candidates.lambda_[row]
            )
        ]
        found, affinities = [], []
        for category, affinity in candidates.kin(row):
            entry = self._trees.get((not candidates.asks[row], category))
            if entry is None:
                continue
            tree, rows = entry
            for box in boxes:
                near = tree.query(box)
                found.append(rows[near])
                affinities.append(np.full(len(near), affinity))
        if not found:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        return candidates.rank(row, np.concatenate(found), np.concatenate(affinities), k)

    def close(self) -> None:
        """Nothing is held outside."""
