"""What the unsubscribe address of a mail ends: an alert, news of counterparts, or all such mails.

The token is the proof; nothing else is asked (RFC 8058). Doing it twice changes nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from board import alerts, preferences
from board.errors import LinkRefused
from board.listings import Listing, Status
from board.members import Member

if TYPE_CHECKING:
    from board.context import Board


class What(StrEnum):
    """What ends."""

    ALERT = "alert"
    #: News of counterparts of one's own listings.
    POSTERS = "posters"
    #: All mails that tell of listings.
    MAILS = "mails"


def of_posters(board: Board, member_id: int) -> str:
    """The token in a mail that came because of the member's own listing."""
    return board.vault.sign(f"{What.POSTERS}:{member_id}")


def of_mails(board: Board, member_id: int) -> str:
    """The token in a digest."""
    return board.vault.sign(f"{What.MAILS}:{member_id}")


def look(board: Board, token: str) -> What:
    """What this token would end; changes nothing. Raises LinkRefused."""
    return _read(board, token)[0]


def end(board: Board, token: str) -> What:
    """End it. Raises LinkRefused."""
    what, number = _read(board, token)
    if what is What.ALERT:
        alerts.unsubscribe(board, token)
        return what
    with board.db.write() as session:
        if session.get(Member, number) is None:
            return what
        if what is What.MAILS:
            preferences.stop_mails(session, number)
            return what
        own = sa.select(Listing).where(
            Listing.member_id == number, Listing.notify, Listing.status != Status.CLOSED
        )
        for listing in session.scalars(own):
            listing.notify = False
    return what


def _read(board: Board, token: str) -> tuple[What, int]:
    subject = board.vault.verify(token) or ""
    kind, _, number = subject.partition(":")
    if kind not in set(What) or not (number.isascii() and number.isdigit()):
        raise LinkRefused("unknown")
    return What(kind), int(number)
