"""Days as mails write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date

from board import places

if TYPE_CHECKING:
    from board.context import Board


def last_day(board: Board, ends_at: datetime, cell: int | None, locale: str) -> str:
    """The last day of a listing, at its place; a window that ends at midnight ends before it."""
    zone = ZoneInfo("UTC") if cell is None else places.time_zone(board.gazetteer, cell)
    return format_date((ends_at - timedelta(seconds=1)).astimezone(zone), "long", locale=locale)
