"""What waits to be told in a digest, what was told in one, and what somebody wants no more of.

One row for a member and a listing. Mails of their own are known by their row of the outbox.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, BigId, UTCDateTime, insert_all_new, now, one_of
from board.errors import LinkRefused
from board.listings import Listing
from board.members import Member

if TYPE_CHECKING:
    from board.context import Board

_NOT_THIS = "not-this"
_WAITING = "told_at IS NULL AND declined_at IS NULL"


class Telling(Base):
    """One listing for one member. Once told or declined, it is never told again."""

    __tablename__ = "tellings"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "listing_id"),
        sa.CheckConstraint("(told_at IS NULL) = (told_on IS NULL)", name="told"),
        sa.Index(
            "ix_tellings_waiting",
            "due_at",
            postgresql_where=sa.text(_WAITING),
            sqlite_where=sa.text(_WAITING),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id", ondelete="CASCADE"))
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), index=True
    )
    alert_id: Mapped[int | None] = mapped_column(
        sa.BigInteger, comment="that is hit; null where the member's own listing matches"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(
        UTCDateTime, comment="when the digest goes out that it waits for"
    )
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told_on: Mapped[date | None] = mapped_column(sa.Date, comment="day of its digest")
    declined_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True)
class NewTelling:
    """What is to wait for a digest."""

    member_id: int
    listing_id: int
    alert_id: int | None
    due_at: datetime


def queue(session: Session, tellings: Sequence[NewTelling]) -> None:
    """Let these wait; what waits already, was told or was declined stays as it is."""
    if not tellings:
        return
    moment = now(session)
    _insert_missing(
        session,
        [
            {
                "member_id": each.member_id,
                "listing_id": each.listing_id,
                "alert_id": each.alert_id,
                "created_at": moment,
                "due_at": each.due_at,
            }
            for each in tellings
        ],
    )


def closed(session: Session, listing_id: int, member_ids: Iterable[int]) -> set[int]:
    """Those of the members to whom this listing is never told again."""
    return set(
        session.scalars(
            sa.select(Telling.member_id).where(
                Telling.listing_id == listing_id,
                one_of(session, Telling.member_id, list(member_ids)),
                sa.or_(Telling.told_at.is_not(None), Telling.declined_at.is_not(None)),
            )
        )
    )


def declined(
    session: Session, member_ids: Collection[int], listing_ids: Collection[int]
) -> frozenset[tuple[int, int]]:
    """(member, listing) of what these members want to hear no more of, among these listings."""
    found = sa.select(Telling.member_id, Telling.listing_id).where(
        one_of(session, Telling.member_id, member_ids),
        one_of(session, Telling.listing_id, listing_ids),
        Telling.declined_at.is_not(None),
    )
    return frozenset((member_id, listing_id) for member_id, listing_id in session.execute(found))


def decline(session: Session, member_id: int, listing_id: int) -> None:
    """Note that the member wants to hear no more of this listing; twice changes nothing."""
    moment = now(session)
    row = {"member_id": member_id, "listing_id": listing_id, "created_at": moment}
    _insert_missing(session, [{**row, "alert_id": None, "due_at": moment}])
    session.execute(
        sa.update(Telling)
        .where(
            Telling.member_id == member_id,
            Telling.listing_id == listing_id,
            Telling.declined_at.is_(None),
        )
        .values(declined_at=moment)
        .execution_options(synchronize_session=False)
    )


def not_this_token(board: Board, member_id: int, listing_id: int) -> str:
    """What the address of "not this one" ends with in a mail to this member."""
    return board.vault.sign(f"{_NOT_THIS}:{member_id}:{listing_id}")


def look(board: Board, token: str) -> None:
    """Raises LinkRefused for a token that declines nothing."""
    _subject(board, token)


def not_this(board: Board, token: str) -> None:
    """Tell the member of this token no more of its listing. Raises LinkRefused."""
    member_id, listing_id = _subject(board, token)
    with board.db.write() as session:
        if session.get(Member, member_id) and session.get(Listing, listing_id):
            decline(session, member_id, listing_id)


def _subject(board: Board, token: str) -> tuple[int, int]:
    subject = (board.vault.verify(token) or "").split(":")
    if len(subject) != 3 or subject[0] != _NOT_THIS:
        raise LinkRefused("unknown")
    return int(subject[1]), int(subject[2])


def _insert_missing(session: Session, rows: list[dict[str, object]]) -> None:
    insert_all_new(session, Telling, ["member_id", "listing_id"], rows)
