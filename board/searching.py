"""Looking for listings: by kind, category, urgency, words, and around a place.

SQL answers words, kind, category and pages; place and radius are the engine's, on both databases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import listings
from board.db import now
from board.errors import Problem
from board.i18n import N_
from board.listings import Listing, ListingCategory, ListingView, Status
from board.validation import Checks, clean_text, finite, fold
from matcher.place import Place, PlaceError
from matcher.taxonomy import Kind, UnknownCategory

if TYPE_CHECKING:
    from board.context import Board

PER_PAGE = 20
#: What one map shows at most; nearer or newer ones come first.
ON_MAP = 2000
RADIUS_KM = (1.0, 500.0)
WORDS_MAX = 100
_LAST_PAGE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFilter:
    """What a reader looks for; None and empty mean any."""

    kind: Kind | None = None
    #: A slug of the taxonomy.
    category: str | None = None
    least_urgency: int = 0
    cell: int | None = None
    radius_km: float | None = None
    words: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of listings: the nearest first where a place is given, else the newest."""

    items: tuple[ListingView, ...]
    #: Metres from the place of the filter, by listing id; empty without a place.
    distances: dict[int, int]
    total: int
    page: int
    pages: int


def search(
    board: Board, wanted: ListingFilter, *, per_page: int = PER_PAGE, viewer: int | None = None
) -> Page:
    """Open listings that pass the filter; raises Invalid for values that are not accepted.

    Those of whom the member `viewer` has blocked, or was blocked by, are left out.
    """
    _check(board, wanted)
    if wanted.cell is None:
        ids, distances = None, {}
    else:
        found = _around(board, wanted)
        ids, distances = [listing_id for listing_id, _ in found], dict(found)
    with board.db.read() as session:
        conditions = _conditions(session, board, wanted)
        hidden = listings.hidden_from(session, viewer)
        if hidden:
            conditions.append(Listing.id.not_in(hidden))
        if ids is None:
            total, chosen = _newest(session, conditions, wanted.page, per_page)
        else:
            if hidden or fold(wanted.words):
                ids = _keeping_words(session, ids, conditions)
            total = len(ids)
            chosen = ids[(wanted.page - 1) * per_page : wanted.page * per_page]
        items = listings.views(session, board, chosen)
    return Page(
        items=tuple(items),
        distances={listing_id: distances[listing_id] for listing_id in chosen if ids is not None},
        total=total,
        page=wanted.page,
        pages=max(1, math.ceil(total / per_page)),
    )


def on_map(board: Board, wanted: ListingFilter, *, viewer: int | None = None) -> Page:
    """As `search`, in one page as large as a map can show."""
    return search(board, wanted, per_page=ON_MAP, viewer=viewer)


def _check(board: Board, wanted: ListingFilter) -> None:
    checks = Checks()
    if wanted.category is not None:
        try:
            board.taxonomy.id(wanted.category)
        except UnknownCategory:
            slug = wanted.category[:40]
            checks.refuse("category", N_("“%(slug)s” is not a category."), slug=slug)
    if wanted.least_urgency not in (0, 1, 2, 3):
        checks.refuse("urgency", N_("Choose how urgent it is, from 0 to 3."))
    with checks.field("q"):
        clean_text(wanted.words, max_length=WORDS_MAX)
    if not 1 <= wanted.page <= _LAST_PAGE:
        checks.refuse(
            "page", N_("A number from %(least)g to %(most)g is accepted."), least=1, most=_LAST_PAGE
        )
    if wanted.cell is not None:
        with checks.field("radius_km"):
            finite(wanted.radius_km, least=RADIUS_KM[0], most=RADIUS_KM[1])
        try:
            Place(wanted.cell)
        except PlaceError:
            checks.problems.append(Problem("cell", N_("This is not a place on the map.")))
    checks.done()


def _around(board: Board, wanted: ListingFilter) -> list[tuple[int, int]]:
    """(id, metres) of what the engine finds around the place, nearest first."""
    with board.db.read() as session:
        moment = int(now(session).timestamp())
    with board.index.asking(board.db) as copies:
        return copies.index.within(
            wanted.cell or 0,
            round((wanted.radius_km or 0) * 1000),
            moment,
            kinds=None if wanted.kind is None else frozenset({wanted.kind}),
            categories=None
            if wanted.category is None
            else frozenset({board.taxonomy.id(wanted.category)}),
            least_urgency=wanted.least_urgency,
        )


def _conditions(session: Session, board: Board, wanted: ListingFilter) -> list[Any]:
    moment: datetime = now(session)
    conditions: list[Any] = [
        Listing.status == Status.OPEN,
        Listing.places_taken < Listing.places_needed,
        Listing.ends_at > moment,
    ]
    if wanted.kind is not None:
        conditions.append(Listing.kind == int(wanted.kind))
    if wanted.least_urgency:
        conditions.append(Listing.urgency >= wanted.least_urgency)
    if wanted.category is not None:
        of_category = sa.select(ListingCategory.listing_id).where(
            ListingCategory.category == board.taxonomy.id(wanted.category)
        )
        conditions.append(Listing.id.in_(of_category))
    words = fold(wanted.words).split()
    if words:
        conditions.append(_says(session, words))
    return conditions


def _says(session: Session, words: list[str]) -> Any:
    """Every word begins some word of the listing; the same on both databases."""
    if session.get_bind().dialect.name == "postgresql":
        query = " & ".join(f"'{word}':*" for word in words)
        return sa.text(
            "to_tsvector('simple', listings.folded) @@ to_tsquery('simple', :words)"
        ).bindparams(words=query)
    query = " ".join(f'"{word}"*' for word in words)
    return sa.text(
        "listings.id IN (SELECT rowid FROM listing_words WHERE listing_words MATCH :words)"
    ).bindparams(words=query)


def _newest(
    session: Session, conditions: list[Any], page: int, per_page: int
) -> tuple[int, list[int]]:
    total = session.scalar(sa.select(sa.func.count(Listing.id)).where(*conditions)) or 0
    ids = session.scalars(
        sa.select(Listing.id)
        .where(*conditions)
        .order_by(Listing.id.desc())
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return total, list(ids)


def _keeping_words(session: Session, ids: list[int], conditions: list[Any]) -> list[int]:
    """Those of `ids`, in their order, that pass the conditions in SQL too."""
    kept = set(session.scalars(sa.select(Listing.id).where(*conditions)))
    return [listing_id for listing_id in ids if listing_id in kept]
