"""Roles: rights that are granted to a member and read again at each request, never cached."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, members
from board.db import Base, BigId, UTCDateTime, now
from board.errors import Invalid, Problem
from board.i18n import N_
from board.validation import TITLE_MAX, Checks, clean_text, email_address

if TYPE_CHECKING:
    from board.context import Board


class Role(StrEnum):
    """What a member may do beyond what everybody may."""

    #: Posts on behalf of people without internet.
    RELAY = "relay"
    #: Publishes official information for the countries of the grants.
    PARTNER = "partner"
    #: A partner's member who coordinates inside the countries of the grants.
    COORDINATOR = "coordinator"
    MODERATOR = "moderator"
    ADMINISTRATOR = "administrator"


#: Roles that hold for a country.
WITH_COUNTRY = frozenset({Role.PARTNER, Role.COORDINATOR})
#: Roles that count only in a session whose second factor was given.
WITH_SECOND_FACTOR = frozenset({Role.PARTNER, Role.MODERATOR, Role.ADMINISTRATOR})


class Grant(Base):
    """A right of a member."""

    __tablename__ = "grants"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "role", "country"),
        sa.CheckConstraint(
            "role IN ('relay', 'partner', 'coordinator', 'moderator', 'administrator')",
            name="role",
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(sa.String(16))
    country: Mapped[str] = mapped_column(
        sa.String(2), default="", comment="jurisdiction of a partner, ISO 3166-1 alpha-2"
    )
    organisation: Mapped[str] = mapped_column(sa.String(TITLE_MAX), default="")
    granted_by: Mapped[int | None] = mapped_column(
        sa.BigInteger, comment="member who granted it; null for the command line"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


def of(session: Session, member_id: int) -> frozenset[Role]:
    """The roles of a member as they are now."""
    found = session.scalars(sa.select(Grant.role).where(Grant.member_id == member_id))
    return frozenset(Role(role) for role in found)


def grant(
    board: Board,
    email: str,
    role: str,
    *,
    country: str = "",
    organisation: str = "",
    by: int | None = None,
) -> bool:
    """Give the member of this address a role; whoever is new becomes a member.

    `by` is the member who grants it; None stands for the command line. False when it was
    granted already. Raises Invalid.
    """
    wanted, email, country, organisation = _checked(board, email, role, country, organisation)
    with board.db.write() as session:
        member = members.confirmed(session, email, board.settings.default_locale)
        if _grants(session, member.id, wanted, country):
            return False
        session.add(
            Grant(
                member_id=member.id,
                role=wanted,
                country=country,
                organisation=organisation,
                granted_by=by,
                created_at=now(session),
            )
        )
        _record(session, "grant", wanted, member.id, by)
    return True


def revoke(board: Board, email: str, role: str, *, country: str = "", by: int | None = None) -> int:
    """Take a role away, at once and everywhere; returns how many grants that were.

    Without a country, those for all countries. Raises Invalid.
    """
    wanted, email, country, _ = _checked(board, email, role, country, "", needs_country=False)
    with board.db.write() as session:
        member = members.by_email(session, email)
        found = [] if member is None else _grants(session, member.id, wanted, country)
        for row in found:
            session.delete(row)
            _record(session, "revoke", wanted, row.member_id, by)
    return len(found)


def _grants(session: Session, member_id: int, role: Role, country: str) -> list[Grant]:
    wanted = sa.select(Grant).where(Grant.member_id == member_id, Grant.role == role)
    if country:
        wanted = wanted.where(Grant.country == country)
    return list(session.scalars(wanted))


def _record(session: Session, action: str, role: Role, member_id: int, by: int | None) -> None:
    audit.record(
        session, action, subject="members", subject_id=member_id, member_id=by, reason=role
    )


def _checked(
    board: Board,
    email: str,
    role: str,
    country: str,
    organisation: str,
    *,
    needs_country: bool = True,
) -> tuple[Role, str, str, str]:
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    with checks.field("name"):
        organisation = clean_text(organisation, max_length=TITLE_MAX)
    wanted = next((each for each in Role if each == role), None)
    if wanted is None:
        known = ", ".join(Role)
        checks.refuse("role", N_("One of these is accepted: %(codes)s."), codes=known)
    code = country.strip().upper()
    needed = needs_country and wanted in WITH_COUNTRY
    if (code or needed) and (code not in board.countries.codes or wanted not in WITH_COUNTRY):
        message = (
            N_("A two-letter country code such as CM is accepted.")
            if wanted in WITH_COUNTRY
            else N_("This role holds everywhere: leave the country out.")
        )
        checks.refuse("country", message)
    checks.done()
    if wanted is None:
        raise Invalid([Problem("role", N_("This is not a role."))])
    return wanted, email, code, organisation
