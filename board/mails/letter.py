"""What a mail says, before it is wrapped into headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from board import places

if TYPE_CHECKING:
    from board.context import Board


@dataclass(frozen=True, slots=True)
class Letter:
    """Recipient, subject and values of one mail."""

    #: None for a member without an address: nothing is sent.
    to: str | None
    subject: str
    template: str
    values: dict[str, Any]
    #: Address that ends the subscription by RFC 8058, where there is one.
    unsubscribe_url: str = ""
    #: Whom an answer to this mail reaches; the board itself reads none.
    reply_to: str = ""
    subject_params: dict[str, str] = field(default_factory=dict)


def last_day(board: Board, ends_at: datetime, cell: int | None, locale: str) -> str:
    """The last day of a listing, at its place; a window that ends at midnight ends before it."""
    zone = ZoneInfo("UTC") if cell is None else places.time_zone(board.gazetteer, cell)
    return format_date((ends_at - timedelta(seconds=1)).astimezone(zone), "long", locale=locale)
