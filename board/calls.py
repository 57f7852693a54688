"""Calls: how far the waves of a request have come, and who was asked in them.

`waves` plans and sends; here is what is kept between two looks, and what moderators do with it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import outbox
from board.db import Base, UTCDateTime, now
from board.listings import Listing

#: Resolution of the cells in which answered and unanswered calls are counted: about 6 km across.
AREA_RESOLUTION = 6


class CallStatus(StrEnum):
    """Whether more people may be asked."""

    #: There will be another look.
    OPEN = "open"
    #: Over for the reason that stands beside it; goes on when a place is free again.
    ENDED = "ended"
    #: By a moderator.
    STOPPED = "stopped"


class Call(Base):
    """One request for which people are asked in waves."""

    __tablename__ = "calls"
    __table_args__ = (
        sa.CheckConstraint("status IN ('open', 'ended', 'stopped')", name="status"),
        sa.CheckConstraint("(status = 'open') = (look_at IS NOT NULL)", name="look"),
    )
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    status: Mapped[str] = mapped_column(sa.String(8), default=CallStatus.OPEN)
    why: Mapped[str] = mapped_column(sa.String(16), default="", comment="why it ended")
    area: Mapped[int | None] = mapped_column(
        sa.BigInteger, index=True, comment="H3 cell in which calls are counted"
    )
    wave: Mapped[int] = mapped_column(sa.SmallInteger, default=0, comment="waves so far")
    rings: Mapped[int] = mapped_column(
        sa.SmallInteger, default=0, comment="rings of cells that the last one reached out to"
    )
    look: Mapped[int] = mapped_column(sa.Integer, default=0, comment="number of the next look")
    look_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Asked(Base):
    """One member who was asked in a wave, and the estimate that stood behind it."""

    __tablename__ = "asked"
    __table_args__ = (sa.Index("ix_asked_member_id", "member_id", "at"),)
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True
    )
    wave: Mapped[int] = mapped_column(sa.SmallInteger)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    hour: Mapped[float] = mapped_column(sa.Float, comment="of the day, at the place")
    distance_m: Mapped[int] = mapped_column(sa.Integer, comment="between cells; -1 unknown")
    named: Mapped[bool] = mapped_column(sa.Boolean, comment="the alert names the category")
    told_week: Mapped[int] = mapped_column(sa.SmallInteger)
    chance: Mapped[float] = mapped_column(sa.Float, comment="of an acceptance, estimated")
    usual: Mapped[float] = mapped_column(sa.Float, comment="the same without the own record")
    why: Mapped[str] = mapped_column(sa.String(160), default="", comment="reasons, as JSON")


def look_later(session: Session, call: Call, at: datetime) -> int:
    """Write the event of the next look at a call; earlier ones find that they are overtaken.

    Returns the id of the row.
    """
    moment = now(session)
    call.status, call.why = CallStatus.OPEN, ""
    call.look, call.look_at = call.look + 1, at
    return outbox.add(
        session,
        outbox.NewRow(
            purpose=outbox.WAVE,
            once=f"wave:{call.listing_id}:{call.look}",
            listing_id=call.listing_id,
            after=max(at - moment, moment - moment),
        ),
    )


def held(session: Session, listing_id: int) -> Call | None:
    """The call of a listing, both held to the end of the unit, always in this order."""
    session.execute(sa.select(Listing.id).where(Listing.id == listing_id).with_for_update())
    call = sa.select(Call).where(Call.listing_id == listing_id).with_for_update()
    return session.scalar(call.execution_options(populate_existing=True))


def look_now(session: Session, listing_id: int) -> list[int]:
    """Look again at once: somebody is not coming, or there is more time. Returns outbox rows.

    Not where a moderator has stopped it, nor for what has never gone by waves.
    """
    call = held(session, listing_id)
    if call is None or call.status == CallStatus.STOPPED:
        return []
    return [look_later(session, call, now(session))]


def end(call: Call, why: str, status: CallStatus = CallStatus.ENDED) -> None:
    """Ask nobody any more."""
    call.status, call.why, call.look_at = status, why, None
