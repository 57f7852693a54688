"""shapely's STRtree on latitude and longitude, one for each side and category."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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

    def top_k_many(self, listing_ids: list[int], k: int) -> list[Ranked]:
        """The tree's own batch, one call a category for all that ask for it; in two threads."""
        halves = listing_ids[::2], listing_ids[1::2]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda half: self._many(half, k), halves))
        found: list[Ranked] = [answers[i % 2][i // 2] for i in range(len(listing_ids))]
        return found

    def _many(self, listing_ids: list[int], k: int) -> list[Ranked]:
        candidates = self._candidates
        asked = np.array([candidates.row_of[number] for number in listing_ids], dtype=np.intp)
        around = [boxes_around(candidates.phi[row], candidates.lambda_[row]) for row in asked]
        corners = np.array([box for boxes in around for box in boxes]).reshape(-1, 4)
        boxes = shapely.box(*corners.T)
        first = np.concatenate(([0], np.cumsum([len(each) for each in around])))
        found = [(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0))]
        for key, (places, affinities) in candidates.kin_of_many(asked).items():
            if key not in self._trees:
                continue
            tree, members = self._trees[key]
            count = first[places + 1] - first[places]
            own = places.repeat(count)
            # The boxes of a place are next to each other.
            which = np.concatenate([np.arange(first[p], first[p + 1]) for p in places.tolist()])
            at, near = tree.query(boxes[which])
            found.append((own[at], members[near], affinities.repeat(count)[at]))
        place, rows, affinity = (np.concatenate(part) for part in zip(*found, strict=True))
        return candidates.rank_many(asked, (place, rows, affinity), k)

    def close(self) -> None:
        """Nothing is held outside."""
