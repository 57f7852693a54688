"""What is a member's own: listings and alerts, and what may be done with them.

Everything of a confirmed address hangs on its member, so signing in is all that claiming takes.
What is somebody else's is answered as what does not exist.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import editing, extensions, inbox, listings, matching, own_alerts
from board.conversations import Side
from board.db import now
from board.editing import Changes
from board.errors import ListingNotFound, Unavailable
from board.inbox import Listed
from board.listings import Listing, ListingView, Status
from board.matching import Counterpart
from board.own_alerts import OwnAlert
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

#: Listings shown, the newest first.
LISTINGS_SHOWN = 100
#: Counterparts beside each open listing; its own page has all.
COUNTERPARTS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnListing:
    """A listing as its owner sees it."""

    view: ListingView
    #: What an extension would add, None where there is none.
    extension_days: int | None
    #: Who answered it, and where that stands: the unread first, then the latest.
    answers: tuple[Listed, ...]
    #: The best matches of an open one; None where they cannot be looked up now.
    counterparts: tuple[Counterpart, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What the page of one's own space shows."""

    listings: tuple[OwnListing, ...]
    alerts: tuple[OwnAlert, ...]
    #: Messages in the conversations listed that were not read.
    unread: int


def space(board: Board, member_id: int) -> Space:
    """A member's listings, whatever their state, what came of each, and active alerts."""
    talks = inbox.of_member(board, member_id)
    answers: dict[int, list[Listed]] = defaultdict(list)
    for each in talks:
        if each.side is Side.POSTER:
            answers[each.listing_id].append(each)
    with board.db.read() as session:
        moment, views = now(session), _views(session, board, member_id)
    best = _best(board, member_id, [view.id for view in views if view.state == "open"])
    return Space(
        listings=tuple(
            OwnListing(
                view=view,
                extension_days=extensions.days_to_add(view, moment),
                answers=tuple(answers[view.id]),
                counterparts=None if best is None else best.get(view.id, ()),
            )
            for view in views
        ),
        alerts=own_alerts.all_of(board, member_id),
        unread=sum(each.unread for each in talks),
    )


def _best(
    board: Board, member_id: int, ids: list[int]
) -> dict[int, tuple[Counterpart, ...]] | None:
    """Counterparts by listing; None where the engine is away, which takes nothing else along."""
    try:
        return matching.best_counterparts(board, ids, COUNTERPARTS_SHOWN, viewer=member_id)
    except Unavailable:
        return None


def own_views(board: Board, member_id: int) -> list[ListingView]:
    """A member's listings alone, whatever their state, the newest first."""
    with board.db.read() as session:
        return _views(session, board, member_id)


def _views(session: Session, board: Board, member_id: int) -> list[ListingView]:
    ids = session.scalars(
        sa.select(Listing.id)
        .where(Listing.member_id == member_id, Listing.title != "", Listing.kind != Kind.INFO)
        .order_by(Listing.id.desc())
        .limit(LISTINGS_SHOWN)
    ).all()
    return listings.views(session, board, ids, held=True)


def listing(board: Board, member_id: int, public_id: str) -> ListingView:
    """One's own open listing; raises ListingNotFound for any other."""
    with board.db.read() as session:
        found = _own_open(session, member_id, public_id)
        return listings.views(session, board, [found.id])[0]


def edit(board: Board, member_id: int, public_id: str, changes: Changes) -> None:
    """Change one's own listing; raises ListingNotFound, Invalid or NotAllowed."""
    with board.db.write() as session:
        woken = editing.edit(session, board, _own_open(session, member_id, public_id), changes)
    board.waker.wake(woken)


def extend(board: Board, member_id: int, public_id: str) -> None:
    """Give one's own listing more time; raises ListingNotFound or Invalid."""
    with board.db.write() as session:
        extensions.extend(session, _own_open(session, member_id, public_id))


def close(board: Board, member_id: int, public_id: str) -> None:
    """Take one's own listing off the board; raises ListingNotFound."""
    with board.db.write() as session:
        own = _own(session, member_id, public_id, Status.OPEN, Status.HELD)
        listings.close(session, own, "poster")


def _own_open(session: Session, member_id: int, public_id: str) -> Listing:
    return _own(session, member_id, public_id, Status.OPEN)


def _own(session: Session, member_id: int, public_id: str, *status: Status) -> Listing:
    found = session.scalar(
        sa.select(Listing).where(
            Listing.public_id == public_id,
            Listing.member_id == member_id,
            Listing.status.in_(status),
            # Official information is an organisation's, and managed in its console.
            Listing.kind != Kind.INFO,
        )
    )
    if found is None:
        raise ListingNotFound(public_id)
    return found
