"""Members: one row per confirmed address. A guest is a member who is not signed in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import suspensions
from board.db import Base, BigId, Codes, UTCDateTime, insert_new, new_public_id, now

if TYPE_CHECKING:
    from board.context import Board


class Member(Base):
    """A person whose address was confirmed at least once."""

    __tablename__ = "members"
    #: A number is given once: the audit log names people who are gone by it.
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=new_public_id)
    email: Mapped[str | None] = mapped_column(
        sa.String(254), unique=True, comment="null for somebody whom a relay speaks for"
    )
    locale: Mapped[str] = mapped_column(sa.String(8), comment="language of this member's mails")
    time_zone: Mapped[str] = mapped_column(sa.String(64), default="UTC", comment="IANA name")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime,
        comment="last sign-in or confirmation; null where there was none since this is kept",
    )
    display_name: Mapped[str] = mapped_column(sa.String(60), default="")
    languages: Mapped[tuple[str, ...]] = mapped_column(Codes, default=(), comment="spoken")
    here_cell: Mapped[int | None] = mapped_column(sa.BigInteger, comment="H3 cell: lives in")
    here_name: Mapped[str] = mapped_column(sa.String(200), default="")
    there_cell: Mapped[int | None] = mapped_column(
        sa.BigInteger, comment="H3 cell: comes from, is tied to"
    )
    there_name: Mapped[str] = mapped_column(sa.String(200), default="")
    helps_with: Mapped[tuple[str, ...]] = mapped_column(
        Codes, default=(), comment="ids of categories"
    )


def by_email(session: Session, email: str, *, lock: bool = False) -> Member | None:
    """The member of this normalised address; with `lock`, held to the end of the unit."""
    found = sa.select(Member).where(Member.email == email)
    return session.scalar(found.with_for_update() if lock else found)


def confirmed(session: Session, email: str, locale: str) -> Member:
    """The member of an address that has just been confirmed, made when it is new.

    A mail has arrived there: where earlier ones came back, mails are sent again.
    """
    member = named(session, email, locale)
    member.seen_at = now(session)
    suspensions.lift(session, member.id)
    session.flush()
    return member


def named(session: Session, email: str, locale: str, *, lock: bool = False) -> Member:
    """The member of an address that somebody else answers for, made when it is new.

    Of two units that name a new address at once, one makes the member, and both get it; also of
    one that waited, with `lock`, until the member was erased.
    """
    while (member := by_email(session, email, lock=lock)) is None:
        new = {"email": email, "locale": locale, "created_at": now(session)}
        session.execute(insert_new(session, Member, ["email"]), [new])
    return member


def display_name(board: Board, member_id: int) -> str:
    """What a member wants to be called; "" for nobody, and for who has said nothing."""
    with board.db.read() as session:
        member = session.get(Member, member_id)
        return "" if member is None else member.display_name
