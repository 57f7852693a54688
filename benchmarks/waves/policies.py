"""What the board's policy is compared with: simple ways, greedy, and the bound."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.waves.estimator import Estimator
from benchmarks.waves.seen import Array, Call, Log, Step, Whole
from benchmarks.waves.simulate import Oracle
from matcher import waves

#: Hours between two looks of the bound.
_LOOK_H = 1.0


def with_room(call: Call) -> Whole:
    """Positions of candidates under their cap who were not told."""
    seen = call.candidates
    return np.flatnonzero((seen.told_week < seen.cap) & np.isnan(seen.told_at))


class Everyone:
    """Everybody in the radius, at once."""

    def learn(self, log: Log, now: float) -> None:
        """Nothing."""

    def step(self, call: Call) -> Step:
        return Step(with_room(call))


@dataclass
class _Some:
    """So many a place at once: `each` may have a fraction, which is carried over between calls."""

    each: float
    _over: float = field(default=0.5, init=False)

    def learn(self, log: Log, now: float) -> None:
        """Nothing."""

    def step(self, call: Call) -> Step:
        wanted = self.each * call.places + self._over
        count = int(wanted)
        some = with_room(call)
        chosen = some[np.lexsort((call.candidates.id[some], self.order(call)[some]))][:count]
        self._over = wanted - count
        self.told(call, chosen)
        return Step(chosen)

    def order(self, call: Call) -> Array:
        """Of all candidates; the smallest are told."""
        raise NotImplementedError

    def told(self, call: Call, chosen: Whole) -> None:
        """Called with what is told."""


class Nearest(_Some):
    """The k nearest."""

    def order(self, call: Call) -> Array:
        return call.candidates.distance_m.astype(np.float64)


@dataclass
class Some(_Some):
    """k at random."""

    random: np.random.Generator

    def order(self, call: Call) -> Array:
        return self.random.random(len(call.candidates.id))


@dataclass
class Greedy(_Some):
    """The k of the highest estimated chance, by the same estimator as the board's."""

    people: int
    parameters: waves.Parameters = waves.DEFAULT_PARAMETERS

    def __post_init__(self) -> None:
        self.estimator = Estimator(self.people, self.parameters)
        self._usual: Array = np.zeros(0)

    def learn(self, log: Log, now: float) -> None:
        self.estimator.learn(log, now)

    def order(self, call: Call) -> Array:
        chance, self._usual = self.estimator.chances(call)
        return -chance

    def told(self, call: Call, chosen: Whole) -> None:
        self.estimator.told(call.candidates.id[chosen], self._usual[chosen], call.now)


class Bound:
    """Clairvoyant: tells exactly those who will accept in time, the soonest first, as needed.

    It looks again every hour as long as places lack, because who would refuse now may be rested,
    engaged or free later. It does not plan beyond the request at hand: a bound on what any policy
    reaches in the same circumstances, not a proof of the optimum over all weeks.
    """

    def __init__(self) -> None:
        self._oracle: Oracle | None = None

    def sees(self, oracle: Oracle) -> None:
        self._oracle = oracle

    def learn(self, log: Log, now: float) -> None:
        """Nothing."""

    def step(self, call: Call) -> Step:
        assert self._oracle is not None
        accepts, at = self._oracle.answers(call.id, call.now)
        some = with_room(call)
        some = some[accepts[some] & (at[some] < call.ends)]
        seen = call.candidates
        pending = int((~np.isnan(seen.told_at) & (seen.answer == 0)).sum())
        lack = max(0, call.places - call.accepted - pending)
        chosen = some[np.argsort(at[some], kind="stable")][:lack]
        later = call.now + _LOOK_H
        return Step(chosen, later if later < call.ends else None)
