"""Whole metres between a question's place and a cell: fast, and exact where it matters."""

import math

import numpy as np

from matcher.compiled import compiled, inlined, load_f64
from matcher.index.question import COSINE, LAMBDA, PHI, SINE
from matcher.place import EARTH_RADIUS_M

# Within this many radians of latitude and longitude (320 km on the equator) the series below are
# exact to the last few bits.
_NEAR = 0.05

# The fast distance is within 1e-7 m of the exact one there; so near to half a metre the exact
# formula decides how to round.
_DOUBTFUL_M = 1e-5


@compiled
def _haversine_m(phi_a: float, lambda_a: float, phi_b: float, lambda_b: float) -> float:
    """matcher.place.haversine_m, operation by operation: the same bits."""
    rise = math.sin((phi_b - phi_a) / 2)
    run = math.sin((lambda_b - lambda_a) / 2)
    h = rise * rise
    h += math.cos(phi_a) * math.cos(phi_b) * (run * run)
    h = min(h, 1.0)
    return 2 * EARTH_RADIUS_M * math.atan2(math.sqrt(h), math.sqrt(1 - h))


@inlined
def _sine(x: float) -> float:
    """sin x for |x| ≤ 0.025, by its Taylor series."""
    s = x * x
    return x * (1 - s * (1 / 6 - s * (1 / 120 - s * (1 / 5040))))


@inlined
def near_square(question: int, cell: int) -> float:
    """sin²(θ/2) of the angle θ to a cell when that is quick to tell, otherwise -1."""
    rise = load_f64(cell) - load_f64(question + PHI)
    run = load_f64(cell + 8) - load_f64(question + LAMBDA)
    if abs(rise) > _NEAR or abs(run) > _NEAR:
        return -1.0
    rise, run = _sine(rise / 2), _sine(run / 2)
    square = rise * rise
    # cos φ₂ = cos φ₁ cos Δφ - sin φ₁ sin Δφ, with the double angles of rise.
    own = load_f64(question + COSINE)
    other = own * (1 - 2 * square) - load_f64(question + SINE) * 2 * rise * math.sqrt(1 - square)
    return square + own * other * run * run


@inlined
def whole_metres(question: int, cell: int, square: float) -> int:
    """Distance to a cell, rounded half to even; `square` is near_square of the two."""
    if square >= 0.0:
        s = math.sqrt(square)
        arc = 1 + square * (1 / 6 + square * (3 / 40 + square * (15 / 336 + square * (105 / 3456))))
        metres = 2 * EARTH_RADIUS_M * s * arc
        whole = np.rint(metres)
        if abs(abs(metres - whole) - 0.5) > _DOUBTFUL_M:
            return int(whole)
    phi, lambda_ = load_f64(question + PHI), load_f64(question + LAMBDA)
    return int(np.rint(_haversine_m(phi, lambda_, load_f64(cell), load_f64(cell + 8))))
