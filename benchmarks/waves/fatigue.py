"""How messages wear people out, after the measured transitions of food-rescue volunteers.

Two things happen to a person, both with rates that depend on the band of messages in the last
seven days (fewer than 10, 10-49, 50-99, 100 and more), as in `food-rescue/aggregates.json`:

- **Engagement**: each week somebody is engaged or not; the chances of being so in the next week are
  the table's, looked up by the band. Who is not engaged accepts only a drawn part of the time.
- **Readiness**, 1 at rest, multiplies the chance of accepting. Each message takes the share
  `per_notification_burnout_rate` of it away; of what is missing, the share `recovery_rate` comes
  back within a week. That the two figures may be read so, as a share lost and a share regained, is
  our assumption: the authors give them as the chance of stopping after a message and of a trip in
  the next week.

"As measured" is this. "Off": everybody moves by the first band whatever they are sent, and no
message takes readiness away. "Doubled": what a message takes is doubled, and so is every
difference of a band from the first one. Weekly caps keep nearly everybody in the first two bands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.waves.luck import Stream, uniform
from benchmarks.waves.places import DataMissing, folder
from benchmarks.waves.ranges import WEEK_H

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
#: Messages in a week at which the second, third and fourth band begin.
BANDS = (10, 50, 100)
_BAND_NAMES = ("<10", "10-49", "50-99", "100-999")
_RARE = 0.01


class Strength(IntEnum):
    """By how much the measured effect of messages is multiplied."""

    OFF = 0
    AS_MEASURED = 1
    DOUBLED = 2


@dataclass(frozen=True)
class Fatigue:
    """Rates by band, [4] each."""

    stays: Array
    returns: Array
    loss: Array
    recovery: Array

    @property
    def usually_engaged(self) -> float:
        """Share of engaged people in the long run, in the first band."""
        leaves, returns = 1 - self.stays[0], self.returns[0]
        return float(returns / (leaves + returns))


@cache
def _table() -> dict[str, Any]:
    path = folder() / "food-rescue" / "aggregates.json"
    if not path.exists():
        raise DataMissing(f"waves: {path} is not there; ENTRAIDE_DATA names the folder of the data")
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def fatigue(strength: Strength) -> Fatigue:
    """The rates of a strength. Raises DataMissing."""
    table = _table()
    weekly = table["weekly_engagement_transitions_volunteers_with_25_trips"]
    burnout = table["per_notification_burnout_rate_volunteers_with_100_trips_by_band"]
    recovery = table["recovery_rate_25_trips"]
    return Fatigue(
        stays=_departed(weekly["P(engaged next | engaged)"], strength),
        returns=_departed(weekly["P(engaged next | not engaged)"], strength),
        loss=strength * np.array([burnout[name] for name in _BAND_NAMES]),
        recovery=_departed([recovery[name] for name in _BAND_NAMES], strength),
    )


def _departed(rates: list[float], strength: Strength) -> Array:
    """The first rate, and the others as far from it as the strength says."""
    first = rates[0]
    return np.clip(first + strength * (np.array(rates) - first), _RARE, 1 - _RARE)


def band(messages: Whole) -> Whole:
    """Number of the band, 0 to 3."""
    return np.searchsorted(BANDS, messages, side="right")


class Condition:
    """Engagement and readiness of everybody in one run."""

    def __init__(self, seed: int, people: int, rates: Fatigue) -> None:
        self._seed = seed
        self._rates = rates
        self._missing = np.zeros(people)
        self._since = np.zeros(people)
        self._recovery = np.full(people, rates.recovery[0])
        self._everybody = np.arange(people)
        draws = uniform(seed, Stream.ENGAGED, self._everybody, 0)
        self.engaged: NDArray[np.bool_] = draws < rates.usually_engaged

    def readiness(self, people: Whole, now: float) -> Array:
        """Readiness in 0 to 1."""
        weeks = (now - self._since[people]) / WEEK_H
        result: Array = 1 - self._missing[people] * (1 - self._recovery[people]) ** weeks
        return result

    def told(self, people: Whole, messages: Whole, now: float) -> None:
        """Take readiness from people, each once, that have had so many messages in seven days."""
        left = self.readiness(people, now) * (1 - self._rates.loss[band(messages)])
        self._missing[people], self._since[people] = 1 - left, now

    def turn_week(self, week: int, messages: Whole, now: float) -> None:
        """Move everybody on by a week in which they had so many messages."""
        bands = band(messages)
        self._missing = 1 - self.readiness(self._everybody, now)
        self._since[:] = now
        self._recovery = self._rates.recovery[bands]
        chance = np.where(self.engaged, self._rates.stays[bands], self._rates.returns[bands])
        self.engaged = uniform(self._seed, Stream.ENGAGED, self._everybody, week) < chance
