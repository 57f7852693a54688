"""Addresses that no mail is sent to any more, because mails to them came back.

A row says of one member that this was so, since when, and for what kind of reason. Proving that
mail arrives lifts it; the row then stays as long as an earlier mail may still come back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final, cast

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, UTCDateTime, insert_new, now, one_of
from board.delivery_status import Reason

_log = structlog.get_logger(__name__)

#: How long after it was sent a mail that comes back says something of its address. Mail systems
#: try for five days or less.
COUNTS_FOR: Final = timedelta(days=14)


class Suspension(Base):
    """That mails to a member's address came back."""

    __tablename__ = "suspensions"
    __table_args__ = (
        sa.CheckConstraint("reason IN ('address', 'domain', 'mailbox')", name="reason"),
    )
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True
    )
    suspended_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(sa.String(8))
    lifted_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime, comment="when its member proved that mail arrives"
    )


_HOLDS: Final = Suspension.lifted_at.is_(None)


def suspend(session: Session, member_id: int, reason: Reason, *, sent_at: datetime) -> bool:
    """Send no more mail to a member: the one of `sent_at` came back; False if nothing changed.

    Nothing does where that is so already, or where the address was proved after that mail.
    """
    values = {"suspended_at": now(session), "reason": reason.value, "lifted_at": None}
    fresh = insert_new(session, Suspension, ["member_id"]).values(member_id=member_id, **values)
    again = (
        sa.update(Suspension)
        .where(Suspension.member_id == member_id, Suspension.lifted_at <= sent_at)
        .values(**values)
    )
    # Of an INSERT that may leave its row out, PostgreSQL's driver counts nothing.
    is_new = session.scalar(fresh.returning(Suspension.member_id)) is not None
    changed = is_new or _rows(session, again) > 0
    if changed:
        _log.warning("address suspended", member=member_id, reason=reason.value)
    return changed


def lift(session: Session, member_id: int) -> None:
    """Mail arrives again: its member has just proved it."""
    held = sa.update(Suspension).where(Suspension.member_id == member_id, _HOLDS)
    if _rows(session, held.values(lifted_at=now(session))):
        _log.info("suspension lifted", member=member_id)


def of(session: Session, member_id: int) -> Suspension | None:
    """The suspension of a member's address; None where mails are sent."""
    return session.scalar(sa.select(Suspension).where(Suspension.member_id == member_id, _HOLDS))


def among(session: Session, member_ids: Collection[int]) -> set[int]:
    """Those of the members to whom no mail is sent."""
    held = sa.select(Suspension.member_id).where(
        one_of(session, Suspension.member_id, member_ids), _HOLDS
    )
    return set(session.scalars(held))


def holds(member_id: Any) -> sa.ColumnElement[bool]:
    """The condition that no mail is sent to the member of this column."""
    return sa.exists().where(Suspension.member_id == member_id, _HOLDS)


def forget(session: Session) -> int:
    """Delete those that were lifted when no earlier mail can come back; returns how many."""
    too_old = now(session) - COUNTS_FOR
    return _rows(session, sa.delete(Suspension).where(Suspension.lifted_at <= too_old))


def _rows(session: Session, statement: Any) -> int:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], done).rowcount
