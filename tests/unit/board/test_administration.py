"""What administrators see at a glance."""

from __future__ import annotations

import sqlalchemy as sa

from board import administration, recovery, roles
from board.context import Board
from board.db import now
from board.members import Member
from board.organisations import Organisation
from board.outbox import DEAD, OutboxRow
from board.passkeys import Passkey
from board.roles import Role
from tests.factories import Factory


def test_what_waits_is_counted(board: Board, make: Factory) -> None:
    """Cases for who may read them alone; people once, whatever they are; decided ones not."""
    admin = make.administrator()
    both = make.member("both@example.org", roles=["administrator", "moderator"])
    make.member(roles=["relay"])
    make.organisation()
    with board.db.write() as session:
        session.execute(sa.update(Organisation).values(status="applied"))
    make.organisation(name="Mairie")
    make.held(text="06 12 34 56 78")
    given_up = dead(board)
    seen = administration.overview(board, admin)
    assert (seen.organisations, seen.cases, seen.given_up, seen.people) == (1, None, given_up, 3)
    assert administration.overview(board, both).cases == 1


def dead(board: Board) -> int:
    """How many rows are given up now."""
    with board.db.write() as session:
        session.execute(sa.update(OutboxRow).values(status=DEAD))
        return session.scalar(sa.select(sa.func.count(OutboxRow.id))) or 0


def test_holders_are_listed_by_role(board: Board, make: Factory) -> None:
    """By address, with who gave it and whether the second factor is there that it needs."""
    admin = make.administrator()
    roles.grant(board, "b@example.org", Role.RELAY, by=admin)
    roles.grant(board, "a@example.org", Role.RELAY)
    gone = make.member("gone@example.org", roles=["administrator"])
    roles.grant(board, "c@example.org", Role.MODERATOR, by=gone)
    with board.db.write() as session:
        session.execute(sa.delete(Member).where(Member.id == gone))
    found = administration.holders(board)
    assert list(found) == [Role.RELAY, Role.MODERATOR, Role.ADMINISTRATOR]
    told = {
        role: [(each.email, each.granted_by, each.on_command_line) for each in holders.listed]
        for role, holders in found.items()
    }
    assert told == {
        Role.RELAY: [
            ("a@example.org", None, True),
            ("b@example.org", "admin@example.org", False),
        ],
        Role.MODERATOR: [("c@example.org", None, False)],
        Role.ADMINISTRATOR: [("admin@example.org", None, True)],
    }
    factors = {role: [each.has_second_factor for each in found[role].listed] for role in found}
    assert factors == {
        Role.RELAY: [None, None],
        Role.MODERATOR: [False],
        Role.ADMINISTRATOR: [False],
    }


def test_of_many_holders_the_first_are_listed(board: Board, make: Factory) -> None:
    """All are counted, each role for itself."""
    for number in range(administration.LISTED + 1):
        make.member(f"a{number:02}@example.org", roles=["relay"])
    make.administrator()
    found = administration.holders(board)
    assert [each.number for each in found.values()] == [administration.LISTED + 1, 0, 1]
    assert [each.email for each in found[Role.RELAY].listed] == [
        f"a{number:02}@example.org" for number in range(administration.LISTED)
    ]


def test_a_passkey_or_an_unused_code_is_a_second_factor(board: Board, make: Factory) -> None:
    """A list that is used up is none."""
    with_key, with_codes = make.member(roles=["moderator"]), make.member(roles=["moderator"])
    with board.db.write() as session:
        session.add(
            Passkey(
                member_id=with_key,
                credential_id=b"key",
                public_key=b"key",
                sign_count=0,
                created_at=now(session),
            )
        )
        recovery.issue(session, board, with_codes, by=None)
    assert factors(board) == {with_key: True, with_codes: True}
    with board.db.write() as session:
        session.execute(sa.update(recovery.RecoveryCode).values(used_at=now(session)))
    assert factors(board) == {with_key: True, with_codes: False}


def factors(board: Board) -> dict[int, bool | None]:
    """Moderator -> whether there is a second factor."""
    holders = administration.holders(board)[Role.MODERATOR].listed
    return {each.member_id: each.has_second_factor for each in holders}
