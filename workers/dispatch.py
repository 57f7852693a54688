"""The job that a wake-up asks for: some outbox rows, and what follows from them."""

from __future__ import annotations

import time
from typing import Final

from board import delivery, dispatching
from workers.parts import board

#: A job leaves the worker to others after this long; what is left of it gets another.
_LONGEST_S: Final = 30.0


def dispatch(*outbox_ids: int) -> None:
    """Do what the rows ask, one after the other. Rows that they cause get jobs of their own."""
    here, until = board(), time.monotonic() + _LONGEST_S
    with delivery.keeping():
        for done, row_id in enumerate(outbox_ids):
            if time.monotonic() > until:
                here.waker.wake(outbox_ids[done:])
                return
            here.waker.wake(dispatching.dispatch(here, row_id))
