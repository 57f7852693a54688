"""The promise: estimated acceptance with fairness. It is what the order of telling follows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.waves.call import NEVER, Call, Candidates
from matcher.waves.estimate import Estimate, chances
from matcher.waves.parameters import Parameters

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Promises:
    """One element for each candidate."""

    promise: Array
    chance: Array
    usual: Array
    #: 0 to 1: told just now, or never.
    rest: Array


def promises(
    call: Call, candidates: Candidates, now: int, estimate: Estimate, parameters: Parameters
) -> Promises:
    """promise = chance * (1 + weight of rest * rest), rest = 1 - e^(-time since told / 7 days)."""
    chance, usual = chances(call, candidates, now, estimate, parameters)
    rest = rested(candidates.last_told_at, now, parameters)
    return Promises(chance * (1 + parameters.rest * rest), chance, usual, rest)


def rested(last_told_at: NDArray[np.int64], now: int, parameters: Parameters) -> Array:
    """How rested somebody is who was last told at a moment; 1 where it is NEVER."""
    since = np.where(last_told_at == NEVER, np.inf, now - last_told_at.astype(np.float64))
    return 1 - np.exp(-np.maximum(since, 0) / parameters.rest_s)


def neglected(call: Call, parameters: Parameters, usual: float = 0.7) -> float:
    """How seldom calls of this area are answered, 0 (all are) to 1, shrunk to `usual`."""
    believed = call.area_answered + usual * parameters.area_prior
    return 1 - believed / (call.area_calls + parameters.area_prior)
