"""Reports from anybody: a listed reason and perhaps some words; no account is needed.

One reporter counts once for a listing. Three independent ones take it out of sight until a
moderator has looked; one is enough to put it into the queue.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import cases, holding, limits, listings
from board.db import Base, BigId, UTCDateTime, now
from board.i18n import N_
from board.listings import Listing, Status
from board.reasons import REPORT
from board.validation import Checks, clean_text
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

TEXT_MAX: Final = 1000
#: Independent reports since the last decision that take a listing out of sight.
ENOUGH: Final = 3
#: All guests whose network is not known count as one reporter.
_UNKNOWN: Final = "unknown"


class Report(Base):
    """What one reporter said of one subject."""

    __tablename__ = "reports"
    __table_args__ = (
        sa.UniqueConstraint("subject", "subject_id", "reporter"),
        sa.CheckConstraint("subject IN ('listing', 'message')", name="subject"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(8))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    reporter: Mapped[str] = mapped_column(
        sa.String(64), comment="a member's id, or the hash of a guest's network"
    )
    reason: Mapped[str] = mapped_column(sa.String(16), comment="a key of board.reasons.REPORT")
    text: Mapped[str] = mapped_column(sa.Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


def report(
    board: Board,
    public_id: str,
    reason: str,
    text: str = "",
    *,
    visitor: limits.Visitor = limits.HOUSE,
    member_id: int | None = None,
) -> None:
    """Note a report of a listing; the answer is the same for the first and for the tenth.

    `member_id` is who is signed in, if anybody is. Raises ListingNotFound and Invalid.
    """
    checks = Checks()
    if reason not in REPORT:
        checks.refuse("reason", N_("Choose one of the reasons of the list."))
    with checks.field("text"):
        text = clean_text(text, max_length=TEXT_MAX, multiline=True)
    checks.done()
    with board.db.write() as session:
        listing = listings.find(session, public_id, lock=True)
        if listing.status != Status.OPEN or not _is_new(session, listing, visitor, member_id):
            return
        names = _names(session, visitor, member_id)
        session.add(
            Report(
                subject=cases.LISTING,
                subject_id=listing.id,
                reporter=names[0],
                reason=reason,
                text=text,
                created_at=now(session),
            )
        )
        session.flush()
        cases.open_(session, cases.LISTING, listing.id, ("reports",))
        woken = _judge(session, board, listing)
    board.waker.wake(woken)


def _names(session: Session, visitor: limits.Visitor, member_id: int | None) -> tuple[str, ...]:
    """What this reporter is known by, today's name first."""
    if member_id is not None:
        return (f"member:{member_id}",)
    return limits.hashes(session, visitor.address) or (_UNKNOWN,)


def _is_new(
    session: Session, listing: Listing, visitor: limits.Visitor, member_id: int | None
) -> bool:
    known = session.scalar(
        sa.select(sa.func.count(Report.id)).where(
            Report.subject == cases.LISTING,
            Report.subject_id == listing.id,
            Report.reporter.in_(_names(session, visitor, member_id)),
        )
    )
    return not known


def _judge(session: Session, board: Board, listing: Listing) -> list[int]:
    """Hold the listing when enough have reported it since somebody last decided.

    A partner's official information stays: three guests must not silence a consulate.
    """
    wanted = sa.select(sa.func.count(Report.id)).where(
        Report.subject == cases.LISTING, Report.subject_id == listing.id
    )
    since = cases.last_decided(session, cases.LISTING, listing.id)
    if since is not None:
        wanted = wanted.where(Report.created_at > since)
    if (session.scalar(wanted) or 0) < ENOUGH or listing.kind == Kind.INFO:
        return []
    return holding.hold(session, board, listing, ("reports",))
