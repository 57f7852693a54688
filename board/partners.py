"""Partners and administrators: rights granted from the command line for now."""

from __future__ import annotations

from datetime import datetime
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

ADMINISTRATOR = "administrator"
PARTNER = "partner"


class Grant(Base):
    """A right of a member. Read again at each request, never cached."""

    __tablename__ = "grants"
    __table_args__ = (sa.UniqueConstraint("member_id", "role", "country"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(sa.String(16))
    country: Mapped[str] = mapped_column(
        sa.String(2), default="", comment="jurisdiction of a partner, ISO 3166-1 alpha-2"
    )
    organisation: Mapped[str] = mapped_column(sa.String(TITLE_MAX), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


def add_administrator(board: Board, email: str) -> bool:
    """Grant the right of an administrator. False when the address had it already."""
    return _grant(board, email, role=ADMINISTRATOR)


def add_partner(board: Board, email: str, country: str, organisation: str = "") -> bool:
    """Grant the right to publish official information for one country."""
    code = country.strip().upper()
    if code not in board.countries.codes:
        raise Invalid([Problem("country", N_("A two-letter country code such as CM is accepted."))])
    return _grant(board, email, role=PARTNER, country=code, organisation=organisation)


def _grant(
    board: Board, email: str, *, role: str, country: str = "", organisation: str = ""
) -> bool:
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    with checks.field("name"):
        organisation = clean_text(organisation, max_length=TITLE_MAX)
    checks.done()
    with board.db.write() as session:
        member = members.confirmed(session, email, board.settings.default_locale)
        known = sa.select(Grant).where(
            Grant.member_id == member.id, Grant.role == role, Grant.country == country
        )
        if session.scalar(known) is not None:
            return False
        grant = Grant(
            member_id=member.id,
            role=role,
            country=country,
            organisation=organisation,
            created_at=now(session),
        )
        session.add(grant)
        session.flush()
        audit.record(session, "grant", subject="grants", subject_id=grant.id, reason=role)
    return True


def jurisdiction(session: Session, email: str) -> dict[str, str]:
    """Countries this address may publish for → name of its organisation; empty for others."""
    rows = session.execute(
        sa.select(Grant.country, Grant.organisation)
        .join(members.Member, members.Member.id == Grant.member_id)
        .where(members.Member.email == email, Grant.role == PARTNER)
    )
    return {row.country: row.organisation for row in rows}
