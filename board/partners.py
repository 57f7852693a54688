"""Partners and administrators, as the command line adds them, and where a partner may publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import members, roles
from board.roles import Grant, Role

if TYPE_CHECKING:
    from board.context import Board

ADMINISTRATOR = Role.ADMINISTRATOR
PARTNER = Role.PARTNER


def add_administrator(board: Board, email: str) -> bool:
    """Grant the right of an administrator. False when the address had it already."""
    return roles.grant(board, email, ADMINISTRATOR)


def add_partner(board: Board, email: str, country: str, organisation: str = "") -> bool:
    """Grant the right to publish official information for one country."""
    return roles.grant(board, email, PARTNER, country=country, organisation=organisation)


def jurisdiction(session: Session, email: str) -> dict[str, str]:
    """Countries this address may publish for → name of its organisation; empty for others."""
    rows = session.execute(
        sa.select(Grant.country, Grant.organisation)
        .join(members.Member, members.Member.id == Grant.member_id)
        .where(members.Member.email == email, Grant.role == PARTNER)
    )
    return {row.country: row.organisation for row in rows}
