"""A linear Whittle index, after Raman, Shi and Fang (NeurIPS 2024, arXiv 2406.00738).

Each volunteer is an arm with two states: engaged in a week when a message of that week was
accepted, as in the paper's data. Transitions by state and action (told in that week or not) are
counted for each arm and shrunk to those of all arms. The linear reward of telling an arm is what it
adds to the probability of an acceptance when it is told alone: its estimated chance. As in the
paper's form for changing contexts, the chance for the call at hand counts now and the arm's mean
chance, by state, later. The index is the subsidy for not telling at which both are worth the same:

    w = chance + discount * sum over s' of (P(s' | s, told) - P(s' | s, not)) * V_w(s').

Those of the highest index are told, all at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.waves.policies import Greedy
from benchmarks.waves.ranges import WEEK_H
from benchmarks.waves.seen import Answer, Array, Call, Log, Whole

DISCOUNT = 0.9
#: Subsidies for which values are computed; indices between them are interpolated.
_SUBSIDIES = np.linspace(0.0, 1.0, 41)
#: Weight of the pooled transitions, in weeks of an arm of its own.
_POOLED = 8.0
_ROUNDS = 12


@dataclass
class LinearWhittle(Greedy):
    """The k of the highest index."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._state = np.zeros(self.people, dtype=np.int64)
        #: What telling an arm changes of the future's worth: [subsidies, people, states].
        self._later: Array = np.zeros((len(_SUBSIDIES), self.people, 2))
        self._values = self._later

    def learn(self, log: Log, now: float) -> None:
        super().learn(log, now)
        told, engaged = _weeks(log, self.people, round(now / WEEK_H))
        self._state = engaged[-1]
        chance = self._mean_chances(log, engaged)
        transitions = _transitions(told, engaged)
        values = values_of(transitions, chance, self._values, _ROUNDS)
        self._values = values
        change = transitions[:, :, 1] - transitions[:, :, 0]
        self._later = DISCOUNT * np.einsum("ist,wit->wis", change, values)

    def order(self, call: Call) -> Array:
        chance, self._usual = self.estimator.chances(call)
        arms = call.candidates.id
        return -indices(chance, self._later[:, arms, self._state[arms]])

    def _mean_chances(self, log: Log, engaged: Whole) -> Array:
        """[people, states] Share of messages accepted, shrunk to that of all in the state."""
        week = np.minimum((log.at // WEEK_H).astype(np.int64), len(engaged) - 1)
        before = np.where(week > 0, engaged[np.maximum(week - 1, 0), log.person], 0)
        told, taken = np.zeros((self.people, 2)), np.zeros((self.people, 2))
        np.add.at(told, (log.person, before), 1)
        np.add.at(taken, (log.person, before), log.answer == Answer.YES)
        usual = (taken.sum(axis=0) + 1) / (told.sum(axis=0) + 10)
        result: Array = (taken + _POOLED * usual) / (told + _POOLED)
        return result


def _weeks(log: Log, people: int, weeks: int) -> tuple[Whole, Whole]:
    """Two tables [weeks, people]: told, and accepted a message of that week."""
    week = np.minimum((log.at // WEEK_H).astype(np.int64), weeks - 1)
    told = np.zeros((weeks, people), dtype=np.int64)
    engaged = np.zeros((weeks, people), dtype=np.int64)
    told[week, log.person] = 1
    yes = log.answer == Answer.YES
    engaged[week[yes], log.person[yes]] = 1
    return told, engaged


def _transitions(told: Whole, engaged: Whole) -> Array:
    """[people, state, action, next state], shrunk to those of all arms.

    An action is whether one is told in the week in which the next state is seen.
    """
    people = told.shape[1]
    counts = np.zeros((people, 2, 2, 2))
    arms = np.broadcast_to(np.arange(people), engaged[1:].shape)
    np.add.at(counts, (arms, engaged[:-1], told[1:], engaged[1:]), 1)
    pooled = counts.sum(axis=0) + 1
    pooled /= pooled.sum(axis=2, keepdims=True)
    total = counts.sum(axis=3, keepdims=True) + _POOLED
    result: Array = (counts + _POOLED * pooled) / total
    return result


def values_of(transitions: Array, chance: Array, values: Array, rounds: int) -> Array:
    """[subsidies, people, states] Value of each state when not telling earns the subsidy.

    By value iteration from the values of the week before, which are near.
    """
    for _ in range(rounds):
        follows = DISCOUNT * np.einsum("isat,wit->wisa", transitions, values)
        passive = _SUBSIDIES[:, None, None] + follows[..., 0]
        values = np.maximum(passive, chance + follows[..., 1])
    return values


def indices(chance: Array, later: Array) -> Array:
    """Of each arm: the smallest subsidy at which telling is worth no more than not telling.

    `chance` is [arms], `later` [subsidies, arms].
    """
    gain = chance + later - _SUBSIDIES[:, None]
    arms = np.arange(len(chance))
    over = np.argmax(gain <= 0, axis=0)
    before = np.maximum(over - 1, 0)
    high, low = gain[before, arms], gain[over, arms]
    step = _SUBSIDIES[1]
    share = np.where(high > low, high / np.maximum(high - low, 1e-12), 0.0)
    inside = _SUBSIDIES[before] + step * np.clip(share, 0.0, 1.0)
    # Worth telling at no subsidy of the list, or at every one: the gain at the end goes on.
    result: Array = np.where(gain[0] <= 0, gain[0], np.where(gain[-1] > 0, 1 + gain[-1], inside))
    return result
