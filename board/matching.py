"""The engine's index in this process: a copy of SQL that catches up before each answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from board import alerts, blocks, listings, snapshots, timing
from board.covering import InformationIndex
from board.db import BoardState, Database, Tombstone, now
from board.errors import Unavailable
from board.information import ADMINISTRATIVE
from board.listings import Listing, ListingView
from matcher.alerts import AlertIndex
from matcher.index import Index
from matcher.listing import Listing as EngineListing
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
#: From so many on, listings are put in at once.
_MANY = 20
#: So many changes make a new snapshot worth its while.
_WORTH_SAVING = 1000
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


class LiveIndex:
    """The copies, and the lock that asking and catching up share."""

    def __init__(self, taxonomy: Taxonomy, snapshot: Path | None = None) -> None:
        self._taxonomy = taxonomy
        self._snapshot = snapshot
        self._saved = 0
        self._lock = threading.RLock()
        self._copies: Copies | None = None

    @contextmanager
    def asking(self, db: Database) -> Iterator[Copies]:
        """The copies as of a commit not older than this call; hold it only while asking."""
        if not self._lock.acquire(timeout=LOCK_PATIENCE_S):
            raise Unavailable("the index")
        start = asked = time.perf_counter()
        copies = None
        try:
            with db.read() as session:
                copies = self._catch_up(session)
            asked = time.perf_counter()
            yield copies
        finally:
            if copies is not None:
                timing.add(
                    asking_s=time.perf_counter() - asked,
                    catching_up_s=asked - start,
                    revision=copies.revision,
                )
            self._lock.release()

    def keep(self, db: Database) -> bool:
        """Write the snapshot where there is none, or where much has changed since; whether so."""
        if self._snapshot is None:
            return False
        with self.asking(db) as copies:
            fresh = copies.revision - self._saved < _WORTH_SAVING
            if fresh and self._snapshot.exists():
                return False
            self._save(copies)
            return True

    def save(self, db: Database) -> int:
        """Write the snapshot as of now, while others wait; gives its revision."""
        with self.asking(db) as copies:
            self._save(copies)
            return copies.revision

    def _save(self, copies: Copies) -> None:
        if self._snapshot is not None:
            mark = snapshots.Mark(copies.epoch, copies.revision)
            snapshots.save(self._snapshot, copies.index, mark)
            self._saved = copies.revision

    def _first_copies(self, epoch: str, newest: int) -> Copies:
        """Copies to catch up from: those of the snapshot, or empty ones."""
        if self._snapshot is not None:
            found = snapshots.load(self._snapshot, self._taxonomy, epoch, newest)
            if found is not None:
                index, self._saved = found
                return Copies(index, epoch, self._saved)
        return Copies(Index(self._taxonomy), epoch)

    def _catch_up(self, session: Session) -> Copies:
        # The revision is read first: rows that change meanwhile are read again next time, and
        # none can carry a number at or below it without being visible already.
        epoch, revision = session.execute(sa.select(BoardState.epoch, BoardState.revision)).one()
        copies = self._copies
        if copies is None or copies.epoch != epoch or revision < copies.revision:
            copies = self._first_copies(epoch, revision)
        if revision > copies.revision:
            for source in (_copy_listings, _copy_alerts, _copy_tombstones):
                source(session, copies)
            _log.debug("index caught up", revision=revision, listings=len(copies.index))
            copies.revision = revision
        self._copies = copies
        return copies


def _copy_listings(session: Session, copies: Copies) -> None:
    if copies.revision < copies.listings_revision:
        _copy_information(session, copies)
    since = max(copies.revision, copies.listings_revision)
    for batch in _changed(session, Listing, since):
        categories = listings.categories_of(session, [row.id for row in batch])
        fit = []
        for row in batch:
            if not row.in_index:
                copies.forget(Listing.__tablename__, row.id)
                continue
            try:
                fit.append((row, listings.engine_listing(row, categories[row.id])))
            except listings.UNFIT as error:
                _leave_out(copies, Listing.__tablename__, row.id, error)
        _put_in(copies, fit)


def _put_in(copies: Copies, fit: list[tuple[Listing, EngineListing]]) -> None:
    """Put listings into the index: many at once, or one by one where one of them is refused."""
    if len(fit) >= _MANY:
        try:
            copies.index.upsert_many(listing for _, listing in fit)
        except listings.UNFIT:
            _put_in_singly(copies, fit)
    else:
        _put_in_singly(copies, fit)
    for row, _ in fit:
        if row.kind == Kind.INFO and row.id in copies.index:
            copies.information.upsert(row.id, row.area_countries, row.area)


def _put_in_singly(copies: Copies, fit: list[tuple[Listing, EngineListing]]) -> None:
    for row, listing in fit:
        try:
            copies.index.upsert(listing)
        except listings.UNFIT as error:
            _leave_out(copies, Listing.__tablename__, row.id, error)


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


def counterparts(
    board: Board, public_id: str, k: int = COUNTERPARTS, *, viewer: int | None = None
) -> Counterparts:
    """Ranked counterparts of an open listing; all empty for an ended one.

    Those of whom the member `viewer` has blocked, or was blocked by, are left out. Raises
    ListingNotFound.
    """
    with board.db.read() as session:
        hidden = _hidden(session, viewer)
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
            # What is hidden takes no place away from what is shown.
            query = Query(listing=row, now=int(moment.timestamp()), k=k + len(hidden))
            ranked = _without(copies.index.top_k(query), hidden)[:k]
            if not row.remote and all(match.remote is not None for match in ranked):
                found = copies.index.nearest_beyond(query, NEAREST_BEYOND + len(hidden))
                beyond = _without(found, hidden)[:NEAREST_BEYOND]
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


def _hidden(session: Session, viewer: int | None) -> frozenset[int]:
    """Open listings that this viewer must not see, by id."""
    apart = frozenset() if viewer is None else blocks.blocked_with(session, viewer)
    if not apart:
        return frozenset()
    rows = session.scalars(
        sa.select(Listing.id).where(
            Listing.member_id.in_(apart), Listing.status == listings.Status.OPEN
        )
    )
    return frozenset(rows)


def _without(matches: Sequence[Match], hidden: frozenset[int]) -> Sequence[Match]:
    return [match for match in matches if match.id not in hidden] if hidden else matches


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


def official_answers(board: Board, public_id: str) -> tuple[ListingView, ...]:
    """Official information that answers a request of an administrative subject, at its place.

    It is there before anybody is asked: also while the request waits for its confirmation.
    """
    with board.db.read() as session:
        row = session.scalar(sa.select(Listing).where(Listing.public_id == public_id))
        if row is None or row.kind != Kind.REQUEST:
            return ()
        codes = listings.categories_of(session, [row.id])[row.id]
        moment = now(session)
    wanted = frozenset(board.taxonomy.slug(code) for code in codes) & ADMINISTRATIVE
    if not wanted:
        return ()
    with board.index.asking(board.db) as copies:
        point = Place(row.cell).center if row.cell else None
        covering = copies.information.covering(point, row.country)
    with board.db.read() as session:
        found = _information(session, board, covering, row.id, wanted, moment)
    return tuple(view for view in found if not wanted.isdisjoint(view.categories))


def information_at(
    board: Board, point: tuple[float, float] | None, country: str
) -> tuple[ListingView, ...]:
    """Official information for a reader at (lat, lng), or anywhere in a country."""
    with board.index.asking(board.db) as copies:
        covering = copies.information.covering(point, country)
    with board.db.read() as session:
        return _information(session, board, covering, 0, frozenset(), now(session))
