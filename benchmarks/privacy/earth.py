"""Points on the sphere, as pairs (lat, lng) in degrees; arrays of them have two columns."""

from __future__ import annotations

import math
from functools import lru_cache

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from matcher.place import EARTH_RADIUS_M

Point = tuple[float, float]
Array = NDArray[np.float64]


def moved(start: Point | Array, distance_m: Array, bearing: Array) -> Array:
    """Where one comes to from one point, or from each of many, over distances at bearings.

    Bearings are in radians from north.
    """
    begin = np.radians(np.atleast_2d(np.asarray(start, dtype=float)))
    phi, theta = begin[:, 0], begin[:, 1]
    arc = np.asarray(distance_m, dtype=float) / EARTH_RADIUS_M
    sine = np.sin(phi) * np.cos(arc) + np.cos(phi) * np.sin(arc) * np.cos(bearing)
    end = np.arcsin(np.clip(sine, -1, 1))
    east = np.sin(bearing) * np.sin(arc) * np.cos(phi)
    turn = np.arctan2(east, np.cos(arc) - np.sin(phi) * np.sin(end))
    lng = (np.degrees(theta + turn) + 180) % 360 - 180
    return np.column_stack([np.degrees(end), lng])


def distances_m(points: Array, to: Point) -> Array:
    """Great-circle distance of each point to one, in metres."""
    phi, theta = np.radians(points[..., 0]), np.radians(points[..., 1])
    phi_to, theta_to = math.radians(to[0]), math.radians(to[1])
    half = np.sin((phi - phi_to) / 2) ** 2
    half += np.cos(phi) * math.cos(phi_to) * np.sin((theta - theta_to) / 2) ** 2
    result: Array = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return result


def middle(points: Array) -> Point:
    """The mean of points that lie near each other, over ±180 too."""
    first = float(points[0, 1])
    turned = (points[:, 1] - first + 180) % 360 - 180
    lng = (first + float(turned.mean()) + 180) % 360 - 180
    return float(points[:, 0].mean()), lng


def least_spread(points: Array) -> Point:
    """The one of some points that lies the nearest to the others."""
    some = points[:400]
    total = [distances_m(some, (lat, lng)).sum() for lat, lng in some.tolist()]
    lat, lng = some[int(np.argmin(total))].tolist()
    return lat, lng


def disc(center: Point, radius_m: float, count: int, random: np.random.Generator) -> Array:
    """Points spread evenly over a disc."""
    distance = radius_m * np.sqrt(random.random(count))
    return moved(center, distance, random.random(count) * 2 * math.pi)


@lru_cache(maxsize=10_000)
def width_m(cell: int) -> float:
    """From side to opposite side of a regular hexagon as large as this cell."""
    area = float(h3.cell_area(cell, unit="m^2"))
    return math.sqrt(2 * area / math.sqrt(3))
