"""The engine's index in this process: a copy of SQL that catches up before each answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from board import listings, snapshots, timing
from board.copies import Copies, listings_changed, listings_deleted, state
from board.db import Database, now
from board.errors import Unavailable
from board.information import ADMINISTRATIVE
from board.listings import Listing, ListingView
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
#: So many listings that changed make a new snapshot worth its while.
_WORTH_SAVING = 1000
_log = structlog.get_logger(__name__)


class LiveIndex:
    """The copies, and the lock that asking and catching up share."""

    def __init__(self, taxonomy: Taxonomy, snapshot: Path | None = None) -> None:
        self._taxonomy = taxonomy
        self._snapshot = snapshot
        self._lock = threading.RLock()
        self._copies: Copies | None = None

    @property
    def held(self) -> Copies | None:
        """The copies as they are, for whoever only counts them; None before the first question."""
        return self._copies

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
        """Write the snapshot where none is of use or much has changed since; whether it was so.

        Raises NotWritten.
        """
        if self._snapshot is None or not self._is_worth_saving(db, self._snapshot):
            return False
        self.save(db)
        return True

    def save(self, db: Database) -> int:
        """Write the snapshot as of now, while others wait; gives its revision.

        Raises NotWritten.
        """
        with self.asking(db) as copies:
            if self._snapshot is not None:
                mark = snapshots.Mark(copies.epoch, copies.revision)
                snapshots.save(self._snapshot, copies.index, mark)
            return copies.revision

    def _is_worth_saving(self, db: Database, snapshot: Path) -> bool:
        """Whether a process that started now would gain by another file.

        The file is read as it would read it: another process may have written or refused it. It is
        read before the revision of the database, which so cannot be behind a good file.
        """
        found = snapshots.read(snapshot, self._taxonomy)
        if found is None:
            return True
        mark = found[1]
        with db.read() as session:
            epoch, newest = state(session)
            if not snapshots.is_of_use(mark, epoch, newest):
                return True
            # What is deleted is to leave the file as well, however little has changed.
            return (
                listings_deleted(session, mark.revision)
                or listings_changed(session, mark.revision, _WORTH_SAVING) >= _WORTH_SAVING
            )

    def _first_copies(self, epoch: str, newest: int) -> Copies:
        """Copies to catch up from: those of the snapshot, or empty ones."""
        if self._snapshot is not None:
            found = snapshots.load(self._snapshot, self._taxonomy, epoch, newest)
            if found is not None:
                return Copies(found[0], epoch, found[1])
        return Copies(Index(self._taxonomy), epoch)

    def _catch_up(self, session: Session) -> Copies:
        # The revision is read first: rows that change meanwhile are read again next time, and
        # none can carry a number at or below it without being visible already.
        epoch, revision = state(session)
        copies = self._copies
        if copies is None or copies.epoch != epoch or revision < copies.revision:
            copies = self._first_copies(epoch, revision)
        if revision > copies.revision:
            copies.catch_up(session, revision)
            _log.debug("index caught up", revision=revision, listings=len(copies.index))
        self._copies = copies
        return copies


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
        hidden = listings.hidden_from(session, viewer)
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
            query = Query(listing=row, now=int(moment.timestamp()), k=k + len(hidden))
            ranked = _ranked(copies, query, hidden, k)
            if not row.remote and all(match.remote is not None for match in ranked):
                found = copies.index.nearest_beyond(query, NEAREST_BEYOND + len(hidden))
                beyond = _without(found, hidden)[:NEAREST_BEYOND]
    with board.db.read() as session:
        matches = with_views(session, board, ranked)
        remote = ()
        if not row.remote and all(each.match.remote is not None for each in matches):
            matches, remote = (), matches
        return Counterparts(
            matches=matches,
            information=_information(session, board, covering, row.id, wanted, moment),
            remote=remote,
            beyond=with_views(session, board, beyond),
        )


def best_counterparts(
    board: Board, ids: Collection[int], k: int, *, viewer: int | None = None
) -> dict[int, tuple[Counterpart, ...]]:
    """The k best counterparts of each of some listings, by row id: near and remote ones alike.

    A listing without any, one that is not matched and an unknown one are left out. Raises
    Unavailable where the index cannot be asked.
    """
    with board.db.read() as session:
        hidden = listings.hidden_from(session, viewer)
        rows = _matched_rows(session, ids)
        moment = int(now(session).timestamp())
    if not rows:
        return {}
    with board.index.asking(board.db) as copies:
        found = {
            row.id: _ranked(copies, Query(listing=row, now=moment, k=k + len(hidden)), hidden, k)
            for row in rows
        }
    with board.db.read() as session:
        shown = _open_views(session, board, {m.id for each in found.values() for m in each})
    return {
        own: best
        for own, matches in found.items()
        if (best := tuple(Counterpart(shown[m.id], m) for m in matches if m.id in shown))
    }


def _matched_rows(session: Session, ids: Collection[int]) -> list[EngineListing]:
    """What the engine is asked about, of those of these listings that it matches."""
    found = session.scalars(sa.select(Listing).where(Listing.id.in_(ids))).all()
    categories = listings.categories_of(session, [each.id for each in found])
    rows = []
    for each in found:
        if each.in_index and each.kind != Kind.INFO:
            with suppress(*listings.UNFIT):
                rows.append(listings.engine_listing(each, categories[each.id]))
    return rows


def _ranked(copies: Copies, query: Query, hidden: frozenset[int], k: int) -> Sequence[Match]:
    """The k best that are not hidden: `query` asks for that many more, so that none is missing."""
    return _without(copies.index.top_k(query), hidden)[:k]


def _without(matches: Sequence[Match], hidden: frozenset[int]) -> Sequence[Match]:
    return [match for match in matches if match.id not in hidden] if hidden else matches


def with_views(session: Session, board: Board, matches: Sequence[Match]) -> tuple[Counterpart, ...]:
    """The listings of the matches as pages show them, without those that are over by now."""
    found = _open_views(session, board, [match.id for match in matches])
    return tuple(Counterpart(found[match.id], match) for match in matches if match.id in found)


def _open_views(session: Session, board: Board, ids: Collection[int]) -> dict[int, ListingView]:
    """Those of these listings that are open, as pages show them."""
    found = listings.views(session, board, list(ids))
    return {view.id: view for view in found if view.state == "open"}


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
