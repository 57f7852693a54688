"""Days that people type and the moments they mean at a place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from board.context import Board
from board.db import now
from board.i18n import N_
from board.places import time_zone
from board.validation import Refused

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def today(board: Board) -> date:
    """Today in UTC, by the database's clock."""
    with board.db.read() as session:
        return now(session).date()


def parse_day(text: str | None) -> date:
    """The day written as year-month-day; raises Refused."""
    typed = (text or "").strip()
    try:
        if not _DAY.fullmatch(typed):
            raise ValueError(typed)
        return date.fromisoformat(typed)
    except ValueError:
        raise Refused(N_("A date such as 2026-12-31 (year-month-day) is accepted.")) from None


def zone_of(board: Board, cell: int | None) -> ZoneInfo:
    """Time zone of the town nearest to a cell; UTC where there is none."""
    if cell is None:
        return ZoneInfo("UTC")
    return time_zone(board.gazetteer, cell)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day is over in a zone, in UTC; raises Refused at the end of time."""
    try:
        return start_of(day + timedelta(days=1), zone)
    except OverflowError:
        raise Refused(N_("A date such as 2026-12-31 (year-month-day) is accepted.")) from None
