"""The gazetteer's places on the sphere: which lie within a distance, which is the nearest.

The file's R*-tree holds points of the unit sphere as x, y, z, which have no seam at ±180 and do
not crowd at the poles. It answers with the places in a cube; distances decide the rest.
"""

from __future__ import annotations

import math
import sqlite3
from typing import Final, NamedTuple

from matcher.place import EARTH_RADIUS_M, check_coordinates, great_circle_m

#: The tree keeps single-precision numbers: its coordinates may be off by this much.
_SLACK: Final = 5e-7
_FIRST_RADIUS_M: Final = 20_000.0
_FARTHEST_M: Final = math.pi * EARTH_RADIUS_M

_WITHIN: Final = """
SELECT place.rank, place.population, place.lat, place.lng
FROM sphere JOIN place ON place.rank = sphere.rank
WHERE x1 >= :x - :half AND x0 <= :x + :half AND y1 >= :y - :half AND y0 <= :y + :half
  AND z1 >= :z - :half AND z0 <= :z + :half
"""
_CLOSEST: Final = """
SELECT min((x0 - :x) * (x0 - :x) + (y0 - :y) * (y0 - :y) + (z0 - :z) * (z0 - :z))
FROM sphere
WHERE x1 >= :x - :half AND x0 <= :x + :half AND y1 >= :y - :half AND y0 <= :y + :half
  AND z1 >= :z - :half AND z0 <= :z + :half AND rank <= :worst
"""


class Near(NamedTuple):
    """A place near a point."""

    rank: int
    population: int
    distance_m: float


def on_sphere(lat: float, lng: float) -> tuple[float, float, float]:
    """The point as x, y, z on the unit sphere."""
    phi, theta = math.radians(lat), math.radians(lng)
    return math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi)


def within(db: sqlite3.Connection, lat: float, lng: float, radius_m: float) -> list[Near]:
    """The places whose great-circle distance from a point is at most `radius_m`, in no order.

    Raises matcher.place.PlaceError for a point that is none.
    """
    check_coordinates(lat, lng)
    rows = db.execute(_WITHIN, _cube(lat, lng, radius_m)).fetchall()
    near = (
        Near(rank, population, great_circle_m(lat, lng, place_lat, place_lng))
        for rank, population, place_lat, place_lng in rows
    )
    return [each for each in near if each.distance_m <= radius_m]


def nearest_rank(db: sqlite3.Connection, lat: float, lng: float, worst_rank: int) -> int | None:
    """Rank of the place nearest to a point among those up to `worst_rank`, or None.

    Of places at the same distance, the first by rank. Raises matcher.place.PlaceError.
    """
    check_coordinates(lat, lng)
    radius_m, chord = _FIRST_RADIUS_M, None
    while chord is None and radius_m < 2 * _FARTHEST_M:
        parameters = {**_cube(lat, lng, radius_m), "worst": worst_rank}
        (squared,) = db.execute(_CLOSEST, parameters).fetchone()
        # The cube's corners lie farther than its faces: beyond those it does not hold all.
        if squared is not None and math.sqrt(squared) <= parameters["half"]:
            chord = math.sqrt(squared)
        radius_m *= 2
    if chord is None:
        return None
    reach_m = 2 * EARTH_RADIUS_M * math.asin(min(1.0, chord / 2 + _SLACK)) + 1
    candidates = [each for each in within(db, lat, lng, reach_m) if each.rank <= worst_rank]
    return min(candidates, key=lambda each: (each.distance_m, each.rank)).rank


def _cube(lat: float, lng: float, radius_m: float) -> dict[str, float]:
    """The cube around a point that holds all within `radius_m` of it, as SQL parameters."""
    x, y, z = on_sphere(lat, lng)
    half_angle = min(radius_m / EARTH_RADIUS_M, math.pi) / 2
    return {"x": x, "y": y, "z": z, "half": 2 * math.sin(half_angle) + _SLACK}
