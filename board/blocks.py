"""Blocks: two members between whom no listing, message or alert passes, either way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, UTCDateTime, now, one_of
from board.errors import Invalid, MemberNotFound, Problem
from board.i18n import N_
from board.members import Member

if TYPE_CHECKING:
    from board.context import Board


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
    return among(session, [member_id])[member_id]


def among(session: Session, member_ids: Collection[int]) -> dict[int, frozenset[int]]:
    """As `blocked_with`, for each of several members."""
    rows = session.execute(
        sa.select(Block.member_id, Block.blocked_id).where(
            sa.or_(
                one_of(session, Block.member_id, member_ids),
                one_of(session, Block.blocked_id, member_ids),
            )
        )
    )
    found: dict[int, set[int]] = {member_id: set() for member_id in member_ids}
    for one, other in rows:
        for member_id, apart in ((one, other), (other, one)):
            if member_id in found:
                found[member_id].add(apart)
    return {member_id: frozenset(apart) for member_id, apart in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Somebody on the list of whom a member has blocked."""

    public_id: str
    display_name: str
    since: datetime


def listed(board: Board, member_id: int) -> tuple[Blocked, ...]:
    """Whom this member has blocked, the newest first."""
    with board.db.read() as session:
        rows = session.execute(
            sa.select(Member.public_id, Member.display_name, Block.created_at)
            .join(Block, Block.blocked_id == Member.id)
            .where(Block.member_id == member_id)
            .order_by(Block.created_at.desc(), Member.id)
        )
        return tuple(
            Blocked(public_id=public_id, display_name=name, since=since)
            for public_id, name, since in rows
        )


def take_back(board: Board, member_id: int, public_id: str) -> None:
    """Unblock the member of this public id; raises MemberNotFound for whom one has not blocked."""
    with board.db.write() as session:
        blocked = session.scalar(
            sa.select(Block)
            .join(Member, Member.id == Block.blocked_id)
            .where(Member.public_id == public_id, Block.member_id == member_id)
        )
        if blocked is None:
            raise MemberNotFound(public_id)
        session.delete(blocked)
