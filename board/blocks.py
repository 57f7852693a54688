"""Blocks: two members between whom no listing, message or alert passes, either way."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, UTCDateTime, now
from board.errors import Invalid, Problem
from board.i18n import N_


class Block(Base):
    """One member wants nothing of another. The other one is not told."""

    __tablename__ = "blocks"
    __table_args__ = (sa.CheckConstraint("member_id <> blocked_id", name="two"),)
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True
    )
    blocked_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


def block(session: Session, member_id: int, blocked_id: int) -> None:
    """Let nothing pass between the two any more; blocking twice changes nothing."""
    if member_id == blocked_id:
        raise Invalid([Problem("member", N_("You cannot block yourself."))])
    if session.get(Block, (member_id, blocked_id)) is None:
        session.add(Block(member_id=member_id, blocked_id=blocked_id, created_at=now(session)))


def unblock(session: Session, member_id: int, blocked_id: int) -> None:
    """Take one's own block back; that of the other side stays."""
    known = session.get(Block, (member_id, blocked_id))
    if known is not None:
        session.delete(known)


def blocked_by(session: Session, member_id: int) -> list[int]:
    """Whom this member has blocked, the newest first."""
    return list(
        session.scalars(
            sa.select(Block.blocked_id)
            .where(Block.member_id == member_id)
            .order_by(Block.created_at.desc(), Block.blocked_id)
        )
    )


def between(session: Session, a: int, b: int) -> bool:
    """Whether either of the two has blocked the other."""
    return b in blocked_with(session, a)


def blocked_with(session: Session, member_id: int) -> frozenset[int]:
    """Everybody between whom and this member nothing passes, whoever blocked whom."""
    rows = session.execute(
        sa.select(Block.member_id, Block.blocked_id).where(
            sa.or_(Block.member_id == member_id, Block.blocked_id == member_id)
        )
    )
    return frozenset(each for pair in rows for each in pair) - {member_id}
