"""What moderators see of a request's waves, in counts alone, and how they stop them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import acceptance, audit, calls, listings
from board.calls import Asked, Call, CallStatus
from board.db import now
from board.errors import CallNotFound
from board.listings import Listing, ListingView

if TYPE_CHECKING:
    from board.context import Board

_MODERATOR = "moderator"


@dataclass(frozen=True, slots=True)
class WaveView:
    """One wave."""

    number: int
    at: datetime
    told: int
    answered: int
    declined: int
    #: Acceptances that were to be expected.
    hoped: float


@dataclass(frozen=True, slots=True)
class CallView:
    """The waves of one request, the oldest first."""

    listing: ListingView
    #: None where no look was taken yet.
    status: CallStatus | None
    #: Why it ended: a reason of `matcher.waves`, "closed" or "moderator"; "" while it is open.
    why: str
    look_at: datetime | None
    rings: int
    waves: tuple[WaveView, ...]


def show(board: Board, public_id: str) -> CallView:
    """The waves of a listing, of which there may be none yet; raises ListingNotFound."""
    with board.db.read() as session:
        listing = listings.find(session, public_id)
        call = session.get(Call, listing.id)
        (view,) = listings.views(session, board, [listing.id])
        return CallView(
            listing=view,
            status=CallStatus(call.status) if call else None,
            why=call.why if call else "",
            look_at=call.look_at if call else None,
            rings=call.rings if call else 0,
            waves=_waves(session, listing.id),
        )


def _waves(session: Session, listing_id: int) -> tuple[WaveView, ...]:
    rows = session.execute(
        sa.select(
            Asked.wave,
            sa.func.min(Asked.at, type_=Asked.at.type),
            sa.func.count(),
            sa.func.sum(sa.case((acceptance.ANSWERED, 1), else_=0)),
            sa.func.sum(sa.case((acceptance.DECLINED, 1), else_=0)),
            sa.func.sum(Asked.chance),
        )
        .where(Asked.listing_id == listing_id)
        .group_by(Asked.wave)
        .order_by(Asked.wave)
    )
    return tuple(WaveView(*row) for row in rows)


def stop(board: Board, moderator_id: int, public_id: str) -> None:
    """Ask nobody more; twice changes nothing. Raises ListingNotFound or CallNotFound."""
    with board.db.write() as session:
        call = _call(session, public_id)
        if call.status != CallStatus.STOPPED:
            calls.end(call, _MODERATOR, CallStatus.STOPPED)
            _record(session, "waves-stopped", call, moderator_id)


def go_on(board: Board, moderator_id: int, public_id: str) -> None:
    """Take a stop back; twice changes nothing. Raises ListingNotFound or CallNotFound."""
    rows: list[int] = []
    with board.db.write() as session:
        call = _call(session, public_id)
        if call.status == CallStatus.STOPPED:
            rows = [calls.look_later(session, call, now(session))]
            _record(session, "waves-resumed", call, moderator_id)
    board.waker.wake(rows)


def _call(session: Session, public_id: str) -> Call:
    listing = listings.find(session, public_id)
    call = calls.held(session, listing.id)
    if call is None:
        raise CallNotFound(public_id)
    return call


def _record(session: Session, action: str, call: Call, moderator_id: int) -> None:
    audit.record(
        session,
        action,
        subject=Listing.__tablename__,
        subject_id=call.listing_id,
        member_id=moderator_id,
    )
