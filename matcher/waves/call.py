"""What the caller knows: the call, the people whose alerts it hits, and who was told of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from matcher.errors import FieldError, check_int64, check_whole
from matcher.place import Place
from matcher.taxonomy import CATEGORY_CAPACITY, Urgency

#: Moment of what never happened.
NEVER = -(2**62)
#: Distance of somebody whose place is not known, and the cell of somebody without one.
UNKNOWN_M = -1
NO_CELL = 0

MOST_PLACES = 1000


class WavesError(FieldError):
    """A call or candidates that cannot be planned for."""


class Answer(IntEnum):
    """What was answered to a message so far."""

    SILENT = 0
    YES = 1
    NO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A listing that needs people. Moments are epoch seconds. Raises WavesError."""

    #: Id of the category.
    category: int
    #: 0 (standing) to 3 (today).
    urgency: int
    #: People needed, and those who accepted so far.
    places: int
    accepted: int
    opened_at: int
    ends_at: int
    #: Cell of the place; None for remote help.
    cell: int | None = None
    #: Seconds that the clock of the place is ahead of UTC.
    utc_offset_s: int = 0
    #: Earlier calls around, that have ended or were filled, and those of them with an acceptance.
    area_calls: int = 0
    area_answered: int = 0

    def __post_init__(self) -> None:
        check_whole(WavesError, "category", self.category, 0, CATEGORY_CAPACITY - 1)
        check_whole(WavesError, "urgency", self.urgency, 0, max(Urgency))
        check_whole(WavesError, "places", self.places, 1, MOST_PLACES)
        check_whole(WavesError, "accepted", self.accepted, 0, 2**31)
        check_int64(WavesError, "opened_at", self.opened_at)
        check_int64(WavesError, "ends_at", self.ends_at)
        check_whole(WavesError, "utc_offset_s", self.utc_offset_s, -86_400, 86_400)
        check_whole(WavesError, "area_calls", self.area_calls, 0, 2**31)
        check_whole(WavesError, "area_answered", self.area_answered, 0, self.area_calls)
        if self.cell is not None:
            Place(self.cell)

    def hour(self, now: int) -> float:
        """Hour of the day at the place, 0 to below 24."""
        return (now + self.utc_offset_s) % 86_400 / 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A member whose alert the call hits, with the history of all calls."""

    member: int
    #: Cell of the place that the alert is about, and whole metres from it to the call.
    cell: int = NO_CELL
    distance_m: int = UNKNOWN_M
    #: Whether the alert names the category; otherwise it takes any.
    named: bool = False
    #: Messages in all; those answered with yes and with no; those of this category with no.
    told: int = 0
    accepted: int = 0
    declined: int = 0
    declined_category: int = 0
    #: Sum of `Message.usual` over all messages: how many acceptances were to be expected of
    #: somebody of whom nothing is known.
    expected: float = 0.0
    #: Acceptances and that sum for messages of the last `Parameters.lately_s`.
    accepted_lately: int = 0
    expected_lately: float = 0.0
    last_told_at: int = NEVER
    #: Messages in the last seven days, and the most that the member allows.
    told_week: int = 0
    cap: int = 20


@dataclass(frozen=True, slots=True)
class Candidates:
    """The same in columns: arrays [n] named as the fields of Candidate. Raises WavesError."""

    member: NDArray[np.int64]
    cell: NDArray[np.int64]
    distance_m: NDArray[np.int64]
    named: NDArray[np.bool_]
    told: NDArray[np.int64]
    accepted: NDArray[np.int64]
    declined: NDArray[np.int64]
    declined_category: NDArray[np.int64]
    expected: NDArray[np.float64]
    accepted_lately: NDArray[np.int64]
    expected_lately: NDArray[np.float64]
    last_told_at: NDArray[np.int64]
    told_week: NDArray[np.int64]
    cap: NDArray[np.int64]

    def __post_init__(self) -> None:
        _check_columns(self)
        for name in ("expected", "expected_lately"):
            column = getattr(self, name)
            if not (np.isfinite(column) & (column >= 0)).all():
                raise WavesError(name, "finite numbers from 0")

    def __len__(self) -> int:
        return len(self.member)

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> Self:
        """Columns of single candidates."""
        return cls(**_columns(cls, list(candidates)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Somebody who was told of this call."""

    member: int
    at: int
    #: `Message.chance` at that time.
    chance: float
    answer: Answer = Answer.SILENT


@dataclass(frozen=True, slots=True)
class Told:
    """The same in columns: arrays [n] named as the fields of Telling. Raises WavesError."""

    member: NDArray[np.int64]
    at: NDArray[np.int64]
    chance: NDArray[np.float64]
    answer: NDArray[np.int64]

    def __post_init__(self) -> None:
        _check_columns(self)
        if not ((self.chance >= 0) & (self.chance <= 1)).all():
            raise WavesError("chance", "numbers from 0 to 1")

    def __len__(self) -> int:
        return len(self.member)

    @classmethod
    def of(cls, tellings: Iterable[Telling] = ()) -> Self:
        """Columns of single tellings."""
        return cls(**_columns(cls, list(tellings)))


_TYPES: dict[str, type[np.generic]] = {
    "named": np.bool_,
    "expected": np.float64,
    "expected_lately": np.float64,
    "chance": np.float64,
}


def _columns(kind: type[Candidates] | type[Told], rows: Sequence[object]) -> dict[str, Any]:
    """An array for each field of the rows."""
    return {
        field.name: np.array(
            [getattr(row, field.name) for row in rows], dtype=_TYPES.get(field.name, np.int64)
        )
        for field in fields(kind)
    }


def _check_columns(columns: Candidates | Told) -> None:
    """Raise WavesError unless all arrays have the length of the first."""
    count = len(columns.member)
    for field in fields(columns):
        if np.shape(getattr(columns, field.name)) != (count,):
            raise WavesError(field.name, f"an array of {count} elements, as member has")
