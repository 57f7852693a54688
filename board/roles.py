"""Roles: rights that are granted to a member and read again at each request, never cached."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, members, organisations
from board.db import Base, BigId, UTCDateTime, now
from board.errors import Invalid, Problem
from board.i18n import N_
from board.validation import Checks, email_address

if TYPE_CHECKING:
    from board.context import Board


class Role(StrEnum):
    """What a member may do beyond what everybody may."""

    #: Posts on behalf of people without internet.
    RELAY = "relay"
    #: Acts for a verified organisation, inside its jurisdiction.
    PARTNER = "partner"
    #: A partner who also chooses the other partners of the organisation.
    COORDINATOR = "coordinator"
    MODERATOR = "moderator"
    ADMINISTRATOR = "administrator"


#: Roles that somebody has through an organisation, for as long as it is verified.
BY_ORGANISATION = frozenset({Role.PARTNER, Role.COORDINATOR})
#: Roles that count only in a session whose second factor was given.
WITH_SECOND_FACTOR = frozenset({Role.PARTNER, Role.MODERATOR, Role.ADMINISTRATOR})


class Grant(Base):
    """A right of a member."""

    __tablename__ = "grants"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "role"),
        sa.CheckConstraint("role IN ('relay', 'moderator', 'administrator')", name="role"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(sa.String(16))
    granted_by: Mapped[int | None] = mapped_column(
        sa.BigInteger, comment="member who granted it; null for the command line"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


def of(session: Session, member_id: int) -> frozenset[Role]:
    """The roles of a member as they are now: granted ones, and those through organisations."""
    granted = session.scalars(sa.select(Grant.role).where(Grant.member_id == member_id))
    found = {Role(role) for role in granted}
    for seat in organisations.seats(session, member_id):
        # A coordinator is a partner with one more right.
        found |= {Role.PARTNER, Role(seat.role)}
    return frozenset(found)


def grant(board: Board, email: str, role: str, *, by: int | None = None) -> bool:
    """Give the member of this address a role; whoever is new becomes a member.

    `by` is the member who grants it; None stands for the command line. False when it was
    granted already. Raises Invalid; partners are members of an organisation (`partners`).
    """
    wanted, email = _checked(email, role)
    with board.db.write() as session:
        member = members.named(session, email, board.settings.default_locale)
        if _grants(session, member.id, wanted):
            return False
        session.add(Grant(member_id=member.id, role=wanted, granted_by=by, created_at=now(session)))
        _record(session, "grant", wanted, member.id, by)
    return True


def revoke(board: Board, email: str, role: str, *, by: int | None = None) -> int:
    """Take a role away, at once and everywhere; returns how many grants that were.

    Raises Invalid.
    """
    wanted, email = _checked(email, role)
    with board.db.write() as session:
        member = members.by_email(session, email)
        found = [] if member is None else _grants(session, member.id, wanted)
        for row in found:
            session.delete(row)
            _record(session, "revoke", wanted, row.member_id, by)
    return len(found)


def _grants(session: Session, member_id: int, role: Role) -> list[Grant]:
    wanted = sa.select(Grant).where(Grant.member_id == member_id, Grant.role == role)
    return list(session.scalars(wanted))


def _record(session: Session, action: str, role: Role, member_id: int, by: int | None) -> None:
    audit.record(
        session, action, subject="members", subject_id=member_id, member_id=by, reason=role
    )


def _checked(email: str, role: str) -> tuple[Role, str]:
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    wanted = next((each for each in Role if each == role), None)
    if wanted is None or wanted in BY_ORGANISATION:
        known = ", ".join(each for each in Role if each not in BY_ORGANISATION)
        checks.refuse("role", N_("One of these is accepted: %(codes)s."), codes=known)
    checks.done()
    if wanted is None:
        raise Invalid([Problem("role", N_("This is not a role."))])
    return wanted, email
