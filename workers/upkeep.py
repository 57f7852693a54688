"""Jobs of the clock: what no wake-up reached, and what is over."""

from __future__ import annotations

import time

import structlog

from board import dispatching, forgetting, information, listings, outbox, readers, sessions
from board.errors import Unavailable
from workers.parts import board

_log = structlog.get_logger(__name__)

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
        try:
            here.waker.wake(dispatching.dispatch(here, row_id))
        except Unavailable:
            # The database is away for all rows, not for this one.
            raise
        except Exception:
            _log.exception("a row was left out of the sweep", row=row_id)
            continue
        done += 1
    return done


def snapshot() -> bool:
    """Keep the index in its file, so that processes start from it; whether it was written."""
    here = board()
    return here.index.keep(here.db)


def expire() -> int:
    """Close the listings whose time is over; forget dead sessions and what nobody confirmed.

    Organisations are reminded of what ends soon, and readers of past days become numbers.
    """
    here = board()
    information.remind_ending(here)
    forgotten = forgetting.forget_unconfirmed(here) + sessions.forget_dead(here)
    forgotten += readers.forget_days(here)
    return listings.close_ended(here) + forgotten
