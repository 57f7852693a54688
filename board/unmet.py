"""Counts requests that nobody has met yet, once a day, by area: where help is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board.db import now
from board.figures import EVERY, UnmetNeeds, Values, insert, lock, parts
from board.listings import Listing, ListingCategory, Status
from matcher.place import Place, PlaceError
from matcher.taxonomy import Kind, Reach

if TYPE_CHECKING:
    from board.context import Board

#: Of the areas of unmet needs: about 45 km across, a town with what surrounds it.
RESOLUTION: Final = 4


def count(board: Board) -> None:
    """Count the requests that looked for somebody when the day began, by area.

    Areas are replaced some in each unit of work, so that nobody waits long for the database.
    """
    with board.db.read() as session:
        found = _unmet(session, midnight(now(session).date()))
    names = ("demo", "cell", "country", "category", "needs")
    by_cell = sorted(found.items(), key=lambda item: item[0][1])
    rows: list[Values] = [dict(zip(names, (*key, needs), strict=True)) for key, needs in by_cell]
    done = 0
    for part in parts(rows, "cell") or [[]]:
        rest = not rows or part[-1] is rows[-1]
        upto = sa.true() if rest else UnmetNeeds.cell <= part[-1]["cell"]
        with board.db.write() as session:
            lock(session)
            session.execute(sa.delete(UnmetNeeds).where(UnmetNeeds.cell > done, upto))
            insert(session, UnmetNeeds, part)
        done = done if rest else part[-1]["cell"]


def of_members() -> tuple[sa.ColumnElement[bool], ...]:
    """Somebody's request, who can be answered here."""
    return (
        Listing.kind == Kind.REQUEST,
        Listing.demo.is_(False),
        Listing.imported_row_id.is_(None),
        Listing.member_id.is_not(None),
    )


def midnight(day: date) -> datetime:
    """The beginning of a day (UTC)."""
    return datetime.combine(day, time(), UTC)


def _unmet(session: Session, moment: datetime) -> Mapping[tuple[bool, int, str, int], int]:
    """(demonstration, area, country, category) → open requests with a place that is not taken."""
    key = (Listing.demo, Listing.cell, Listing.country)
    open_ = (
        Listing.status == Status.OPEN,
        Listing.ends_at > moment,
        # The demonstration has no yesterday.
        sa.or_(Listing.opened_at < moment, Listing.demo),
        Listing.kind == Kind.REQUEST,
        Listing.reach == Reach.LOCAL,
        Listing.cell.is_not(None),
        Listing.places_taken < Listing.places_needed,
        sa.or_(Listing.demo, sa.and_(*of_members())),
    )
    every = sa.select(*key, sa.literal(EVERY), sa.func.count()).where(*open_).group_by(*key)
    each = (
        sa.select(*key, ListingCategory.category, sa.func.count())
        .join(ListingCategory, ListingCategory.listing_id == Listing.id)
        .where(*open_)
        .group_by(*key, ListingCategory.category)
    )
    found: dict[tuple[bool, int, str, int], int] = defaultdict(int)
    areas: dict[int | None, int | None] = {}
    for query in (every, each):
        for demo, cell, country, category, needs in session.execute(query):
            if cell not in areas:
                areas[cell] = _area(cell)
            area = areas[cell]
            if area is not None:
                found[demo, area, country, category] += needs
    return found


def _area(cell: int | None) -> int | None:
    """The coarse cell around a cell; None for what an intervention by hand has left as none."""
    try:
        return Place(cell or 0).coarsened(RESOLUTION).cell
    except PlaceError:
        return None
