"""SQLite's R*Tree with auxiliary columns, in memory: a tree of (place, side and category)."""

from __future__ import annotations

import sqlite3

import numpy as np

from benchmarks.engine.boxes import boxes_around
from benchmarks.engine.candidates import Candidates, Ranked
from benchmarks.engine.workload import CATEGORIES


class Peer:
    """The group of side and category is a third dimension of the tree."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._base = sqlite3.connect(":memory:", isolation_level=None)
        self._base.execute(
            "CREATE VIRTUAL TABLE entries USING rtree"
            "(number, west, east, south, north, least, most, +listing INTEGER)"
        )
        self._base.execute("BEGIN")
        lng, lat = np.degrees(candidates.lambda_), np.degrees(candidates.phi)
        for group in range(2 * CATEGORIES):
            rows = candidates.rows_of(group >= CATEGORIES, group % CATEGORIES)
            x, y = lng[rows].tolist(), lat[rows].tolist()
            self._base.executemany(
                "INSERT INTO entries VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
                zip(x, x, y, y, [group] * len(x), [group] * len(x), rows.tolist(), strict=True),
            )
        self._base.execute("COMMIT")

    def top_k(self, listing_id: int, k: int) -> Ranked:
        """One query a category and box, all rules on what lies in them."""
        candidates = self._candidates
        row = candidates.row_of[listing_id]
        boxes = boxes_around(candidates.phi[row], candidates.lambda_[row])
        offset = 0 if candidates.asks[row] else CATEGORIES
        found, affinities = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
        for category, affinity in candidates.kin(row):
            for west, south, east, north in boxes:
                # Coordinates are kept in 32 bits, rounded outwards.
                cursor = self._base.execute(
                    "SELECT listing FROM entries WHERE east >= ? AND west <= ? AND north >= ? "
                    "AND south <= ? AND most >= ? AND least <= ?",
                    (west, east, south, north, offset + category, offset + category),
                )
                near = np.array([number for (number,) in cursor.fetchall()], dtype=np.intp)
                found.append(near)
                affinities.append(np.full(len(near), affinity))
        return candidates.rank(row, np.concatenate(found), np.concatenate(affinities), k)

    def close(self) -> None:
        """Close the base."""
        self._base.close()
