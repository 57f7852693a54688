"""The engine's index in this process: a copy of SQL that catches up before each answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from board import alerts, listings
from board.db import BoardState, Database, Tombstone, now
from board.errors import Unavailable
from board.information import InformationIndex
from board.listings import Listing, ListingView
from matcher.alerts import AlertIndex
from matcher.index import Index
from matcher.listing import Match, Query
from matcher.place import Place
from matcher.taxonomy import Kind, Taxonomy

if TYPE_CHECKING:
    from board.context import Board

COUNTERPARTS = 20
NEAREST_BEYOND = 5
INFORMATION_SHOWN = 5
#: How long a question waits for another one, which may be catching up with much.
LOCK_PATIENCE_S = 10.0
_BATCH = 5000
_log = structlog.get_logger(__name__)


class Copies:
    """The three indexes of one revision of one epoch."""

    def __init__(self, taxonomy: Taxonomy, epoch: str) -> None:
        self.epoch = epoch
        self.revision = 0
        self.index = Index(taxonomy)
        self.alerts = AlertIndex()
        self.information = InformationIndex()

    def forget(self, kind: str, row_id: int) -> None:
        """Drop a deleted row."""
        if kind == Listing.__tablename__:
            self.index.remove(row_id)
            self.information.remove(row_id)
        else:
            self.alerts.remove(row_id)


class LiveIndex:
    """The copies, and the lock that asking and catching up share."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._lock = threading.RLock()
        self._copies: Copies | None = None

    @contextmanager
    def asking(self, db: Database) -> Iterator[Copies]:
        """The copies as of a commit not older than this call; hold it only while asking."""
        if not self._lock.acquire(timeout=LOCK_PATIENCE_S):
            raise Unavailable("the index")
        try:
            with db.read() as session:
                copies = self._catch_up(session)
            yield copies
        finally:
            self._lock.release()

    def _catch_up(self, session: Session) -> Copies:
        # The revision is read first: rows that change meanwhile are read again next time, and
        # none can carry a number at or below it without being visible already.
        epoch, revision = session.execute(sa.select(BoardState.epoch, BoardState.revision)).one()
        copies = self._copies
        if copies is None or copies.epoch != epoch or revision < copies.revision:
            copies = Copies(self._taxonomy, epoch)
        if revision > copies.revision:
            for source in (_copy_listings, _copy_alerts, _copy_tombstones):
                source(session, copies)
            _log.debug("index caught up", revision=revision, listings=len(copies.index))
            copies.revision = revision
        self._copies = copies
        return copies


def _copy_listings(session: Session, copies: Copies) -> None:
    changed = _changed(session, Listing, copies.revision)
    for batch in changed:
        categories = listings.categories_of(session, [row.id for row in batch])
        for row in batch:
            if not row.in_index:
                copies.forget(Listing.__tablename__, row.id)
                continue
            try:
                copies.index.upsert(listings.engine_listing(row, categories[row.id]))
            except listings.UNFIT as error:
                _leave_out(copies, Listing.__tablename__, row.id, error)
                continue
            if row.kind == Kind.INFO:
                copies.information.upsert(row.id, row.area_countries, row.area)


def _copy_alerts(session: Session, copies: Copies) -> None:
    for batch in _changed(session, alerts.Alert, copies.revision):
        for row in batch:
            if not row.in_index:
                copies.alerts.remove(row.id)
                continue
            try:
                copies.alerts.upsert(alerts.engine_alert(row))
            except listings.UNFIT as error:
                _leave_out(copies, alerts.Alert.__tablename__, row.id, error)


def _leave_out(copies: Copies, kind: str, row_id: int, error: Exception) -> None:
    """Go on without a row that the engine refuses: one bad row must not stop every page."""
    copies.forget(kind, row_id)
    _log.error("row left out of the index", kind=kind, row=row_id, error=type(error).__name__)


