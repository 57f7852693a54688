"""Bans that outlast an erasure: who was banned does not come back by erasing themselves.

All that stays is a keyed hash of the address, the listed reason and the day on which it ends.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import bans
from board.db import Base, BigId, UTCDateTime, now
from board.errors import NotAllowed

#: How long a ban holds after the erasure of whom it was for.
LASTS: Final = timedelta(days=365)


class KeptBan(Base):
    """One address that is banned, of which nothing else is known."""

    __tablename__ = "kept_bans"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    address_hash: Mapped[str] = mapped_column(
        sa.String(64), unique=True, comment="keyed hash of the address"
    )
    reason: Mapped[str] = mapped_column(sa.String(16), comment="a key of board.reasons.BAN")
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)


def keep(session: Session, address_hash: str, member_id: int) -> None:
    """Keep the ban that holds for a member who is about to be erased; nothing where none does."""
    held = bans.active(session, member_id)
    if held is None:
        return
    session.execute(sa.delete(KeptBan).where(KeptBan.address_hash == address_hash))
    ends_at = now(session) + LASTS
    session.add(KeptBan(address_hash=address_hash, reason=held.reason, ends_at=ends_at))
    session.flush()


def require_none(session: Session, address_hash: str) -> None:
    """Raise NotAllowed when this address was banned as it was erased, and the ban still holds."""
    held = sa.select(KeptBan.id).where(
        KeptBan.address_hash == address_hash, KeptBan.ends_at > now(session)
    )
    if session.scalar(held) is not None:
        raise NotAllowed(bans.BANNED)


def forget(session: Session) -> int:
    """Delete those that have ended; returns how many."""
    over = sa.delete(KeptBan).where(KeptBan.ends_at <= now(session))
    return cast(CursorResult[Any], session.execute(over)).rowcount
