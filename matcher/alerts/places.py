"""Cells of several levels over the globe, and points in whole steps.

A box of latitudes and longitudes stands in one cell: at the level whose cells are the smallest
that are no smaller than the box, where its south-west corner is. Boxes that hold a point can then
only stand in the cell of the point, and those to the west, the south and the south-west of it.

Within a level, points are three coordinates in steps so wide that whatever meets in neighbouring
cells differs by less than 2^15 of them: 16 bits tell the difference, wherever on the globe.
"""

import math

import numpy as np

from matcher.alerts.layout import LEVEL_COUNT, REMOTE_LEVEL
from matcher.compiled import compiled, inlined
from matcher.place import EARTH_RADIUS_M

#: Key of the cell of alerts on remote help.
REMOTE_KEY = (REMOTE_LEVEL + 1) << 40

#: Steps of x, y, z and of the radius within which rounding can hide the truth: each coordinate
#: is off by half a step on both sides, so the distance by √3 at most.
BLUR = 2
#: The same below a radius that was rounded up to a step.
BLUR_BELOW = 3

_MOST_STEPS = 32_000
_DIAMETER_M = 2 * EARTH_RADIUS_M

# A circle is widened by this for its box: more than what rounding may lose.
_SLACK_M = 1.5
_SLACK = 1e-9


def _widest_m(level: int) -> float:
    """Longest chord between the centres of a box and a point that meets it."""
    # Both lie within twice the width of a cell, in latitude and in longitude.
    half = math.radians(360 / 4**level)
    return min(1.0, math.sqrt(2) * math.sin(min(half, math.pi / 2))) * _DIAMETER_M


#: Steps per metre at each level.
STEPS = np.array([_MOST_STEPS / _widest_m(level) for level in range(LEVEL_COUNT)])


@inlined
def degrees_of(level: int) -> float:
    """Width of the cells of a level."""
    return 360.0 / (1 << 2 * level)


@inlined
def column_of(level: int, lng: float) -> int:
    """Number of the column, counted on beyond ±180."""
    return math.floor((lng + 180.0) / degrees_of(level))


@inlined
def line_of(level: int, lat: float) -> int:
    """Number of the row of cells, from the south pole."""
    return math.floor((lat + 90.0) / degrees_of(level))


@inlined
def key_of(level: int, column: int, line: int) -> int:
    """One number for a cell, never 0; columns wrap around the globe."""
    return (level + 1) << 40 | line << 20 | (column & ((1 << 2 * level) - 1))


@inlined
def level_of(key: int) -> int:
    """The level of a cell."""
    return (key >> 40) - 1


@compiled
def box_key(west: float, south: float, width: float, height: float) -> int:
    """The cell of a box, in degrees."""
    extent = max(width, height) * (1 + _SLACK)
    level = 0
    while level + 1 < LEVEL_COUNT and degrees_of(level + 1) >= extent:
        level += 1
    return key_of(level, column_of(level, west), line_of(level, south))


@compiled
def circle_key(phi: float, lambda_: float, radius_m: int) -> int:
    """The cell of the box around a circle; one that holds a pole has the width of the globe."""
    rho = (radius_m + _SLACK_M) / EARTH_RADIUS_M + _SLACK
    if abs(phi) + rho >= math.pi / 2:
        return box_key(-180.0, -90.0, 360.0, 180.0)
    run = math.asin(min(1.0, math.sin(rho) / math.cos(phi))) + _SLACK
    west, south = math.degrees(lambda_ - run), math.degrees(phi - rho)
    return box_key(west, south, math.degrees(2 * run), math.degrees(2 * rho))


@inlined
def chord_m(radius_m: int) -> float:
    """Straight line between points whose distance is the longest that rounds to the radius."""
    half = (radius_m + 0.5) / _DIAMETER_M
    # Beyond half a circumference everything is inside, surely so.
    return _DIAMETER_M * (math.sin(half) if half < math.pi / 2 else 1.001)


@inlined
def _steps_of(metres: float, level: int) -> int:
    """A coordinate on one axis in whole steps, of which 16 bits count."""
    return int(np.rint(metres * STEPS[level])) & 0xFFFF


@inlined
def packed_point(x: float, y: float, z: float, level: int) -> int:
    """A point, in metres, as three numbers of 16 bits."""
    return _steps_of(x, level) | _steps_of(y, level) << 16 | _steps_of(z, level) << 32


@inlined
def packed_place(x: float, y: float, z: float, chord: float, level: int) -> int:
    """A point and a radius, all in metres, as four numbers of 16 bits."""
    radius = min(math.ceil(chord * float(STEPS[level])), 32_767)
    return packed_point(x, y, z, level) | radius << 48


@inlined
def vector_m(phi: float, lambda_: float) -> tuple[float, float, float]:
    """The point at latitude phi and longitude lambda (radians), from the centre of the Earth."""
    flat = EARTH_RADIUS_M * math.cos(phi)
    return flat * math.cos(lambda_), flat * math.sin(lambda_), EARTH_RADIUS_M * math.sin(phi)


@compiled
def haversine_m(phi_a: float, lambda_a: float, phi_b: float, lambda_b: float) -> float:
    """matcher.place.haversine_m but for the last bit: squares here are products.

    -1 where that bit may count for much: near the antipode.
    """
    rise = math.sin((phi_b - phi_a) / 2)
    run = math.sin((lambda_b - lambda_a) / 2)
    h = rise * rise + math.cos(phi_a) * math.cos(phi_b) * (run * run)
    if h > 1 - 1e-6:
        return -1.0
    return _DIAMETER_M * math.atan2(math.sqrt(h), math.sqrt(1 - h))
