"""Roles: granted, taken away, audited."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from board import members, roles
from board.audit import AuditEntry
from board.context import Board
from board.errors import Invalid
from board.organisations import Organisation
from board.roles import Role
from tests.factories import Factory

ADDRESS = "person@example.org"


def held(board: Board, email: str = ADDRESS) -> frozenset[Role]:
    """Roles of an address now."""
    with board.db.read() as session:
        member = members.by_email(session, email)
        return frozenset() if member is None else roles.of(session, member.id)


@pytest.mark.parametrize("role", sorted(set(Role) - roles.BY_ORGANISATION))
def test_every_role_can_be_granted_and_taken_away(board: Board, make: Factory, role: Role) -> None:
    """Twice changes nothing; the log names who did it, the member, and the role."""
    by = make.member()
    assert roles.grant(board, ADDRESS, role, by=by)
    assert not roles.grant(board, ADDRESS, role, by=by)
    assert held(board) == {role}
    assert roles.revoke(board, ADDRESS, role, by=by) == 1
    assert roles.revoke(board, ADDRESS, role, by=by) == 0
    assert held(board) == frozenset()
    with board.db.read() as session:
        member = members.by_email(session, ADDRESS)
        log = session.execute(
            sa.select(
                AuditEntry.action,
                AuditEntry.member_id,
                AuditEntry.subject,
                AuditEntry.subject_id,
                AuditEntry.reason,
            ).order_by(AuditEntry.id)
        ).all()
    assert member is not None
    assert [tuple(row) for row in log] == [
        ("grant", by, "members", member.id, role),
        ("revoke", by, "members", member.id, role),
    ]


@pytest.mark.parametrize(
    ("seat", "expected"),
    [("partner", {Role.PARTNER}), ("coordinator", {Role.PARTNER, Role.COORDINATOR})],
)
def test_a_partner_s_right_is_that_of_a_verified_organisation(
    board: Board, make: Factory, seat: str, expected: set[Role]
) -> None:
    """It is gone with the verification, and no grant can stand for it."""
    make.member(ADDRESS, roles=[seat])
    assert held(board) == expected
    with board.db.write() as session:
        session.execute(sa.update(Organisation).values(status="revoked"))
    assert held(board) == frozenset()


@pytest.mark.parametrize(
    ("email", "role", "field"),
    [
        ("nobody", "moderator", "email"),
        (ADDRESS, "king", "role"),
        (ADDRESS, "", "role"),
        (ADDRESS, "partner", "role"),
        (ADDRESS, "coordinator", "role"),
    ],
)
def test_a_bad_grant_is_refused(board: Board, email: str, role: str, field: str) -> None:
    """The field is named, and nobody becomes a member."""
    with pytest.raises(Invalid) as refusal:
        roles.grant(board, email, role)
    assert [problem.field for problem in refusal.value.problems] == [field]
    assert held(board) == frozenset()
    with board.db.read() as session:
        assert members.by_email(session, ADDRESS) is None
