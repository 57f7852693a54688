"""What is kept of needs when listings are forgotten: numbers of a week, a country and a category.

No row says whose a need was. `tallying` and `unmet` write them, in parts; `statistics` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base

#: Key of the advisory lock under which figures are written; any constant of our own.
_LOCK: Final = 0x4669_6775
#: Rows that one unit of work replaces: others wait for a tenth of a second.
_BATCH: Final = 1000

#: The columns of a row to be written.
Values: TypeAlias = dict[str, Any]

#: In the place of a category: every need once, whatever its categories are.
EVERY: Final = -1

_DEMO: Final = "of the demonstration: nothing of it happened"
_WEEK: Final = "its Monday, in UTC"
_COUNTRY: Final = "of the cell; empty for none"
_CATEGORY: Final = "id in data/reference/taxonomy.json; -1 for every need once"


class Figure(Base):
    """The needs that were published in one week, and what had come of them three weeks later."""

    __tablename__ = "figures"
    demo: Mapped[bool] = mapped_column(sa.Boolean, primary_key=True, comment=_DEMO)
    week: Mapped[date] = mapped_column(sa.Date, primary_key=True, comment=_WEEK)
    country: Mapped[str] = mapped_column(sa.String(2), primary_key=True, comment=_COUNTRY)
    category: Mapped[int] = mapped_column(
        sa.SmallInteger,
        primary_key=True,
        autoincrement=False,
        comment=_CATEGORY,
    )
    requests: Mapped[int] = mapped_column(sa.Integer)
    answered: Mapped[int] = mapped_column(sa.Integer)
    met: Mapped[int] = mapped_column(sa.Integer)
    messages: Mapped[int] = mapped_column(sa.Integer, comment="that told people of these requests")


class FigureWait(Base):
    """How many of these needs had their first answer after so many minutes."""

    __tablename__ = "figure_waits"
    demo: Mapped[bool] = mapped_column(sa.Boolean, primary_key=True, comment=_DEMO)
    week: Mapped[date] = mapped_column(sa.Date, primary_key=True, comment=_WEEK)
    country: Mapped[str] = mapped_column(sa.String(2), primary_key=True, comment=_COUNTRY)
    category: Mapped[int] = mapped_column(
        sa.SmallInteger, primary_key=True, autoincrement=False, comment=_CATEGORY
    )
    minutes: Mapped[int] = mapped_column(
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        comment="rounded: no exact moment of an answer is kept",
    )
    answers: Mapped[int] = mapped_column(sa.Integer)


class UnmetNeeds(Base):
    """How many requests of an area looked for somebody when the day began."""

    __tablename__ = "unmet_needs"
    demo: Mapped[bool] = mapped_column(sa.Boolean, primary_key=True, comment=_DEMO)
    cell: Mapped[int] = mapped_column(
        sa.BigInteger, primary_key=True, autoincrement=False, comment="a coarse H3 cell"
    )
    country: Mapped[str] = mapped_column(sa.String(2), primary_key=True, comment=_COUNTRY)
    category: Mapped[int] = mapped_column(
        sa.SmallInteger, primary_key=True, autoincrement=False, comment=_CATEGORY
    )
    needs: Mapped[int] = mapped_column(sa.Integer)


class CountedDay(Base):
    """The day at whose beginning things stood as they were counted last; one row at most."""

    __tablename__ = "counted_days"
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)


def lock(session: Session) -> None:
    """Two workers that count at once write one after the other."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def insert(session: Session, model: type[Any], rows: Sequence[Values]) -> None:
    """Write rows, or none."""
    if rows:
        session.execute(sa.insert(model), rows)


def parts(rows: Sequence[Values], name: str) -> list[list[Values]]:
    """Rows in parts of about `_BATCH`; those with the same value of a column stay together."""
    found: list[list[Values]] = []
    for _, group in groupby(rows, key=lambda row: row[name]):
        if not found or len(found[-1]) >= _BATCH:
            found.append([])
        found[-1] += group
    return found
