"""Brute force: every condition on every alert. All answers are compared with these."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.engine.alert_rules import Conditions, Point, spoken, wanted
from matcher.listing import Listing
from matcher.place import EARTH_RADIUS_M

_DOUBTFUL_M = 1e-5


class Brute:
    """All alerts in one pass of NumPy for each listing; no tree, no cell, no chord."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._cosine = np.cos(conditions.phi)
        self._bounds = shapely.bounds(conditions.alerts.area)
        # Whatever has no parallel of its own to stay between is looked at wherever it is.
        reach = (conditions.alerts.radius_m + 2) / EARTH_RADIUS_M
        south, north = np.degrees(conditions.phi - reach), np.degrees(conditions.phi + reach)
        south = np.where(conditions.polygon, self._bounds[:, 1], south)
        north = np.where(conditions.polygon, self._bounds[:, 3], north)
        self._south = np.where(conditions.remote, -90.0, south)
        self._north = np.where(conditions.remote, 90.0, north)

    def hit_ids(self, listing: Listing) -> NDArray[np.int64]:
        """Ids of the alerts that the listing hits, ascending."""
        own = self._conditions
        point = Point(listing)
        keep = own.categories & np.uint32(wanted(listing)) != 0
        keep &= (self._south <= point.lat) & (point.lat <= self._north)
        rows = np.flatnonzero(keep)
        rows = rows[own.least[rows] <= listing.urgency]
        rows = rows[own.kinds[rows] & np.uint8(1 << listing.kind) != 0]
        rows = rows[(own.spoken[rows] & spoken(listing) != 0) & (own.owner[rows] != listing.owner)]
        hit = self._reached(rows, point) & own.circle[rows]
        hit |= own.remote[rows] & listing.remote
        hit |= self._covering(rows, point)
        return np.sort(own.ids[rows[hit]])

    def _reached(self, rows: NDArray[np.intp], point: Point) -> NDArray[np.bool_]:
        """Haversine in whole metres, rounded half to even, against the radius."""
        own = self._conditions
        h = np.sin((own.phi[rows] - point.phi) / 2) ** 2
        there = np.cos(point.phi) * self._cosine[rows]
        h += there * np.sin((own.lambda_[rows] - point.lambda_) / 2) ** 2
        arc = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1.0)))
        whole = np.rint(arc)
        for i in np.flatnonzero(np.abs(np.abs(arc - whole) - 0.5) < _DOUBTFUL_M).tolist():
            whole[i] = own.metres(int(rows[i]), point)
        reached: NDArray[np.bool_] = whole <= own.alerts.radius_m[rows]
        return reached

    def _covering(self, rows: NDArray[np.intp], point: Point) -> NDArray[np.bool_]:
        """Polygons, tested only where their bounds hold the point; bounds of others are NaN."""
        covering = np.zeros(len(rows), dtype=np.bool_)
        for x in (point.lng, -point.lng) if abs(point.lng) == 180 else (point.lng,):
            west, south, east, north = self._bounds[rows].T
            boxed = (west <= x) & (x <= east) & (south <= point.lat) & (point.lat <= north)
            areas = self._conditions.alerts.area[rows[boxed]]
            covering[boxed] |= shapely.intersects_xy(areas, x, point.lat)
        return covering
