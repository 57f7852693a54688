"""Roles: rights that are granted to a member and read again at each request, never cached."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, members, organisations, outbox
from board.db import Base, BigId, UTCDateTime, insert_all_new, now
from board.errors import Invalid, NotAllowed, Problem
from board.i18n import N_
from board.members import Member
from board.validation import Checks, Refused, email_address

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
OWN_RIGHT = N_("Only another administrator can take this right from you.")
BANNED = N_("This person is banned, and can be given no role while the ban lasts.")


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
    """Give the member of this address a role; whoever is new becomes a member, and is told by mail.

    `by` is the administrator who grants it; None stands for the command line. False when it was
    granted already. Raises Invalid, also for somebody who is banned, and NotAllowed where `by` is
    no administrator; partners are members of an organisation (`partners`).
    """
    wanted, email = _checked(email, role)
    with board.db.write() as session:
        member = members.named(session, email, board.settings.default_locale, lock=True)
        _require_administrator(session, by)
        _require_no_ban(session, board, member)
        new = {"member_id": member.id, "role": wanted, "granted_by": by, "created_at": now(session)}
        if not insert_all_new(session, Grant, ["member_id", "role"], [new]):
            return False
        _record(session, "grant", wanted, member.id, by)
        told = outbox.add(session, _letter(board, outbox.ROLE_GRANTED, member, wanted))
    board.waker.wake([told])
    return True


def revoke(board: Board, email: str, role: str, *, by: int | None = None) -> bool:
    """Take a role away, at once and everywhere; whoever had it is told by mail.

    False when nobody of this address has it. Raises NotAllowed where `by` is no administrator, and
    Invalid, also for one's own right to administer.
    """
    wanted, email = _checked(email, role)
    with board.db.write() as session:
        member = members.by_email(session, email, lock=True)
        _require_administrator(session, by)
        if member is None:
            return False
        if by == member.id and wanted is Role.ADMINISTRATOR:
            raise Invalid([Problem("role", OWN_RIGHT)])
        if not _take_away(session, member.id, wanted):
            return False
        _record(session, "revoke", wanted, member.id, by)
        told = outbox.add(session, _letter(board, outbox.ROLE_REVOKED, member, wanted))
    board.waker.wake([told])
    return True


def has(session: Session, member_id: int, role: Role) -> bool:
    """Whether the member was granted this role."""
    wanted = sa.exists().where(Grant.member_id == member_id, Grant.role == role)
    return bool(session.scalar(sa.select(wanted)))


def _require_administrator(session: Session, by: int | None) -> None:
    """Raise NotAllowed unless `by` is an administrator and not banned, or the command line.

    The rights of all are held until the end of the unit, in one order: of two who take away each
    other's, the second comes too late. The member whom it is about is locked before: an erasure
    takes the member first, and the grants after it.
    """
    # Bans end sessions, and these ask this module for roles.
    from board.bans import Ban

    if by is None:
        return
    is_banned = sa.exists().where(Ban.member_id == Grant.member_id, Ban.lifted_at.is_(None))
    administrators = sa.select(Grant.member_id).where(Grant.role == Role.ADMINISTRATOR, ~is_banned)
    held = session.scalars(administrators.order_by(Grant.id).with_for_update()).all()
    if by not in held:
        raise NotAllowed(Role.ADMINISTRATOR)


def _require_no_ban(session: Session, board: Board, member: Member) -> None:
    """Raise Invalid for somebody who is banned, or was as they were erased."""
    # As above.
    from board import bans, conversations, kept_bans

    try:
        bans.require_none(session, member.id)
        kept_bans.require_none(session, conversations.address_hash(board, member))
    except NotAllowed as refusal:
        raise Invalid([Problem("email", BANNED)]) from refusal


def _take_away(session: Session, member_id: int, role: Role) -> bool:
    """Delete the grant, if it is there: of two who do so at once, one did."""
    gone = session.scalars(
        sa.delete(Grant)
        .where(Grant.member_id == member_id, Grant.role == role)
        .returning(Grant.id)
        .execution_options(synchronize_session=False)
    )
    return bool(gone.all())


def _letter(board: Board, purpose: str, member: Member, role: Role) -> outbox.NewRow:
    return outbox.NewRow(
        purpose=purpose,
        once=f"{purpose}:{role}:{member.id}:{secrets.token_hex(8)}",
        member_id=member.id,
        locale=member.locale,
        payload=board.vault.seal(json.dumps({"role": role})),
    )


def _record(session: Session, action: str, role: Role, member_id: int, by: int | None) -> None:
    audit.record(
        session, action, subject="members", subject_id=member_id, member_id=by, reason=role
    )


def _checked(email: str, role: str) -> tuple[Role, str]:
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    with checks.field("role"):
        wanted = _granted_role(role)
    checks.done()
    return wanted, email


def _granted_role(code: str) -> Role:
    for role in Role:
        if role == code and role not in BY_ORGANISATION:
            return role
    raise Refused(N_("Choose one of the roles."))
