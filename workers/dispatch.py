"""The job that a wake-up asks for: some outbox rows, and what follows from them."""

from __future__ import annotations

from board import dispatching
from workers.parts import board


def dispatch(*outbox_ids: int) -> None:
    """Do what the rows ask. Rows that they cause get jobs of their own."""
    here = board()
    here.waker.wake(dispatching.dispatch(here, *outbox_ids))
