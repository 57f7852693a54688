"""Reports of listings from anybody: a listed reason and perhaps some words; no account is needed.

One reporter counts once for a listing. Three independent ones take it out of sight until a
moderator has looked; one is enough to put it into the queue. A message is reported by whoever it
was written to, and stays where it is until a moderator has looked.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import cases, holding, limits, listings, messages
from board.conversations import Seat
from board.db import Base, BigId, UTCDateTime, now
from board.errors import Invalid, Problem
from board.i18n import N_
from board.listings import Listing, Status
from board.messages import Message
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
    text = _checked(reason, text)
    with board.db.write() as session:
        listing = listings.find(session, public_id, lock=True)
        names = _names(session, visitor, member_id)
        if listing.status != Status.OPEN or not _is_new(session, cases.LISTING, listing.id, names):
            return
        _note(session, cases.LISTING, listing.id, names[0], reason, text)
        woken = _judge(session, board, listing)
    board.waker.wake(woken)


def report_message(board: Board, seat: Seat, message_id: int, reason: str, text: str = "") -> None:
    """Note a report of what the other side wrote; the second of the same one changes nothing.

    Raises Invalid; with the field "message" where it is none that this side can read.
    """
    text = _checked(reason, text)
    with board.db.write() as session:
        conversation = messages.held(session, seat)
        message = session.scalar(
            sa.select(Message).where(
                Message.id == message_id,
                Message.conversation_id == conversation.id,
                Message.side == seat.side.other,
                messages.passed(),
            )
        )
        if message is None:
            raise Invalid([Problem("message", N_("Choose one of the messages of the list."))])
        names = (f"member:{conversation.member_id(seat.side)}",)
        if _is_new(session, cases.MESSAGE, message.id, names):
            _note(session, cases.MESSAGE, message.id, names[0], reason, text)


def _checked(reason: str, text: str) -> str:
    checks = Checks()
    if reason not in REPORT:
        checks.refuse("reason", N_("Choose one of the reasons of the list."))
    with checks.field("text"):
        text = clean_text(text, max_length=TEXT_MAX, multiline=True)
    checks.done()
    return text


def _note(
    session: Session, subject: str, subject_id: int, reporter: str, reason: str, text: str
) -> None:
    """Store one report and put its subject into the queue."""
    session.add(
        Report(
            subject=subject,
            subject_id=subject_id,
            reporter=reporter,
            reason=reason,
            text=text,
            created_at=now(session),
        )
    )
    session.flush()
    cases.open_(session, subject, subject_id, cases.REPORTED)


def _names(session: Session, visitor: limits.Visitor, member_id: int | None) -> tuple[str, ...]:
    """What this reporter is known by, today's name first."""
    if member_id is not None:
        return (f"member:{member_id}",)
    return limits.hashes(session, visitor.address) or (_UNKNOWN,)


def _is_new(session: Session, subject: str, subject_id: int, names: tuple[str, ...]) -> bool:
    known = session.scalar(
        sa.select(sa.func.count(Report.id)).where(
            Report.subject == subject,
            Report.subject_id == subject_id,
            Report.reporter.in_(names),
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
    return holding.hold(session, board, listing, cases.REPORTED)
