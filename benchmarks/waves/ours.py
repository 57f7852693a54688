"""The board's own policy: `matcher.waves`, asked as the board asks it."""

from __future__ import annotations

import numpy as np

from benchmarks.waves.estimator import HOUR_S, Estimator, seconds
from benchmarks.waves.seen import Array, Call, Log, Step, Whole
from matcher import waves

_NOBODY: Whole = np.zeros(0, dtype=np.int64)


class Waves:
    """Waves with given parameters."""

    def __init__(
        self, people: int, parameters: waves.Parameters = waves.DEFAULT_PARAMETERS
    ) -> None:
        self._parameters = parameters
        self._estimator = Estimator(people, parameters)
        #: Of each open call: the chance of each candidate when told.
        self._chance: dict[int, Array] = {}

    def learn(self, log: Log, now: float) -> None:
        self._estimator.learn(log, now)

    def step(self, call: Call) -> Step:
        now = seconds(call.now)
        candidates = self._estimator.candidates(call)
        step = waves.next_step(
            self._estimator.call(call), candidates, self._so_far(call), now,
            estimate=self._estimator.estimate, parameters=self._parameters,
        )  # fmt: skip
        if isinstance(step, waves.Stop):
            self._chance.pop(call.id, None)
            return Step(_NOBODY)
        later = max(step.until / HOUR_S, call.now + 1 / HOUR_S)
        if isinstance(step, waves.Wait):
            return Step(_NOBODY, later)
        members = np.array([message.member for message in step.messages])
        usual = np.array([message.usual for message in step.messages])
        self._estimator.told(members, usual, call.now)
        positions = np.searchsorted(candidates.member, members)
        kept = self._chance.setdefault(call.id, np.zeros(len(candidates)))
        kept[positions] = [message.chance for message in step.messages]
        return Step(positions, later)

    def _so_far(self, call: Call) -> waves.Told:
        """Who was told of this call, with the answers as they are seen."""
        seen, chance = call.candidates, self._chance.get(call.id)
        if chance is None:
            return waves.Told.of()
        told = ~np.isnan(seen.told_at)
        at = np.rint(seen.told_at[told] * HOUR_S).astype(np.int64)
        return waves.Told(seen.id[told], at, chance[told], seen.answer[told])
