"""How long the engine took for the answer that is being made, for those who show it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class EngineTime:
    """What the engine did for one answer."""

    #: Seconds of questions, and of catching up before them.
    asking_s: float = 0.0
    catching_up_s: float = 0.0
    #: Revision of the copy that was asked last; None when none was.
    revision: int | None = None


_current: ContextVar[EngineTime | None] = ContextVar("engine_time", default=None)


def start() -> None:
    """Begin to count for a new answer."""
    _current.set(EngineTime())


def spent() -> EngineTime | None:
    """What was counted since `start`; None where nobody counts."""
    return _current.get()


def add(*, asking_s: float, catching_up_s: float, revision: int) -> None:
    """Count one use of the engine."""
    time = _current.get()
    if time is not None:
        time.asking_s += asking_s
        time.catching_up_s += catching_up_s
        time.revision = revision
