"""Boxes in degrees around a circle on the sphere, for indexes of the plane."""

from __future__ import annotations

import math

from benchmarks.engine.workload import RADIUS_M
from matcher.place import EARTH_RADIUS_M

Box = tuple[float, float, float, float]


def boxes_around(phi: float, lambda_: float, radius_m: float = RADIUS_M) -> list[Box]:
    """West, south, east, north: one box, or two where the circle crosses ±180 degrees.

    Around a pole the box goes all the way round. The half width in longitude is
    asin(sin r / cos φ).
    """
    r = (radius_m + 1) / EARTH_RADIUS_M
    south, north = max(phi - r, -math.pi / 2), min(phi + r, math.pi / 2)
    if abs(phi) + r >= math.pi / 2:
        return [(-180.0, math.degrees(south), 180.0, math.degrees(north))]
    half = math.asin(math.sin(r) / math.cos(phi))
    south, north = math.degrees(south), math.degrees(north)
    west, east = math.degrees(lambda_ - half), math.degrees(lambda_ + half)
    if west < -180:
        return [(-180.0, south, east, north), (west + 360, south, 180.0, north)]
    if east > 180:
        return [(west, south, 180.0, north), (-180.0, south, east - 360, north)]
    return [(west, south, east, north)]
