"""shapely's STRtree over boxes of circles and over polygons, one for each kind and category."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.engine.alert_rules import Conditions, Point, Rows
from benchmarks.engine.peers.alert_boxes import boxes
from benchmarks.engine.workload import CATEGORIES
from matcher.listing import Listing
from matcher.taxonomy import Kind


class Peer:
    """Trees of the categories of a listing; all conditions in NumPy on what they find."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        held, corners = boxes(conditions)
        polygons = np.flatnonzero(conditions.polygon)
        geometries = np.concatenate((shapely.box(*corners.T), conditions.alerts.area[polygons]))
        held = np.concatenate((held, polygons))
        self._trees = {}
        for kind in Kind:
            of_kind = conditions.kinds[held] & np.uint8(1 << kind) != 0
            for category in range(CATEGORIES):
                of_both = of_kind & (conditions.categories[held] >> np.uint32(category) & 1 != 0)
                places = np.flatnonzero(of_both)
                tree = shapely.STRtree(geometries[places])
                tree.query(shapely.Point(0, 0))
                self._trees[kind, category] = tree, held[places]

    def hit_ids(self, listing: Listing) -> NDArray[np.int64]:
        """Ids of the alerts that the listing hits."""
        point = Point(listing)
        return self._conditions.hits(self._near(listing, point), listing, point)

    def _near(self, listing: Listing, point: Point) -> Rows:
        """Rows of what may reach the point, each once."""
        place, found = shapely.Point(point.lng, point.lat), []
        for category in listing.categories:
            tree, rows = self._trees[listing.kind, category]
            found.append(rows[tree.query(place)])
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))

    def close(self) -> None:
        """Nothing is held outside."""
