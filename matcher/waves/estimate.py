"""Estimated acceptance: distance, category, hour, and the member's own record with shrinkage.

The odds that somebody of whom nothing is known accepts are

    exp(intercept - slope * ln(1 + d / 2 km) + named + urgency * u + hours[part of the day]),

and the chance is multiplied by (1 - tires)^m for m messages in the last seven days. The record
multiplies the odds by (accepted + s) / (expected + s): the mean of a Gamma law of people, shape s,
after its Poisson observations. The same is done, around that, for the last weeks alone, because
people are engaged for some weeks and then not.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matcher.waves.call import UNKNOWN_M, Call, Candidates
from matcher.waves.parameters import Parameters

Array = NDArray[np.float64]
NEAR_M = 2000.0
#: Parts of the day, of equal length, from midnight.
PARTS = 6
_MOST_DECLINES = 3
_MOST_CHANCE = 0.98
#: Shapes among which the one of the people is looked for.
_SURENESS = np.array([0.1, 0.15, 0.25, 0.4, 0.6, 1.0, 1.5, 2.5, 4.0])
#: Weight of what was believed before: as so many messages of even odds on each coefficient.
_BELIEF = 4.0
_ROUNDS = 8
_LEAST_OUTCOMES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Coefficients of log-odds; `learned` improves them."""

    intercept: float = -2.0
    slope: float = 0.8
    named: float = 0.4
    #: For each level of urgency.
    urgency: float = 0.1
    hours: tuple[float, ...] = (0.0,) * PARTS
    #: Shape of the Gamma law of people: small when few accept often and most never.
    sureness: float = 0.5
    #: The same for the last weeks around each person's own rate.
    sureness_lately: float = 1.0
    #: Distance taken for somebody whose place is not known, in metres.
    unknown_m: float = 5000.0
    #: Seconds in which half of those who accept have done so, and the shape of the log-logistic
    #: law of these times.
    answer_s: float = 2700.0
    answer_shape: float = 1.2

    def late(self, waited_s: float | Array) -> Array:
        """Share of the acceptances that come later than this."""
        ratio = np.maximum(waited_s, 0.0) / self.answer_s
        result: Array = 1 / (1 + ratio**self.answer_shape)
        return result


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Messages of the past, one element each, that have had time to be answered."""

    member: NDArray[np.int64]
    distance_m: NDArray[np.int64]
    named: NDArray[np.bool_]
    urgency: NDArray[np.int64]
    #: Hour of the day at the place when it was sent.
    hour: Array
    told_week: NDArray[np.int64]
    accepted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.member)


def chances(
    call: Call, candidates: Candidates, now: int, estimate: Estimate, parameters: Parameters
) -> tuple[Array, Array]:
    """(chance, usual) of each candidate accepting if told now: with and without the own record."""
    features = _features(
        candidates.distance_m,
        candidates.named,
        np.full(len(candidates), call.urgency),
        np.full(len(candidates), call.hour(now)),
        estimate,
    )
    odds = np.exp(features @ _coefficients(estimate))
    rested = _readiness(candidates.told_week, parameters)
    declines = np.minimum(candidates.declined_category, _MOST_DECLINES)
    own = odds * _record(candidates, estimate) * parameters.declined**declines
    return np.minimum(own / (1 + own) * rested, _MOST_CHANCE), odds / (1 + odds) * rested


def _readiness(told_week: NDArray[np.int64], parameters: Parameters) -> Array:
    """What is left of it after so many messages in seven days."""
    left: Array = (1 - parameters.tires) ** told_week.astype(np.float64)
    return left


def _record(candidates: Candidates, estimate: Estimate) -> Array:
    """What the own record multiplies the odds by."""
    shape, lately = estimate.sureness, estimate.sureness_lately
    ever = (candidates.accepted + shape) / (candidates.expected + shape)
    recent = candidates.accepted_lately + lately
    result: Array = ever * recent / (candidates.expected_lately * ever + lately)
    return result


def learned(outcomes: Outcomes, before: Estimate, parameters: Parameters) -> Estimate:
    """The estimate that fits outcomes best, as far as they say more than what was believed.

    Logistic regression by Newton's method with a normal prior around `before`; in turns with it,
    the multiplier of each person and the shape of their law. With fewer than 50 outcomes nothing
    is learned.
    """
    if len(outcomes) < _LEAST_OUTCOMES:
        return before
    features = _features(
        outcomes.distance_m, outcomes.named, outcomes.urgency, outcomes.hour, before
    )
    rested = _readiness(outcomes.told_week, parameters)
    members, number = np.unique(outcomes.member, return_inverse=True)
    taken = _sums(number, outcomes.accepted, len(members))
    prior = _coefficients(before)
    beta, shape = prior.copy(), before.sureness
    own: Array = np.ones(len(members))
    for _ in range(_ROUNDS):
        offset = np.log(own)[number]
        beta = _newton(features, offset, rested, outcomes.accepted, beta, prior)
        odds = np.exp(features @ beta)
        expected = _sums(number, odds / (1 + odds) * rested, len(members))
        shape = _shape(taken, expected)
        own = (taken + shape) / (expected + shape)
    return replace(
        before,
        intercept=float(beta[0]),
        slope=float(-beta[1]),
        named=float(beta[2]),
        urgency=float(beta[3]),
        hours=tuple(beta[4:].tolist()),
        sureness=shape,
    )


def _sums(number: NDArray[np.intp], values: Array | NDArray[np.bool_], count: int) -> Array:
    """Sum of the values of each number."""
    return np.bincount(number, values, count).astype(np.float64)


def _features(
    distance_m: NDArray[np.int64],
    named: NDArray[np.bool_],
    urgency: NDArray[np.int64],
    hour: Array,
    estimate: Estimate,
) -> Array:
    """[n, 4 + PARTS] columns: 1, ln(1 + d / 2 km), named, urgency, parts of the day."""
    away = np.where(distance_m == UNKNOWN_M, estimate.unknown_m, distance_m)
    table = np.zeros((len(distance_m), 4 + PARTS))
    table[:, 0] = 1
    table[:, 1] = np.log1p(away / NEAR_M)
    table[:, 2] = named
    table[:, 3] = urgency
    table[np.arange(len(table)), 4 + (hour * PARTS / 24).astype(np.int64)] = 1
    return table


def _coefficients(estimate: Estimate) -> Array:
    start = (estimate.intercept, -estimate.slope, estimate.named, estimate.urgency)
    return np.array([*start, *estimate.hours])


def _newton(
    features: Array,
    offset: Array,
    rested: Array,
    accepted: NDArray[np.bool_],
    beta: Array,
    prior: Array,
) -> Array:
    """One step towards the highest posterior of chances rested / (1 + exp(-(features beta)))."""
    line = np.clip(features @ beta + offset, -30, 30)
    alone = 1 / (1 + np.exp(-line))
    chance = np.clip(alone * rested, 1e-9, 1 - 1e-9)
    slope = chance * (1 - alone)
    pull = (accepted - chance) / (chance * (1 - chance)) * slope
    weight = slope**2 / (chance * (1 - chance))
    belief = np.full(len(beta), _BELIEF / 4)
    # Parts of the day are kept near each other: the intercept carries their mean.
    belief[4:] = 10 * _BELIEF / 4
    gradient = features.T @ pull - belief * (beta - prior)
    curvature = (features * weight[:, None]).T @ features + np.diag(belief)
    step = np.clip(np.linalg.solve(curvature, gradient), -2, 2)
    return np.asarray(beta + step, dtype=np.float64)


def _shape(taken: Array, expected: Array) -> float:
    """The most likely shape: acceptances then follow a negative binomial law."""
    most = int(taken.max(initial=0))
    best, found = -np.inf, 1.0
    for shape in _SURENESS.tolist():
        rising = np.concatenate([[0.0], np.cumsum(np.log(shape + np.arange(most)))])
        likely = rising[taken.astype(np.int64)] - taken * np.log(shape + expected)
        likely += shape * np.log(shape / (shape + expected))
        if likely.sum() > best:
            best, found = float(likely.sum()), shape
    return found
