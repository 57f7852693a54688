"""Roles and recovery codes from the command line."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from structlog.testing import capture_logs

from board import members, recovery, roles
from board.context import Board
from board.errors import Invalid
from board.outbox import OutboxRow
from cli import people
from tests.factories import Factory

ADDRESS = "person@example.org"


@pytest.fixture(autouse=True)
def home(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands open the board of this test."""
    monkeypatch.setattr(people, "load_settings", lambda: board.settings)


def run(command: object, *arguments: str) -> str:
    """What a command prints; it must succeed."""
    with capture_logs():
        # The queue's server is not there: its workers find the mail by themselves.
        result = CliRunner().invoke(command, arguments)  # type: ignore[arg-type]
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def held(board: Board) -> frozenset[str]:
    """Roles of the address."""
    with board.db.read() as session:
        member = members.by_email(session, ADDRESS)
        return frozenset() if member is None else roles.of(session, member.id)


def test_a_role_is_granted_and_taken_away(board: Board) -> None:
    """Each says what it did, also when there was nothing to do."""
    assert run(people.grant, ADDRESS, "moderator") == "moderator granted\n"
    assert run(people.grant, ADDRESS, "moderator") == "this address is moderator already\n"
    assert held(board) == {"moderator"}
    assert run(people.revoke, ADDRESS, "moderator") == "moderator revoked\n"
    assert run(people.revoke, ADDRESS, "moderator") == "this address is no moderator\n"
    assert held(board) == frozenset()
    with board.db.read() as session:
        told = session.scalars(sa.select(OutboxRow.purpose).order_by(OutboxRow.id)).all()
    assert told == ["role-granted", "role-revoked"]


def test_a_partner_has_an_organisation_and_a_country(board: Board) -> None:
    """The role alone is granted to nobody; an unknown country is refused."""
    assert "administrator" in run(people.grant, ADDRESS, "partner")
    with pytest.raises(Invalid, match="country"):
        run(people.add_partner, ADDRESS, "--country", "xx")
    assert held(board) == frozenset()
    added = run(people.add_partner, ADDRESS, "--country", "cm", "--kind", "consulate")
    assert added == "partner added for CM\n"
    assert run(people.add_partner, ADDRESS, "--country", "CM").endswith("for CM already\n")
    assert held(board) == {"partner", "coordinator"}


def test_an_unknown_role_names_those_there_are(board: Board) -> None:
    """And changes nothing."""
    assert "administrator" in run(people.grant, ADDRESS, "king")
    assert held(board) == frozenset()


def test_recovery_codes_are_printed_once(board: Board, make: Factory) -> None:
    """Ten of them, for a member alone."""
    make.member(email=ADDRESS)
    assert len(run(people.recovery_codes, ADDRESS).split()) == recovery.COUNT
    with pytest.raises(Invalid, match="email"):
        run(people.recovery_codes, "nobody@example.org")
