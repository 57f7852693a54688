"""Common random numbers: a draw depends on what it is for, never on what was drawn before."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


class Stream(IntEnum):
    """What a draw is for."""

    ACCEPT = 1
    DELAY = 2
    DELAY_ANGLE = 3
    DECLINE = 4
    ENGAGED = 5
    TASTE = 6
    TASTE_ANGLE = 7
    DAY_PART = 8
    BARRIER = 9


def uniform(seed: int, stream: Stream, *keys: ArrayLike) -> NDArray[np.float64]:
    """Numbers in [0, 1), one for each combination of keys (broadcast): whole numbers ≥ 0.

    Each key is mixed in by the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    with np.errstate(over="ignore"):
        state = _mixed(np.uint64(seed) * _GOLDEN + np.uint64(stream))
        for key in keys:
            state = _mixed(state * _GOLDEN + np.asarray(key).astype(np.uint64))
    result: NDArray[np.float64] = (state >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return result


def normal(seed: int, radius: Stream, angle: Stream, *keys: ArrayLike) -> NDArray[np.float64]:
    """Standard normal numbers by the transform of Box and Muller (1958)."""
    first = 1 - uniform(seed, radius, *keys)
    second = uniform(seed, angle, *keys)
    result: NDArray[np.float64] = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
    return result


def _mixed(state: np.uint64 | NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (state ^ (state >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    result: NDArray[np.uint64] = np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)
    return result
