"""What one process holds of SQL for the engine, and how it catches up.

Listings, alerts and areas of official information: read in batches by revision. A row that the
engine refuses, after a change by hand, is left out and logged: it must not stop every page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

import matcher.alerts
import matcher.listing
from board import alerts, listings
from board.alerts import Alert
from board.covering import InformationIndex
from board.db import BoardState, Tombstone
from board.listings import Listing
from matcher.alerts import AlertIndex
from matcher.index import Index
from matcher.taxonomy import Kind

_BATCH = 5000
#: From so many on, rows are put in at once.
_MANY = 20
_log = structlog.get_logger(__name__)


class Copies:
    """The three indexes of one revision of one epoch."""

    def __init__(self, index: Index, epoch: str, listings_revision: int = 0) -> None:
        self.epoch = epoch
        self.revision = 0
        #: Up to which revision the index of listings came from a snapshot.
        self.listings_revision = listings_revision
        self.index = index
        self.alerts = AlertIndex()
        self.information = InformationIndex()

    def forget(self, kind: str, row_id: int) -> None:
        """Drop a deleted row."""
        if kind == Listing.__tablename__:
            self.index.remove(row_id)
            self.information.remove(row_id)
        else:
            self.alerts.remove(row_id)

    def leave_out(self, kind: str, row_id: int, error: Exception) -> None:
        """Go on without a row that the engine refuses."""
        self.forget(kind, row_id)
        _log.error("row left out of the index", kind=kind, row=row_id, error=type(error).__name__)

    def catch_up(self, session: Session, revision: int) -> None:
        """Take over what changed since this copy's revision, which becomes the given one."""
        _copy_listings(session, self)
        _copy_alerts(session, self)
        _copy_tombstones(session, self)
        self.revision = revision


def state(session: Session) -> tuple[str, int]:
    """The epoch of the database and the newest revision."""
    epoch, revision = session.execute(sa.select(BoardState.epoch, BoardState.revision)).one()
    return epoch, revision


def listings_changed(session: Session, since: int, most: int) -> int:
    """How many listings were changed or deleted after a revision, counted up to twice `most`.

    These are the rows that a process reads when it starts from a copy of that revision. A revision
    says nothing of them: an import gives thousands of rows one.
    """
    changed = sa.select(Listing.id).where(Listing.revision > since).limit(most)
    deleted = (
        sa.select(Tombstone.id)
        .where(Tombstone.revision > since, Tombstone.kind == Listing.__tablename__)
        .limit(most)
    )
    rows = (changed.subquery(), deleted.subquery())
    return sum(session.scalar(sa.select(sa.func.count()).select_from(each)) or 0 for each in rows)


def listings_deleted(session: Session, since: int) -> bool:
    """Whether a listing was deleted after a revision."""
    found = sa.select(Tombstone.id).where(
        Tombstone.revision > since, Tombstone.kind == Listing.__tablename__
    )
    return session.scalar(found.limit(1)) is not None


def _copy_listings(session: Session, copies: Copies) -> None:
    if copies.revision < copies.listings_revision:
        _copy_information(session, copies)
    since = max(copies.revision, copies.listings_revision)
    for batch in _changed(session, Listing, since):
        categories = listings.categories_of(session, [row.id for row in batch])
        _put_in(copies, copies.index, batch, partial(_engine_listing, categories))
        for row in batch:
            if row.kind == Kind.INFO and row.id in copies.index:
                copies.information.upsert(row.id, row.area_countries, row.area)


def _engine_listing(
    categories: Mapping[int, tuple[int, ...]], row: Listing
) -> matcher.listing.Listing:
    return listings.engine_listing(row, categories[row.id])


def _copy_information(session: Session, copies: Copies) -> None:
    """The areas of the official information that the snapshot of the index holds."""
    rows = session.scalars(
        sa.select(Listing).where(
            Listing.kind == Kind.INFO, Listing.revision <= copies.listings_revision
        )
    )
    for row in rows:
        if row.in_index and row.id in copies.index:
            copies.information.upsert(row.id, row.area_countries, row.area)


def _copy_alerts(session: Session, copies: Copies) -> None:
    for batch in _changed(session, Alert, copies.revision):
        _put_in(copies, copies.alerts, batch, alerts.engine_alert)


def _copy_tombstones(session: Session, copies: Copies) -> None:
    rows = session.execute(
        sa.select(Tombstone.kind, Tombstone.row_id).where(Tombstone.revision > copies.revision)
    )
    for kind, row_id in rows:
        copies.forget(kind, row_id)


_Row = TypeVar("_Row", Listing, Alert)
_Entry = TypeVar("_Entry", matcher.listing.Listing, matcher.alerts.Alert)
_Taken = TypeVar("_Taken", matcher.listing.Listing, matcher.alerts.Alert, contravariant=True)


class _Holder(Protocol[_Taken]):
    """An index of the engine, as what it takes in."""

    def upsert(self, entry: _Taken, /) -> None: ...
    def upsert_many(self, entries: Iterable[_Taken], /) -> None: ...


def _changed(session: Session, model: type[_Row], revision: int) -> Iterator[list[_Row]]:
    """Rows changed since `revision`, in batches."""
    rows = session.scalars(
        sa.select(model)
        .where(model.revision > revision)
        # Asked for in the order of ids, SQLite reads the whole table to find one row.
        .order_by(model.revision, model.id)
        .execution_options(yield_per=_BATCH)
    )
    for batch in rows.partitions(_BATCH):
        yield list(batch)


def _put_in(
    copies: Copies,
    holder: _Holder[_Entry],
    rows: Sequence[_Row],
    fitted: Callable[[_Row], _Entry],
) -> None:
    """Put rows in or take them out: many at once, or one by one where one of them is refused."""
    fit: list[_Entry] = []
    for row in rows:
        if not row.in_index:
            copies.forget(row.__tablename__, row.id)
            continue
        try:
            fit.append(fitted(row))
        except listings.UNFIT as error:
            copies.leave_out(row.__tablename__, row.id, error)
    if len(fit) >= _MANY:
        try:
            holder.upsert_many(fit)
        except listings.UNFIT:
            # Nothing of it is in: one by one it shows which one is refused.
            pass
        else:
            return
    for entry in fit:
        try:
            holder.upsert(entry)
        except listings.UNFIT as error:
            copies.leave_out(rows[0].__tablename__, entry.id, error)
