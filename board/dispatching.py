"""One outbox row from claim to outcome: an event fans out, a mail is composed and delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from board import bounces, delivery, outbox, telling
from board.errors import Unavailable
from board.mails import compose
from board.mails.letter import Later

if TYPE_CHECKING:
    from board.context import Board

_log = structlog.get_logger(__name__)


def dispatch(board: Board, row_id: int) -> list[int]:
    """Do what this outbox row asks, if it is due and nobody else holds it.

    Returns the ids of rows that it caused and that can be dispatched next. Whatever fails is
    recorded on the row, to be tried again later.
    """
    held = outbox.claim(board.db, board.vault, row_id)
    if held is None:
        return []
    try:
        if held.channel == "event":
            return telling.tell(board, held)
        _deliver(board, held)
    except Unavailable:
        # The database is away: the lease ends by itself and the sweeper finds the row.
        raise
    except Later as later:
        outbox.defer(board.db, held, later.until)
    except delivery.Temporary as error:
        status = outbox.postpone(board.db, held, error.reason)
        _log.warning("mail not delivered", row=row_id, reason=error.reason, status=status)
    except Exception as error:
        status = outbox.postpone(board.db, held, type(error).__name__, outbox.MAX_FAILURES)
        _log.exception("dispatch failed", row=row_id, status=status)
    return []


def _deliver(board: Board, held: outbox.Claim) -> None:
    """Compose, recheck, send; no connection to the database is held while sending."""
    message = compose.compose(board, held)
    if message is None:
        _end(board, held, outbox.DROPPED)
        return
    to = bounces.recipient(board, message["To"].addresses[0].addr_spec)
    if to.is_suspended and held.purpose not in bounces.ASKED_FOR:
        _end(board, held, outbox.DROPPED, bounces.SUSPENDED)
        return
    try:
        with delivery.renewing(board, held):
            delivery.send(board.settings, message, return_path=bounces.return_path(board, to))
    except delivery.Refused as error:
        _log.warning("mail refused", row=held.id, reason=error.reason)
        bounces.note_refusal(board, to, error.of_address)
        _end(board, held, outbox.DEAD, error.reason)
        return
    _end(board, held, outbox.SENT)


def _end(board: Board, held: outbox.Claim, status: str, error: str = "") -> None:
    with board.db.write() as session:
        outbox.finish(session, held, status, error)
