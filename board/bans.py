"""Bans: who may post, answer and be told no more, and the one appeal that each allows.

A moderator other than the one who banned decides about the appeal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, conversations, links, listings, messages, outbox, sessions
from board.db import Base, BigId, UTCDateTime, now
from board.errors import AlreadyDecided, BanNotFound, LinkRefused, NotAllowed
from board.listings import Listing, Status
from board.members import Member
from board.validation import Checks, required_text

if TYPE_CHECKING:
    from board.context import Board

APPEAL_MAX = 2000
#: The rights that a refusal names.
BANNED = "not banned"
ANOTHER_MODERATOR = "another moderator"


class Ban(Base):
    """One ban of one member, its appeal, and its end."""

    __tablename__ = "bans"
    __table_args__ = (
        sa.CheckConstraint(
            "appeal_decided_by IS NULL OR appeal_decided_by <> banned_by", name="two_moderators"
        ),
        sa.Index(
            "ix_bans_active",
            "member_id",
            unique=True,
            postgresql_where=sa.text("lifted_at IS NULL"),
            sqlite_where=sa.text("lifted_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id", ondelete="CASCADE"))
    banned_by: Mapped[int] = mapped_column(sa.BigInteger, comment="the moderator")
    reason: Mapped[str] = mapped_column(sa.String(16), comment="a key of board.reasons.BAN")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    appeal: Mapped[str | None] = mapped_column(sa.Text, comment="what the member wrote")
    appealed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    appeal_decided_by: Mapped[int | None] = mapped_column(sa.BigInteger)
    appeal_decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """An appeal that waits, as a moderator sees it."""

    ban_id: int
    #: A key of `board.reasons.BAN`.
    reason: str
    banned_at: datetime
    appealed_at: datetime
    text: str
    #: Whether the reader is the one who banned, and must leave it to somebody else.
    own: bool


def active(session: Session, member_id: int) -> Ban | None:
    """The ban that holds for a member now."""
    return session.scalar(sa.select(Ban).where(Ban.member_id == member_id, Ban.lifted_at.is_(None)))


def require_none(session: Session, member_id: int) -> None:
    """Raise NotAllowed when the member is banned."""
    if active(session, member_id) is not None:
        raise NotAllowed(BANNED)


def ban(session: Session, board: Board, member: Member, reason: str, by: int) -> list[int]:
    """Ban a member, and mail the link to an appeal; returns outbox rows.

    Listings, alerts, conversations and sessions end; what of theirs waits for a moderator is
    never passed on.
    """
    if active(session, member.id) is not None:
        return []
    row = Ban(member_id=member.id, banned_by=by, reason=reason, created_at=now(session))
    session.add(row)
    session.flush()
    open_ones = sa.select(Listing).where(
        Listing.member_id == member.id, Listing.status.in_((Status.OPEN, Status.HELD))
    )
    for listing in session.scalars(open_ones):
        listings.close(session, listing, "ban")
    _end_alerts(session, member.id)
    conversations.close_all(session, member.id)
    messages.refuse_held(session, member.id)
    sessions.revoke_all(session, member.id)
    _record(session, "member-banned", row, by, reason)
    return _tell(session, board, row, member)


def _end_alerts(session: Session, member_id: int) -> None:
    # `alerts` asks this module who is banned.
    from board.alerts import Alert, AlertStatus

    for alert in session.scalars(
        sa.select(Alert).where(Alert.member_id == member_id, Alert.status == AlertStatus.ACTIVE)
    ):
        alert.status = AlertStatus.ENDED


def _tell(session: Session, board: Board, row: Ban, member: Member) -> list[int]:
    address = conversations.address_hash(board, member)
    token = links.issue(session, links.APPEAL, row.id, address)
    mail = outbox.NewRow(
        purpose=outbox.BANNED,
        once=f"banned:{row.id}",
        member_id=member.id,
        locale=member.locale,
        payload=board.vault.seal(json.dumps({"token": token, "reason": row.reason})),
    )
    return [outbox.add(session, mail)]


def banned_for(board: Board, token: str) -> str:
    """The reason of the ban that this link may appeal against; raises LinkRefused."""
    with board.db.read() as session:
        return _of_link(session, links.find(session, token)).reason


def appeal(board: Board, token: str, text: str) -> None:
    """Keep the appeal, once; raises LinkRefused and Invalid, which leaves the link whole."""
    checks = Checks()
    with checks.field("text"):
        text = required_text(text, max_length=APPEAL_MAX, multiline=True)
    checks.done()
    with board.db.write() as session:
        link = links.find(session, token, lock=True)
        row = _of_link(session, link)
        row.appeal, row.appealed_at = text, now(session)
        links.spend(session, link)
        _record(session, "ban-appealed", row, row.member_id, row.reason)


def _of_link(session: Session, link: links.Link) -> Ban:
    row = session.get(Ban, link.subject_id) if link.purpose == links.APPEAL else None
    if row is None:
        raise LinkRefused("unknown")
    if row.appealed_at is not None or row.lifted_at is not None:
        raise LinkRefused("used")
    return row


def appeals(board: Board, moderator_id: int) -> list[Appeal]:
    """The appeals that wait, the oldest first."""
    with board.db.read() as session:
        rows = session.scalars(
            sa.select(Ban)
            .where(Ban.appealed_at.is_not(None), Ban.appeal_decided_at.is_(None))
            .order_by(Ban.appealed_at, Ban.id)
        )
        return [
            Appeal(
                ban_id=row.id,
                reason=row.reason,
                banned_at=row.created_at,
                appealed_at=row.appealed_at or row.created_at,
                text=row.appeal or "",
                own=row.banned_by == moderator_id,
            )
            for row in rows
        ]


def decide(board: Board, moderator_id: int, ban_id: int, *, lift: bool) -> None:
    """Lift a ban after its appeal, or leave it; the member is told.

    Raises BanNotFound, NotAllowed for the moderator who banned, and AlreadyDecided.
    """
    with board.db.write() as session:
        row = session.scalar(sa.select(Ban).where(Ban.id == ban_id).with_for_update())
        if row is None or row.appealed_at is None:
            raise BanNotFound(ban_id)
        if row.banned_by == moderator_id:
            raise NotAllowed(ANOTHER_MODERATOR)
        if row.appeal_decided_at is not None:
            decision = "lift" if row.lifted_at else "uphold"
            raise AlreadyDecided(
                decision, row.appeal_decided_by, row.appeal_decided_at, moderator_id
            )
        row.appeal_decided_by, row.appeal_decided_at = moderator_id, now(session)
        if lift:
            row.lifted_at = now(session)
        _record(session, "ban-lifted" if lift else "ban-upheld", row, moderator_id, row.reason)
        woken = _tell_decision(session, board, row, lift)
    board.waker.wake(woken)


def _tell_decision(session: Session, board: Board, row: Ban, lift: bool) -> list[int]:
    member = session.get(Member, row.member_id)
    if member is None:
        return []
    mail = outbox.NewRow(
        purpose=outbox.APPEAL_DECIDED,
        once=f"appeal:{row.id}",
        member_id=member.id,
        locale=member.locale,
        payload=board.vault.seal(json.dumps({"lifted": "1" if lift else ""})),
    )
    return [outbox.add(session, mail)]


def _record(session: Session, action: str, row: Ban, by: int, reason: str) -> None:
    audit.record(
        session,
        action,
        subject="members",
        subject_id=row.member_id,
        member_id=by,
        reason=reason,
    )
