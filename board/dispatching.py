"""One outbox row from claim to outcome: an event fans out, all else goes out on its channel."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from board import channels, delivery, outbox, waves
from board.errors import Unavailable
from board.mails.letter import Dropped, Later

if TYPE_CHECKING:
    from board.context import Board

_log = structlog.get_logger(__name__)


def dispatch(board: Board, row_id: int) -> list[int]:
    """Do what this outbox row asks, if it is due and nobody else holds it.

    Returns the ids of rows that it caused and that can be dispatched next. Whatever fails is
    recorded on the row, to be tried again later.
    """
    lasts = timedelta(seconds=board.settings.lease_s)
    held = outbox.claim(board.db, board.vault, row_id, lasts=lasts)
    if held is None:
        return []
    try:
        if held.channel == outbox.EVENT:
            return waves.opened(board, held)
        _deliver(board, held)
    except Unavailable:
        # The database is away: the lease ends by itself and the sweeper finds the row.
        raise
    except outbox.PayloadGone:
        _log.warning("its content is gone", row=row_id)
        _end(board, held, outbox.DROPPED, outbox.PayloadGone.__name__)
    except Dropped as dropped:
        _end(board, held, outbox.DROPPED, dropped.reason)
    except Later as later:
        outbox.defer(board.db, held, later.until)
    except delivery.Temporary as error:
        status = outbox.postpone(board.db, held, error.reason, at_least=error.wait)
        _log.warning(
            "not delivered",
            row=row_id,
            channel=held.channel,
            reason=error.reason,
            status=status,
        )
    except Exception as error:
        status = outbox.postpone(board.db, held, type(error).__name__, outbox.MAX_FAILURES)
        _log.exception("dispatch failed", row=row_id, status=status)
    return []


def _deliver(board: Board, held: outbox.Claim) -> None:
    """Prepare, which rechecks, and send; no connection to the database is held while sending."""
    channel = channels.of(held)
    parcel = channel.prepare(board, held)
    if parcel is None:
        _end(board, held, outbox.DROPPED)
        return
    try:
        with delivery.renewing(board, held):
            channel.send(board, held, parcel)
    except delivery.Refused as error:
        _log.warning("refused", row=held.id, channel=held.channel, reason=error.reason)
        _end(board, held, outbox.DEAD, error.reason)
        return
    _end(board, held, outbox.SENT)


def _end(board: Board, held: outbox.Claim, status: str, error: str = "") -> None:
    with board.db.write() as session:
        outbox.finish(session, held, status, error)
