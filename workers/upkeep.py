"""Jobs of the clock: what no wake-up reached, and what is over."""

from __future__ import annotations

import time

from board import dispatching, forgetting, listings, outbox
from workers.parts import board

_BATCH = 500
#: A sweep leaves the worker to others after this long; the next one goes on.
_SWEEP_S = 60.0


def sweep() -> int:
    """Dispatch what is due and held by nobody: wake-ups are only a courtesy."""
    here = board()
    done, until = 0, time.monotonic() + _SWEEP_S
    for row_id in outbox.due_ids(here.db, _BATCH):
        if time.monotonic() > until:
            break
        here.waker.wake(dispatching.dispatch(here, row_id))
        done += 1
    return done


def expire() -> int:
    """Close the listings whose time is over, and forget what nobody confirmed."""
    here = board()
    return listings.close_ended(here) + forgetting.forget_unconfirmed(here)
