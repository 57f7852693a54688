"""The job that a wake-up asks for: one outbox row, and what follows from it."""

from __future__ import annotations

from board import dispatching
from workers.parts import board


def dispatch(outbox_id: int) -> None:
    """Do what the row asks. Rows that it causes get jobs of their own."""
    here = board()
    here.waker.wake(dispatching.dispatch(here, outbox_id))
