"""Looking up a member's address: a listed reason, a quota, and one line of the audit log each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import audit, relays
from board.audit import AuditEntry
from board.db import now
from board.errors import Invalid, LimitReached, MemberNotFound, Problem
from board.i18n import N_
from board.members import Member
from board.reasons import REVEAL

if TYPE_CHECKING:
    from board.context import Board

PER_DAY: Final = 50
REVEALED: Final = "contact-revealed"


def reveal(board: Board, moderator_id: int, public_id: str, reason: str) -> str:
    """The address of a member, or of the relay who speaks for one.

    Raises Invalid, MemberNotFound and LimitReached. The line of the log is written in the same
    unit: no address is read without it.
    """
    if reason not in REVEAL:
        raise Invalid([Problem("reason", N_("Choose one of the reasons of the list."))])
    with board.db.write() as session:
        # Two tabs of one moderator must count each other.
        session.execute(sa.select(Member.id).where(Member.id == moderator_id).with_for_update())
        if today(session, moderator_id) >= PER_DAY:
            raise LimitReached(REVEALED, PER_DAY)
        member = session.scalar(sa.select(Member).where(Member.public_id == public_id))
        address = None if member is None else relays.address_for(session, member)
        if member is None or address is None:
            raise MemberNotFound(public_id)
        audit.record(
            session,
            REVEALED,
            subject="members",
            subject_id=member.id,
            member_id=moderator_id,
            reason=reason,
        )
        return address


def today(session: Session, moderator_id: int) -> int:
    """How many addresses this moderator has looked up within a day."""
    found = session.scalar(
        sa.select(sa.func.count(AuditEntry.id)).where(
            AuditEntry.action == REVEALED,
            AuditEntry.member_id == moderator_id,
            AuditEntry.at > now(session) - timedelta(days=1),
        )
    )
    return found or 0
