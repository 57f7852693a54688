"""What a policy is given: what a board knows, and nothing of what is true.

These types hold numbers and arrays of their own. No field leads to the world, to the chances or to
the draws; a test follows every reference to be sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Answer(IntEnum):
    """What is known of a message."""

    SILENT = 0
    YES = 1
    NO = 2


@dataclass(frozen=True)
class Candidates:
    """People whose alert a request hits; one element each, the same order at every step."""

    #: Number of the person; these stay the same.
    id: Whole
    #: Cell of the alert, and whole metres from it to the cell of the request.
    cell: Whole
    distance_m: Whole
    #: Whether the alert names the category; otherwise it takes any.
    named: Mask
    #: Messages so far, and what was answered to them.
    told: Whole
    accepted: Whole
    declined: Whole
    declined_category: Whole
    #: Of the messages of the last 14 days, those accepted.
    accepted_lately: Whole
    #: Hour of the last message, minus infinity without one.
    last_told: Array
    #: Messages in the last seven days, and the most that the person allows.
    told_week: Whole
    cap: Whole
    #: Hour at which this request was told to them, NaN when it was not; and their Answer.
    told_at: Array
    answer: Whole


@dataclass(frozen=True)
class Call:
    """A request at the moment of a decision."""

    id: int
    now: float
    category: int
    #: 0 (standing) to 3 (today).
    urgency: int
    places: int
    accepted: int
    opens: float
    ends: float
    cell: int
    area: int
    #: Requests of this area that have ended or been filled so far, and with an acceptance in time.
    area_calls: int
    area_answered: int
    candidates: Candidates


@dataclass(frozen=True)
class Log:
    """Every message so far, one element each, with what has been answered by now."""

    at: Array
    call: Whole
    person: Whole
    distance_m: Whole
    named: Mask
    category: Whole
    urgency: Whole
    #: Messages that the person had had in the seven days before.
    told_week: Whole
    answer: Whole


@dataclass(frozen=True)
class Step:
    """What a policy wants: tell these now, and be asked again at an hour (or on an answer)."""

    #: Positions among the candidates.
    tell: Whole
    #: None: not asked again.
    look_again: float | None = None


class Policy(Protocol):
    """Decides whom to tell."""

    def learn(self, log: Log, now: float) -> None:
        """Called at the end of each week."""

    def step(self, call: Call) -> Step:
        """Called when a request opens, at each hour asked for and after each answer in between."""
