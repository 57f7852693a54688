"""Geometry on the sphere for many points at once: distances, and sets of bounding caps."""

import math

import numpy as np
from numpy.typing import NDArray

from matcher.place import EARTH_RADIUS_M, haversine_m

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Longest distance on the sphere: between antipodes.
HALF_CIRCUMFERENCE_M = math.pi * EARTH_RADIUS_M

# Added to every limit before caps are compared, so that rounding (of distances to whole metres,
# and of cosines near 1) can only let too many points through, never too few.
_SLACK_M = 2.0

# Distances so near to half a metre, or to the antipode where the formula loses digits, are taken
# again by the scalar function: SIMD and scalar sines may differ in their last bit.
_DOUBTFUL_M = 1e-5
_NEAR_ANTIPODE = 1 - 1e-6


def unit_vector(phi: float, lambda_: float) -> Floats:
    """The point at latitude phi and longitude lambda (radians) as float64 [3], length 1."""
    return np.array(
        (
            math.cos(phi) * math.cos(lambda_),
            math.cos(phi) * math.sin(lambda_),
            math.sin(phi),
        )
    )


def angle_between(first: Floats, second: Floats) -> float:
    """Angle in radians between two unit vectors [3], precise for small angles too.

    2·atan2(|a - b|, |a + b|) (W. Kahan, "How Futile are Mindless Assessments of Roundoff", 2006).
    """
    apart, together = np.linalg.norm(first - second), np.linalg.norm(first + second)
    return 2 * math.atan2(float(apart), float(together))


def distances_m(phi: float, lambda_: float, phis: Floats, lambdas: Floats) -> Ints:
    """Distances from one point to [n] others, all in radians, as int64 [n] whole metres.

    Each equals round(haversine_m(...)) of the pair, half to even.
    """
    h = np.sin((phis - phi) / 2) ** 2
    h += np.cos(phi) * np.cos(phis) * np.sin((lambdas - lambda_) / 2) ** 2
    np.minimum(h, 1.0, out=h)
    arc = 2 * EARTH_RADIUS_M * np.arctan2(np.sqrt(h), np.sqrt(1 - h))
    whole: Floats = np.rint(arc)
    doubtful = (np.abs(np.abs(arc - whole) - 0.5) < _DOUBTFUL_M) | (h > _NEAR_ANTIPODE)
    for i in np.flatnonzero(doubtful):
        whole[i] = round(haversine_m(phi, lambda_, float(phis[i]), float(lambdas[i])))
    return whole.astype(np.int64)


# Stands for the angle of a cap that is not in use.
_DROPPED = -1.0


class Caps:
    """Numbered caps on the sphere: a fixed centre and an angle that grows with the members."""

    def __init__(self) -> None:
        self._size = 0
        self._free: list[int] = []
        self._centers = np.empty((16, 3))
        self._angles = np.empty(16)
        self._cosines = np.empty(16)
        self._sines = np.empty(16)

    def add(self, center: Floats) -> int:
        """A new cap around the unit vector [3] without members; gives its number."""
        if self._free:
            number = self._free.pop()
        else:
            number = self._size
            self._size += 1
            if number == len(self._angles):
                self._grow()
        self._centers[number] = center
        self._set(number, 0.0)
        return number

    def extend(self, number: int, vector: Floats, margin: float = 0.0) -> None:
        """Widen a cap until it holds everything within `margin` radians of the vector [3]."""
        angle = angle_between(self._centers[number], vector) + margin
        if angle > self._angles[number]:
            self._set(number, min(angle, math.pi))

    def drop(self, number: int) -> None:
        """Forget a cap that has no member left; its number may be given to another."""
        self._angles[number] = _DROPPED
        self._free.append(number)

    def near(self, vector: Floats, limit_m: float) -> NDArray[np.intp]:
        """Numbers, ascending, of all caps that may have a point within limit_m of the vector."""
        limit = (limit_m + _SLACK_M) / EARTH_RADIUS_M
        n = self._size
        angles = self._angles[:n]
        used = angles != _DROPPED
        if limit >= math.pi:
            return np.flatnonzero(used)
        # Within reach when the angle to the centre is at most angle + limit; cosines fall with
        # the angle up to pi, beyond which the whole sphere is in reach.
        threshold = self._cosines[:n] * math.cos(limit) - self._sines[:n] * math.sin(limit)
        products = self._centers[:n] @ vector
        near = (products >= threshold - 1e-15) | (angles + limit >= math.pi)
        return np.flatnonzero(near & used)

    def _set(self, number: int, angle: float) -> None:
        self._angles[number] = angle
        self._cosines[number] = math.cos(angle)
        self._sines[number] = math.sin(angle)

    def _grow(self) -> None:
        for name in ("_centers", "_angles", "_cosines", "_sines"):
            array = getattr(self, name)
            setattr(self, name, np.concatenate((array, np.empty_like(array))))
