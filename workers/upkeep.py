"""Jobs of the clock: what no wake-up reached, and what is over."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from board import (
    delivery,
    digests,
    dispatching,
    extensions,
    forgetting,
    information,
    listings,
    outbox,
    passkeys,
    readers,
    sessions,
    sign_in,
    tallying,
)
from board.context import Board
from board.errors import Unavailable
from board.snapshots import NotWritten
from board.waking import TOGETHER
from workers.parts import board

_log = structlog.get_logger(__name__)

_BATCH = 500
#: A sweep, or forgetting, leaves the worker to others after this long; the next one goes on.
_SWEEP_S = 60.0


def sweep() -> int:
    """Dispatch what is due and held by nobody: wake-ups are only a courtesy."""
    here = board()
    done, until = 0, time.monotonic() + _SWEEP_S
    due = outbox.due_ids(here.db, _BATCH)
    with delivery.keeping():
        for start in range(0, len(due), TOGETHER):
            if time.monotonic() > until:
                break
            part = due[start : start + TOGETHER]
            # One that nobody can dispatch may not keep back those beside it.
            done += _swept(here, *part) or sum(_swept(here, row_id) for row_id in part)
    return done


def _swept(here: Board, *row_ids: int) -> int:
    """How many rows were dispatched: all of these, or none."""
    try:
        here.waker.wake(dispatching.dispatch(here, *row_ids))
    except Unavailable:
        # The database is away for all rows, not for these.
        raise
    except Exception:
        _log.exception("left out of the sweep", rows=row_ids)
        return 0
    return len(row_ids)


def snapshot() -> bool:
    """Keep the index in its file, so that processes start from it; whether it was written."""
    here = board()
    try:
        return here.index.keep(here.db)
    except NotWritten as error:
        # Processes start without it, only later.
        _log.error("snapshot not written", path=str(error.path), reason=error.reason)
        return False


def expire() -> int:
    """Ask what is still needed, close what is over; forget dead sessions and the unconfirmed.

    Organisations are reminded of what ends soon, and readers of past days become numbers.
    """
    here = board()
    asked = extensions.ask(here) + information.remind_ending(here)
    closed = listings.close_ended(here) + extensions.close_rested(here)
    forgotten = (
        forgetting.forget_unconfirmed(here)
        + sessions.forget_dead(here)
        + sign_in.forget_old(here)
        + passkeys.forget_old(here)
        + readers.forget_days(here)
    )
    return asked + closed + forgotten


def forget() -> int:
    """Count the needs of the day, then delete what is kept for too long; returns how many rows.

    What is to be deleted is counted before. Where that fails, it is deleted all the same: to forget
    is a promise, a figure is none.
    """
    try:
        tallying.count(board())
    except Exception:
        _log.exception("needs not counted")
    return _until_none_is_left(forgetting.forget)


def digest() -> int:
    """Write the digests that are due; returns for how many members."""
    return _until_none_is_left(digests.write)


def _until_none_is_left(some: Callable[[Board], int]) -> int:
    """Do a part at a time while there is one and time for it; returns how much was done."""
    here = board()
    done, until = 0, time.monotonic() + _SWEEP_S
    while time.monotonic() < until and (part := some(here)):
        done += part
    return done
