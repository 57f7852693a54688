"""What bases join for the bulk question: listings by groups, and which groups can meet.

A group is an H3 cell of resolution 5 (some 10 km a side) with a side and a category. Which groups
are near and compatible is worked out beforehand, so that one equality joins by place, side and
category at once: half the time of joining by cell, by ring and by category one after the other,
and less than half of a spatial join.
"""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from benchmarks.engine.candidates import REACH_CHORD, Candidates
from benchmarks.engine.workload import CATEGORIES, NOW, RADIUS_M

Columns = dict[str, NDArray[np.generic]]

_RESOLUTION = 5
_SIDES = 2

#: `round` stands for the base's own rounding, `first` for its way to the first k of each.
STATEMENT = f"""
WITH pairs AS (
    SELECT a.id AS asked, b.id AS other, a.asks AS asks, a.urgency AS own, b.urgency AS others,
           meetings.affinity AS affinity, {{round}}(2 * 6371008.8 * asin(sqrt(least(1.0,
               pow(sin((b.phi - a.phi) / 2), 2)
               + a.cosine * b.cosine * pow(sin((b.lambda_ - a.lambda_) / 2), 2))))) AS metres
    FROM entries a
    JOIN chosen ON chosen.id = a.id
    JOIN meetings ON meetings.own = a.grouped
    JOIN entries b ON b.grouped = meetings.other
    WHERE a.ends > {NOW} AND b.ends > {NOW} AND a.owner <> b.owner
      AND a.starts < b.ends AND b.starts < a.ends),
scored AS (
    SELECT asked, other, max(CAST({{round}}(1e6 * (0.55 * exp(-metres / 8000) + 0.30 * affinity
               + 0.15 * (CASE WHEN asks = 1 THEN own ELSE others END) / 3)) AS BIGINT)) AS score
    FROM pairs WHERE metres <= {RADIUS_M} GROUP BY asked, other),
placed AS (
    SELECT asked, other, score,
           row_number() OVER (PARTITION BY asked ORDER BY score DESC, other) AS place
    FROM scored)
SELECT asked, other, score FROM placed WHERE place <= {{k}}
"""


class Tables:
    """Columns of the tables that the statement names."""

    def __init__(self, candidates: Candidates) -> None:
        columns = candidates.world.columns
        rows, category = np.nonzero(candidates.has)
        number, near = _cells(candidates)
        side = candidates.asks[rows].astype(np.int64)
        grouped = (number[rows] * CATEGORIES + category) * _SIDES + side
        order = np.argsort(grouped, kind="stable")
        entries = {
            "grouped": grouped,
            "id": columns.id[rows],
            "asks": side,
            "owner": columns.owner[rows],
            "starts": columns.starts[rows],
            "ends": columns.ends[rows],
            "urgency": columns.urgency[rows].astype(np.int64),
            "phi": candidates.phi[rows],
            "cosine": candidates.cosine[rows],
            "lambda_": candidates.lambda_[rows],
        }
        self.entries: Columns = {name: values[order] for name, values in entries.items()}
        self.meetings = _meetings(candidates, np.unique(grouped), near)


def _cells(candidates: Candidates) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of the cell of each listing, and pairs of cells whose members can be in reach.

    How far a cell goes is measured at its members: a parent does not hold all its descendants.
    """
    cells = candidates.world.columns.cell
    own, which = np.unique(cells, return_inverse=True)
    parents = np.array([h3.cell_to_parent(cell, _RESOLUTION) for cell in own.tolist()])
    held, number = np.unique(parents[which], return_inverse=True)
    degrees = np.array([h3.cell_to_latlng(cell) for cell in held.tolist()])
    phi, lambda_ = np.radians(degrees).T
    around = np.cos(phi)
    centers = np.column_stack((around * np.cos(lambda_), around * np.sin(lambda_), np.sin(phi)))
    extent = np.zeros(len(held))
    np.maximum.at(extent, number, np.linalg.norm(candidates.vectors - centers[number], axis=1))
    pairs = cKDTree(centers).query_pairs(REACH_CHORD + 2 * extent.max(), output_type="ndarray")
    itself = np.repeat(np.arange(len(held))[:, None], 2, axis=1)
    pairs = np.concatenate((pairs, pairs[:, ::-1], itself))
    apart = np.linalg.norm(centers[pairs[:, 0]] - centers[pairs[:, 1]], axis=1)
    return number, pairs[apart <= REACH_CHORD + extent[pairs].sum(axis=1)]


def _meetings(
    candidates: Candidates, groups: NDArray[np.int64], near: NDArray[np.int64]
) -> Columns:
    """Pairs of groups that exist, near and compatible, with the affinity."""
    exists = np.zeros((CATEGORIES * _SIDES, int(near.max()) + 1), dtype=np.bool_)
    exists[groups % (CATEGORIES * _SIDES), groups // (CATEGORIES * _SIDES)] = True
    first, second = np.nonzero(candidates.affinity > 0)
    found: list[tuple[NDArray[np.generic], ...]] = []
    for own, other in zip(first.tolist(), second.tolist(), strict=True):
        for side in range(_SIDES):
            ours, theirs = own * _SIDES + side, other * _SIDES + 1 - side
            both = near[exists[ours][near[:, 0]] & exists[theirs][near[:, 1]]]
            numbers = both * (CATEGORIES * _SIDES) + (ours, theirs)
            affinity = np.full(len(both), candidates.affinity[own, other])
            found.append((numbers[:, 0], numbers[:, 1], affinity))
    own_groups, other_groups, affinity = map(np.concatenate, zip(*found, strict=True))
    order = np.argsort(own_groups, kind="stable")
    return {
        "own": own_groups[order],
        "other": other_groups[order],
        "affinity": affinity[order],
    }
