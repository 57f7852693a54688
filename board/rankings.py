"""Ranked counterparts at any moment, also a past one, for the command line and measurements.

The live index holds what is open now. Here an index is filled with what was open at the moment:
what the board has closed since because its time was over counts, what somebody closed does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from board import listings
from board.audit import AuditEntry
from board.db import now
from board.errors import Invalid, ListingNotFound, Problem
from board.i18n import N_
from board.listings import Listing, Status
from board.sources import ImportedRow
from matcher.index import Index
from matcher.listing import Match, Query
from matcher.taxonomy import Side

if TYPE_CHECKING:
    from board.context import Board

K: Final = 20
K_MAX: Final = 1000
_BATCH: Final = 5000
_log = structlog.get_logger(__name__)
#: Largest id that the databases hold.
_ID_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Named:
    """A listing as a ranking shows it."""

    id: int
    public_id: str
    title: str
    place_name: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """One listing and its counterparts, the best first."""

    listing: Named
    matches: tuple[tuple[Named, Match], ...]


class Rankings:
    """The listings of one moment. They do not change with the board."""

    def __init__(self, index: Index, names: dict[int, Named], moment: datetime) -> None:
        self.index = index
        self.moment = moment
        self._names = names
        self._seconds = int(moment.timestamp())

    @classmethod
    def load(cls, board: Board, at: datetime | None = None) -> Rankings:
        """What was not over at `at`, or is not over now."""
        index, names = Index(board.taxonomy), {}
        with board.db.read() as session:
            moment = now(session) if at is None else at
            for batch in _open_at(session, moment):
                categories = listings.categories_of(session, [row.id for row in batch])
                for row in batch:
                    try:
                        index.upsert(listings.engine_listing(row, categories[row.id]))
                    except listings.UNFIT as error:
                        _log.error("row left out", row=row.id, error=type(error).__name__)
                        continue
                    names[row.id] = Named(row.id, row.public_id, row.title, row.place_name)
        return cls(index, names, moment)

    def of(self, listing: Named, k: int = K) -> Ranking:
        """Counterparts of one listing; none when it was not open."""
        _check_k(k)
        found = self.index.get(listing.id)
        matches = [] if found is None else self.index.top_k(Query(found, self._seconds, k))
        return self._ranking(listing, matches)

    def of_all(self, side: Side, k: int = K) -> Iterator[Ranking]:
        """Counterparts of every listing of a side, by id."""
        _check_k(k)
        for listing_id, matches in self.index.top_k_all(side, self._seconds, k):
            yield self._ranking(self._names[listing_id], matches)

    def _ranking(self, listing: Named, matches: list[Match]) -> Ranking:
        return Ranking(listing, tuple((self._names[match.id], match) for match in matches))


def find(board: Board, reference: str) -> Named:
    """The confirmed listing of a public id, an internal number, or the id of an imported row.

    Raises ListingNotFound, and Invalid when several imported listings have that id.
    """
    reference = reference.strip()
    with board.db.read() as session:
        found = _first(session, Listing.public_id == reference)
        if not found and reference.isascii() and reference.isdecimal():
            number = int(reference) if len(reference) < 20 else _ID_MAX + 1
            found = _first(session, Listing.id == number) if number <= _ID_MAX else []
        if not found:
            found = _first(session, ImportedRow.external_id == reference)
    if not found:
        raise ListingNotFound(reference)
    if len(found) > 1:
        message = N_("Several imported listings have this id. Accepted: one of %(ids)s.")
        ids = ", ".join(each.public_id for each in found)
        raise Invalid([Problem("id", message, {"ids": ids})])
    return found[0]


def _first(session: Session, condition: sa.ColumnElement[bool]) -> list[Named]:
    rows = session.scalars(
        sa.select(Listing)
        .outerjoin(ImportedRow, ImportedRow.id == Listing.imported_row_id)
        .where(condition, Listing.status != Status.PENDING)
        .order_by(Listing.id)
        .limit(5)
    )
    return [Named(row.id, row.public_id, row.title, row.place_name) for row in rows]


def _open_at(session: Session, moment: datetime) -> Iterator[list[Listing]]:
    """Listings whose time was not over, unless somebody closed them; in batches."""
    ended = sa.select(AuditEntry.subject_id).where(
        AuditEntry.action == "listing-closed",
        AuditEntry.subject == Listing.__tablename__,
        AuditEntry.reason == "ended",
    )
    rows: Any = session.scalars(
        sa.select(Listing)
        .where(Listing.ends_at > moment, Listing.places_taken < Listing.places_needed)
        .where(
            sa.or_(
                Listing.status == Status.OPEN,
                sa.and_(Listing.status == Status.CLOSED, Listing.id.in_(ended)),
            )
        )
        .order_by(Listing.id)
        .execution_options(yield_per=_BATCH)
    )
    for batch in rows.partitions(_BATCH):
        yield list(batch)


def _check_k(k: int) -> None:
    if not 1 <= k <= K_MAX:
        message = N_("A number from %(least)g to %(most)g is accepted.")
        raise Invalid([Problem("k", message, {"least": 1, "most": K_MAX})])
