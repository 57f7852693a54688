"""Rights that exist only through the command line."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from board import partners
from board.audit import AuditEntry
from board.context import Board
from board.errors import Invalid


def test_a_right_is_granted_once_and_audited(board: Board) -> None:
    """Granting twice changes nothing; each grant is one entry of the log."""
    assert partners.add_administrator(board, "Admin@Example.org")
    assert not partners.add_administrator(board, "admin@example.org")
    assert partners.add_partner(board, "consulate@example.org", "cm", "Consulat")
    assert not partners.add_partner(board, "consulate@example.org", "CM")
    assert partners.add_partner(board, "consulate@example.org", "GA")
    with board.db.read() as session:
        reasons = session.scalars(sa.select(AuditEntry.reason).order_by(AuditEntry.id)).all()
        rights = partners.jurisdiction(session, "consulate@example.org")
    assert reasons == ["administrator", "partner", "partner"]
    assert rights == {"CM": "Consulat", "GA": ""}


@pytest.mark.parametrize(
    ("email", "country", "field"),
    [
        ("nobody", "CM", "email"),
        ("a@example.org", "XX", "country"),
        ("a@example.org", "", "country"),
    ],
)
def test_a_bad_grant_is_refused(board: Board, email: str, country: str, field: str) -> None:
    """The field is named, and nobody becomes a member."""
    with pytest.raises(Invalid, match=field):
        partners.add_partner(board, email, country)
    with board.db.read() as session:
        assert partners.jurisdiction(session, email) == {}
