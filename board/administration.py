"""What administrators see at a glance: what waits, and who holds which role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from board import moderation, roles
from board.members import Member
from board.organisations import Organisation
from board.organisations import Status as OrganisationStatus
from board.outbox import DEAD, OutboxRow
from board.passkeys import Passkey
from board.recovery import RecoveryCode
from board.roles import BY_ORGANISATION, WITH_SECOND_FACTOR, Grant, Role

if TYPE_CHECKING:
    from board.context import Board

#: Roles that are granted to a person, the one that may do most last.
GRANTED: Final = tuple(role for role in Role if role not in BY_ORGANISATION)
#: So many people of a role are listed; a page of a thousand is too long for a telephone.
LISTED: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How much of what concerns an administrator there is."""

    #: Organisations that wait for a decision.
    organisations: int
    #: Cases that wait for the reader; None for who is no moderator.
    cases: int | None
    #: Rows of the outbox that were given up.
    given_up: int
    #: Members with a granted role.
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A member with a granted role."""

    member_id: int
    email: str | None
    role: Role
    since: datetime
    #: Address of who granted it; None for somebody who is gone.
    granted_by: str | None
    on_command_line: bool
    #: Whether there is one; None for a role that needs none.
    has_second_factor: bool | None


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has one role."""

    #: How many there are.
    number: int
    #: The first `LISTED` of them.
    listed: tuple[Holder, ...]


def overview(board: Board, member_id: int) -> Overview:
    """What waits, for this administrator."""
    with board.db.read() as session:
        is_moderator = roles.has(session, member_id, Role.MODERATOR)
        return Overview(
            organisations=_count(
                session, Organisation.id, Organisation.status == OrganisationStatus.APPLIED
            ),
            cases=moderation.count(session, member_id) if is_moderator else None,
            given_up=_count(session, OutboxRow.id, OutboxRow.status == DEAD),
            people=_count(session, Grant.member_id.distinct()),
        )


def holders(board: Board) -> dict[Role, Holders]:
    """Who has which granted role, by address; of many the first only."""
    with board.db.read() as session:
        return {
            role: Holders(
                number=_count(session, Grant.id, Grant.role == role),
                listed=_listed(session, role),
            )
            for role in GRANTED
        }


def _listed(session: Session, role: Role) -> tuple[Holder, ...]:
    giver = aliased(Member)
    own_codes = RecoveryCode.member_id == Member.id
    rows = session.execute(
        sa.select(
            Member.id,
            Member.email,
            Grant,
            giver.email,
            sa.or_(
                sa.exists().where(Passkey.member_id == Member.id),
                sa.exists().where(own_codes, RecoveryCode.used_at.is_(None)),
            ),
        )
        .join(Grant, Grant.member_id == Member.id)
        .outerjoin(giver, giver.id == Grant.granted_by)
        .where(Grant.role == role)
        .order_by(Member.email, Member.id)
        .limit(LISTED)
    )
    return tuple(_holder(*row) for row in rows)


def _holder(
    member_id: int, email: str | None, grant: Grant, giver: str | None, has_second_factor: bool
) -> Holder:
    role = Role(grant.role)
    return Holder(
        member_id=member_id,
        email=email,
        role=role,
        since=grant.created_at,
        granted_by=giver,
        on_command_line=grant.granted_by is None,
        has_second_factor=has_second_factor if role in WITH_SECOND_FACTOR else None,
    )


def _count(
    session: Session, what: sa.ColumnExpressionArgument[int], *conditions: sa.ColumnElement[bool]
) -> int:
    return session.scalar(sa.select(sa.func.count(what)).where(*conditions)) or 0