def _copy_tombstones(session: Session, copies: Copies) -> None:
    rows = session.execute(
        sa.select(Tombstone.kind, Tombstone.row_id).where(Tombstone.revision > copies.revision)
    )
    for kind, row_id in rows:
        copies.forget(kind, row_id)


_Row = TypeVar("_Row", Listing, alerts.Alert)


def _changed(session: Session, model: type[_Row], revision: int) -> Iterator[list[_Row]]:
    """Rows changed since `revision`, in batches."""
    rows = session.scalars(
        sa.select(model)
        .where(model.revision > revision)
        .order_by(model.id)
        .execution_options(yield_per=_BATCH)
    )
    for batch in rows.partitions(_BATCH):
        yield list(batch)


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A listing that matches, and the terms of the match."""

    listing: ListingView
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparts:
    """What the page of a listing offers, in the order in which it offers it."""

    matches: tuple[Counterpart, ...]
    #: Official information that covers the place, the same category first.
    information: tuple[ListingView, ...]
    #: Remote counterparts; apart only where no local one was found.
    remote: tuple[Counterpart, ...] = ()
    #: The nearest beyond the radius; only where nothing else matches.
    beyond: tuple[Counterpart, ...] = ()


def counterparts(board: Board, public_id: str, k: int = COUNTERPARTS) -> Counterparts:
    """Ranked counterparts of an open listing; all empty for an ended one.

    Raises ListingNotFound.
    """
    with board.db.read() as session:
        listing = listings.find(session, public_id)
        categories = listings.categories_of(session, [listing.id])[listing.id]
        moment = now(session)
    try:
        row = listings.engine_listing(listing, categories)
        wanted = frozenset(board.taxonomy.slug(code) for code in categories)
    except listings.UNFIT as error:
        _log.error("listing cannot be matched", row=listing.id, error=type(error).__name__)
        return Counterparts(matches=(), information=())
    ranked: Sequence[Match] = ()
    beyond: Sequence[Match] = ()
    with board.index.asking(board.db) as copies:
        covering = copies.information.covering(
            Place(row.cell).center if row.cell else None, row.country
        )
        if listing.in_index and row.kind is not Kind.INFO:
            query = Query(listing=row, now=int(moment.timestamp()), k=k)
            ranked = copies.index.top_k(query)
            if not row.remote and all(match.remote is not None for match in ranked):
                beyond = copies.index.nearest_beyond(query, NEAREST_BEYOND)
    with board.db.read() as session:
        matches = _with_views(session, board, ranked)
        remote = ()
        if not row.remote and all(each.match.remote is not None for each in matches):
            matches, remote = (), matches
        return Counterparts(
            matches=matches,
            information=_information(session, board, covering, row.id, wanted, moment),
            remote=remote,
            beyond=_with_views(session, board, beyond),
        )


def _with_views(
    session: Session, board: Board, matches: Sequence[Match]
) -> tuple[Counterpart, ...]:
    found = {
        view.id: view
        for view in listings.views(session, board, [match.id for match in matches])
        if view.state == "open"
    }
    return tuple(Counterpart(found[match.id], match) for match in matches if match.id in found)


def _information(
    session: Session,
    board: Board,
    ids: Sequence[int],
    own_id: int,
    wanted: frozenset[str],
    moment: datetime,
) -> tuple[ListingView, ...]:
    """Valid official information among `ids`, that of a wanted category first, newest first."""
    valid = [
        view
        for view in listings.views(session, board, [each for each in ids if each != own_id])
        if view.state == "open" and view.starts_at <= moment
    ]
    valid.sort(key=lambda view: (wanted.isdisjoint(view.categories), -view.id))
    return tuple(valid[:INFORMATION_SHOWN])


def information_at(
    board: Board, point: tuple[float, float] | None, country: str
) -> tuple[ListingView, ...]:
    """Official information for a reader at (lat, lng), or anywhere in a country."""
    with board.index.asking(board.db) as copies:
        covering = copies.information.covering(point, country)
    with board.db.read() as session:
        return _information(session, board, covering, 0, frozenset(), now(session))
