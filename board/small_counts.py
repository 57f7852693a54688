"""What keeps public figures from speaking of one person.

A count is rounded down to a multiple of five, and one below five is not said; a median is said of
ten answers or more. Ratios are made from rounded counts, and whoever subtracts one figure from
another has two roundings in the result. Nothing here knows of a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

#: Counts are told in steps of so many: who compares two days sees no single need come or go.
STEP: Final = 5
#: A median of fewer answers would be close to what somebody's own was.
LEAST_ANSWERS: Final = 10
#: Minutes to this one are kept as they are, longer waits to two digits.
_EXACT_TO: Final = 99


@dataclass(slots=True)
class Counts:
    """Exact sums, as they are counted; never shown as they are."""

    requests: int = 0
    answered: int = 0
    met: int = 0
    messages: int = 0
    #: Rounded minutes to the first answer → how many needs waited so long.
    waits: dict[int, int] = field(default_factory=dict)

    def add(self, other: Self) -> None:
        """Count those of another group with these."""
        self.requests += other.requests
        self.answered += other.answered
        self.met += other.met
        self.messages += other.messages
        for minutes, answers in other.waits.items():
            self.waits[minutes] = self.waits.get(minutes, 0) + answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What may be said of a group of needs; None where too few stand behind a figure."""

    requests: int | None
    answered: int | None
    met: int | None
    #: Messages that told people of these requests.
    messages: int | None
    #: Median minutes from publication to the first answer, of those that had one.
    median_minutes: int | None
    #: Messages that were sent for each need that was met, to one decimal; None where either is.
    messages_per_met: float | None

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """Round what was counted. Where the requests are too few, nothing else is said either."""
        if rounded_down(counts.requests) is None:
            return cls(**dict.fromkeys(cls.__slots__))
        met, messages = rounded_down(counts.met), rounded_down(counts.messages)
        return cls(
            requests=rounded_down(counts.requests),
            answered=rounded_down(counts.answered),
            met=met,
            messages=messages,
            median_minutes=median(counts.waits),
            messages_per_met=None if met is None or messages is None else round(messages / met, 1),
        )


def rounded_down(count: int) -> int | None:
    """The multiple of STEP that is reached; None below the first."""
    return count // STEP * STEP or None


def rounded_minutes(seconds: float) -> int:
    """A wait as it is kept: whole minutes, at least one; beyond 99 to two digits, half up."""
    minutes = max(1, round(seconds / 60))
    digits = len(str(minutes)) - 2
    if minutes <= _EXACT_TO:
        return minutes
    unit = 10**digits
    return int((minutes + unit // 2) // unit * unit)


def median(waits: Mapping[int, int]) -> int | None:
    """The median of rounded waits, itself rounded; None of fewer than LEAST_ANSWERS."""
    total = sum(waits.values())
    if total < LEAST_ANSWERS:
        return None
    low, high = _ranked(waits, (total - 1) // 2), _ranked(waits, total // 2)
    return rounded_minutes((low + high) / 2 * 60)


def _ranked(waits: Mapping[int, int], rank: int) -> int:
    """The wait with so many before it, in order."""
    for minutes in sorted(waits):
        rank -= waits[minutes]
        if rank < 0:
            return minutes
    raise IndexError(rank)
