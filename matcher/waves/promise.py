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


def least_promise(call: Call, parameters: Parameters) -> float:
    """What somebody must promise here to be told: less, the less calls are known to be answered.

    Where nothing is known of an area, everybody may be the only one who comes. All of
    `Parameters.least_promise` is asked where many calls were all answered, or areas have no weight.
    """
    served = call.area_answered / (call.area_calls + parameters.area_prior)
    relief = min(1.0, parameters.area) * (1 - served)
    return parameters.least_promise + relief * (parameters.bare_promise - parameters.least_promise)


def neglect(call: Call, parameters: Parameters) -> float:
    """What the weight of neglected areas gives a call, 0 (none) to 1.

    The share of calls without an answer is shrunk to the usual one.
    """
    without = call.area_calls - call.area_answered + parameters.area_usual * parameters.area_prior
    share = without / (call.area_calls + parameters.area_prior)
    return min(1.0, parameters.area * max(0.0, share - parameters.area_usual))
