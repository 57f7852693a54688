"""What every peer needs besides its index of alerts: all conditions, on the alerts it found.

Vectorised, with everything that does not depend on the listing worked out beforehand.
"""

from __future__ import annotations

import math

import h3.api.basic_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.engine.alerts import KINDS, Alerts
from benchmarks.engine.workload import LANGUAGES
from matcher.listing import Listing
from matcher.place import EARTH_RADIUS_M, haversine_m

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_BIT = {code: i for i, code in enumerate(LANGUAGES)}
_ANY_LANGUAGE = 1 << 63
#: Share of a squared chord within which rounding could decide.
_DOUBTFUL = 1e-7


class Point:
    """Where a listing is: in degrees, in radians, and on the unit sphere."""

    def __init__(self, listing: Listing) -> None:
        self.lat, self.lng = h3.cell_to_latlng(listing.cell)
        self.phi, self.lambda_ = math.radians(self.lat), math.radians(self.lng)
        cosine = math.cos(self.phi)
        self.vector = np.array(
            (
                cosine * math.cos(self.lambda_),
                cosine * math.sin(self.lambda_),
                math.sin(self.phi),
            )
        )


class Conditions:
    """The alerts as arrays, and the rules on them."""

    def __init__(self, alerts: Alerts) -> None:
        self.alerts = alerts
        self.ids = alerts.id
        degrees = np.array([h3.cell_to_latlng(cell) for cell in alerts.cell.tolist()])
        self.phi, self.lambda_ = np.radians(degrees).T.copy()
        self.polygon, self.remote = alerts.polygon, alerts.remote
        self.circle = ~(alerts.polygon | alerts.remote)
        shapely.prepare(alerts.area[alerts.polygon])
        masks = [
            sum(1 << _BIT[code] for code in each) if each else _ANY_LANGUAGE for each in alerts.sets
        ]
        kinds = [sum(1 << kind for kind in each) if each else 255 for each in KINDS]
        self.kinds = np.array(kinds, dtype=np.uint8)[alerts.kinds]
        self.spoken = np.array(masks, dtype=np.uint64)[alerts.languages]
        self.categories = alerts.categories.astype(np.uint32)
        self.least, self.owner = alerts.least.astype(np.uint8), alerts.owner.astype(np.int64)
        #: [m, 4] per circle: its centre on the unit sphere, and its reach as a squared chord.
        reach = (alerts.radius_m + 0.5) / EARTH_RADIUS_M
        cosine = np.cos(self.phi)
        self.balls = np.column_stack(
            (
                cosine * np.cos(self.lambda_),
                cosine * np.sin(self.lambda_),
                np.sin(self.phi),
                (2 * np.sin(reach / 2)) ** 2,
            )
        )
        self.far = np.flatnonzero(alerts.remote)

    def admitted(self, rows: Rows, listing: Listing) -> Rows:
        """Those whose conditions hold, wherever they are."""
        rows = rows[(self.categories[rows] & np.uint32(wanted(listing))) != 0]
        keep = self.least[rows] <= listing.urgency
        keep &= self.kinds[rows] & np.uint8(1 << listing.kind) != 0
        keep &= self.spoken[rows] & spoken(listing) != 0
        keep &= self.owner[rows] != listing.owner
        return rows[keep]

    def reached(self, rows: Rows, point: Point) -> Rows:
        """Circles that reach a point, by the chord; by the formula where that is in doubt."""
        balls = self.balls[rows]
        away = balls[:, :3] - point.vector
        square = np.einsum("ij,ij->i", away, away)
        inside = square <= balls[:, 3]
        for i in np.flatnonzero(np.abs(square - balls[:, 3]) < _DOUBTFUL * balls[:, 3]).tolist():
            inside[i] = self.metres(int(rows[i]), point) <= self.alerts.radius_m[rows[i]]
        return rows[inside]

    def covering(self, rows: Rows, point: Point) -> Rows:
        """Polygons that a point lies in."""
        found: Rows = rows[shapely.intersects_xy(self.alerts.area[rows], point.lng, point.lat)]
        return found

    def metres(self, row: int, point: Point) -> int:
        """Whole metres as the engine defines them."""
        there = float(self.phi[row]), float(self.lambda_[row])
        return round(haversine_m(point.phi, point.lambda_, *there))

    def hits(self, rows: Rows, listing: Listing, point: Point) -> NDArray[np.int64]:
        """Ids of those of some alerts with a place, and of all without one, that are hit."""
        rows = self.admitted(rows, listing)
        polygon = self.polygon[rows]
        found = [self.reached(rows[~polygon], point), self.covering(rows[polygon], point)]
        if listing.remote:
            found.append(self.admitted(self.far, listing))
        return self.ids[np.concatenate(found)]


def wanted(listing: Listing) -> int:
    """Bits of the categories of a listing."""
    return sum(1 << category for category in listing.categories)


def spoken(listing: Listing) -> np.uint64:
    """Bits of the languages of a listing, and of alerts that ask for none."""
    return np.uint64(_ANY_LANGUAGE | sum(1 << _BIT[code] for code in listing.languages))
