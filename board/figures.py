"""What is kept of needs when listings are forgotten: numbers of a week, a country and a category.

No row says whose a need was. `tallying` writes them, `statistics` reads them.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from board.db import Base

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
