"""rtree (libspatialindex) over boxes of circles and polygons, one for each kind and category."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from rtree.index import Index

from benchmarks.engine.alert_rules import Conditions, Point, Rows
from benchmarks.engine.peers.alert_boxes import boxes
from benchmarks.engine.workload import CATEGORIES
from matcher.listing import Listing
from matcher.taxonomy import Kind


class Peer:
    """Trees of the categories of a listing; all conditions in NumPy on what they find."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        rows, corners = boxes(conditions)
        polygons = np.flatnonzero(conditions.polygon)
        rows = np.concatenate((rows, polygons))
        corners = np.concatenate((corners, shapely.bounds(conditions.alerts.area[polygons])))
        self._trees: dict[tuple[int, int], Index] = {}
        for kind in Kind:
            of_kind = conditions.kinds[rows] & np.uint8(1 << kind) != 0
            for category in range(CATEGORIES):
                of_both = of_kind & (conditions.categories[rows] >> np.uint32(category) & 1 != 0)
                if of_both.any():
                    low, high = corners[of_both, :2].copy(), corners[of_both, 2:].copy()
                    held = rows[of_both].astype(np.int64)
                    self._trees[kind, category] = Index((held, low, high))

    def hit_ids(self, listing: Listing) -> NDArray[np.int64]:
        """Ids of the alerts that the listing hits."""
        point = Point(listing)
        return self._conditions.hits(self._near(listing, point), listing, point)

    def _near(self, listing: Listing, point: Point) -> Rows:
        """Rows of what may reach the point, each once."""
        spot, found = (point.lng, point.lat, point.lng, point.lat), [np.zeros(0, dtype=np.intp)]
        for category in listing.categories:
            tree = self._trees.get((listing.kind, category))
            if tree is not None:
                found.append(np.fromiter(tree.intersection(spot), dtype=np.intp))
        return np.unique(np.concatenate(found))

    def close(self) -> None:
        """Nothing is held outside."""
