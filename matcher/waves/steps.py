"""What is to be done next, as data."""

from dataclasses import dataclass
from enum import StrEnum


class Because(StrEnum):
    """Why somebody is told."""

    #: Value: whole metres.
    NEAR = "near"
    #: The alert names the category.
    NAMED = "named"
    #: Value: how often an earlier message was answered with yes.
    SAID_YES = "said_yes"
    #: Value: whole days since the last message; None when there was none.
    RESTED = "rested"
    #: Few calls around here are answered.
    SELDOM_ANSWERED = "seldom_answered"
    #: It is for today.
    URGENT = "urgent"
    #: Nearer or better known people were not enough; value: number of the wave, from 1.
    WIDENED = "widened"


@dataclass(frozen=True, slots=True)
class Why:
    """One reason, with its number where it has one."""

    because: Because
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Somebody to tell. Keep `chance` and `usual` with what is sent: later plans ask for them."""

    member: int
    #: Estimated chance of an acceptance, with fairness: what the order follows.
    promise: float
    #: Without fairness, in 0 to 1.
    chance: float
    #: Without the member's own record, in 0 to 1.
    usual: float
    why: tuple[Why, ...]


class StopReason(StrEnum):
    """Why nobody more is told."""

    ENOUGH = "enough"
    END_NEAR = "end_near"
    NOBODY_LEFT = "nobody_left"
    #: All who are left have had as many messages this week as they allow.
    CAPS = "caps"


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell these now, by promise; look again at `until` or at an answer."""

    messages: tuple[Message, ...]
    until: int
    #: Number of the wave, from 1, and rings of cells that it reaches out to.
    wave: int
    rings: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Tell nobody; look again at `until` or at an answer."""

    until: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Tell nobody any more. Acceptances of those told may still come."""

    reason: StopReason


Step = Tell | Wait | Stop
