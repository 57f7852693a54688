"""Outbox rows from claim to outcome: an event fans out, all else goes out on its channel."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import structlog

from board import channels, delivery, outbox, waves
from board.errors import Unavailable
from board.loader import Loader
from board.mails.letter import Dropped, Later

if TYPE_CHECKING:
    from board.context import Board

_log = structlog.get_logger(__name__)

#: Rows of one call that were not begun after this long are let go, for others to take.
_LONGEST_S: Final = 30.0
#: What was prepared longer ago is prepared anew before it is sent: its reason may be gone.
_FRESH_S: Final = 0.5


@dataclass
class _Delivery:
    """A row on its way out."""

    board: Board
    held: outbox.Claim
    #: What it sends, as things stood at `read_at` (of `time.monotonic`); None: nothing any more.
    parcel: Any = None
    read_at: float = -math.inf

    @cached_property
    def channel(self) -> channels.Channel[Any]:
        return channels.of(self.held)

    def prepare(self, loader: Loader, read_at: float) -> None:
        """Find what it sends now; raises what says that it sends nothing now."""
        self.parcel = self.channel.prepare(loader, self.held)
        self.read_at = read_at

    def prepare_and_send(self) -> None:
        """All that a row alone needs."""
        self._prepare_alone()
        with delivery.renewing(self.board, [self.held]):
            outcome = self._send()
        _end(self.board, self.held, *outcome)

    def send_fresh(self) -> None:
        """Send what was prepared with others, if that was just now; its lease is kept for it."""
        if time.monotonic() - self.read_at > _FRESH_S:
            self._prepare_alone()
        _end(self.board, self.held, *self._send())

    def _send(self) -> tuple[str, str]:
        """Send what was prepared, or nothing; the status and error to record.

        No connection to the database is held meanwhile.
        """
        if self.parcel is None:
            return outbox.DROPPED, ""
        try:
            self.channel.send(self.board, self.held, self.parcel)
        except delivery.Refused as error:
            _log.warning(
                "refused", row=self.held.id, channel=self.held.channel, reason=error.reason
            )
            return outbox.DEAD, error.reason
        return outbox.SENT, ""

    def _prepare_alone(self) -> None:
        # Chosen with no connection held.
        self.channel  # noqa: B018
        with self.board.db.read() as session:
            self.prepare(Loader(session, self.board, [self.held]), time.monotonic())


def dispatch(board: Board, *row_ids: int) -> list[int]:
    """Do what these outbox rows ask, where they are due and nobody else holds them.

    Returns the ids of rows that can be dispatched next: those that they caused, and those for which
    there was no time. Whatever fails is recorded on its row, to be tried again later.
    """
    until = time.monotonic() + _LONGEST_S
    with delivery.keeping():
        # An event has no part in it, and a row alone gains nothing.
        together = _claim_together(board, row_ids) if row_ids[1:] else []
        next_ids = _deliver_together(board, together, until)
        done = {held.id for held in together}
        for row_id in (each for each in row_ids if each not in done):
            if time.monotonic() > until:
                next_ids.append(row_id)
            else:
                next_ids += _dispatch_one(board, row_id)
    return next_ids


def _claim_together(board: Board, row_ids: Sequence[int]) -> list[outbox.Claim]:
    return outbox.claim_together(board.db, board.vault, row_ids, lasts=_lease(board))


def _lease(board: Board) -> timedelta:
    return timedelta(seconds=board.settings.lease_s)


def _dispatch_one(board: Board, row_id: int) -> list[int]:
    held = outbox.claim(board.db, board.vault, row_id, lasts=_lease(board))
    if held is None:
        return []
    if held.channel == outbox.EVENT:
        return _recorded(board, held, lambda: waves.opened(board, held)) or []
    _recorded(board, held, _Delivery(board, held).prepare_and_send)
    return []


def _deliver_together(board: Board, rows: Sequence[outbox.Claim], until: float) -> list[int]:
    """Prepare all at once, send one after the other; the ids of those that were let go."""
    deliveries = [_Delivery(board, held) for held in rows]
    if not deliveries:
        return []
    _prepare(board, deliveries)
    with delivery.renewing(board, rows):
        for number, each in enumerate(deliveries):
            if time.monotonic() > until:
                outbox.release(board.db, rows[number:])
                return [held.id for held in rows[number:]]
            _recorded(board, each.held, each.send_fresh)
    return []


def _prepare(board: Board, deliveries: Sequence[_Delivery]) -> None:
    """Prepare what can be, in one unit. A row that fails is left to a try of its own."""
    try:
        rows = [each.held for each in deliveries if each.channel]
        with board.db.read() as session:
            loader, read_at = Loader(session, board, rows), time.monotonic()
            for each in deliveries:
                with contextlib.suppress(Dropped, Later, outbox.PayloadGone):
                    each.prepare(loader, read_at)
    except Unavailable:
        raise
    except Exception as error:
        # The unit may be of no use any more; whose fault it was, its own try tells.
        _log.warning("not prepared together", rows=len(deliveries), error=type(error).__name__)


def _recorded(
    board: Board, held: outbox.Claim, action: Callable[[], list[int] | None]
) -> list[int] | None:
    """Act on a row; what fails is recorded on it."""
    try:
        return action()
    except Unavailable:
        # The database is away: the lease ends by itself and the sweeper finds the row.
        raise
    except outbox.PayloadGone:
        _log.warning("its content is gone", row=held.id)
        _end(board, held, outbox.DROPPED, outbox.PayloadGone.__name__)
    except Dropped as dropped:
        _end(board, held, outbox.DROPPED, dropped.reason)
    except Later as later:
        outbox.defer(board.db, held, later.until)
    except delivery.Temporary as error:
        status = outbox.postpone(board.db, held, error.reason, at_least=error.wait)
        _log.warning(
            "not delivered",
            row=held.id,
            channel=held.channel,
            reason=error.reason,
            status=status,
        )
    except Exception as error:
        status = outbox.postpone(board.db, held, type(error).__name__, outbox.MAX_FAILURES)
        _log.exception("dispatch failed", row=held.id, status=status)
    return None


def _end(board: Board, held: outbox.Claim, status: str, error: str = "") -> None:
    with board.db.write() as session:
        outbox.finish(session, held, status, error)
