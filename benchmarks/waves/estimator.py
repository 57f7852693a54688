"""The estimator that every policy uses which needs one, kept up to date from what is seen."""

from __future__ import annotations

import numpy as np

from benchmarks.waves.ranges import WEEK_H
from benchmarks.waves.seen import Answer, Array, Call, Log, Whole
from matcher import waves

HOUR_S = 3600
_LATELY_H = 2 * WEEK_H
#: Messages that have had so many hours to be answered are learned from.
_SETTLED_H = 48.0
#: At most so many messages are kept in mind for somebody's last two weeks: two full caps.
_MOST_LATELY = 40


class Estimator:
    """Estimated chances for a run, by `matcher.waves`."""

    def __init__(self, people: int, parameters: waves.Parameters) -> None:
        self.estimate = waves.Estimate()
        self._parameters = parameters
        self._expected = np.zeros(people)
        self._told = np.zeros(people, dtype=np.int64)
        self._at = np.full((people, _MOST_LATELY), -np.inf)
        self._usual = np.zeros((people, _MOST_LATELY))

    def candidates(self, call: Call) -> waves.Candidates:
        """Those of a call, as the board would hand them in."""
        seen = call.candidates
        lately = self._at[seen.id] > call.now - _LATELY_H
        last = np.where(np.isfinite(seen.last_told), seen.last_told * HOUR_S, waves.NEVER)
        return waves.Candidates(
            member=seen.id, cell=seen.cell, distance_m=seen.distance_m, named=seen.named,
            told=seen.told, accepted=seen.accepted, declined=seen.declined,
            declined_category=seen.declined_category, expected=self._expected[seen.id],
            accepted_lately=seen.accepted_lately,
            expected_lately=(self._usual[seen.id] * lately).sum(axis=1),
            last_told_at=last.astype(np.int64), told_week=seen.told_week, cap=seen.cap,
        )  # fmt: skip

    def call(self, call: Call) -> waves.Call:
        """A call, as the board would hand it in."""
        return waves.Call(
            category=call.category, urgency=call.urgency, places=call.places,
            accepted=call.accepted, opened_at=seconds(call.opens), ends_at=seconds(call.ends),
            cell=call.cell, area_calls=call.area_calls, area_answered=call.area_answered,
        )  # fmt: skip

    def chances(self, call: Call) -> tuple[Array, Array]:
        """(chance, usual) of each candidate."""
        return waves.chances(
            self.call(call), self.candidates(call), seconds(call.now), self.estimate,
            self._parameters,
        )  # fmt: skip

    def told(self, people: Whole, usual: Array, now: float) -> None:
        """Keep in mind what was to be expected of messages that go out."""
        self._expected[people] += usual
        place = self._told[people] % _MOST_LATELY
        self._at[people, place], self._usual[people, place] = now, usual
        self._told[people] += 1

    def learn(self, log: Log, now: float) -> None:
        """Fit the estimate to all messages that have had time to be answered."""
        old = log.at <= now - _SETTLED_H
        self.estimate = waves.learned(
            waves.Outcomes(
                member=log.person[old], distance_m=log.distance_m[old], named=log.named[old],
                urgency=log.urgency[old], hour=log.at[old] % 24, told_week=log.told_week[old],
                accepted=log.answer[old] == Answer.YES,
            ),
            waves.Estimate(),
            self._parameters,
        )  # fmt: skip


def seconds(hours: float) -> int:
    """Whole seconds."""
    return round(hours * HOUR_S)
