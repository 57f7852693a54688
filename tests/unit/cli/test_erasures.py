"""The ledger of erasures from the command line, and at each start."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from board import erasures
from board.context import Board
from board.db import now
from board.erasures import Entry
from board.links import address_hash
from board.members import Member
from cli import erasures as commands
from cli import run
from tests.factories import Factory

ADDRESS = "person@example.org"


@pytest.fixture(autouse=True)
def home(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands open the board of this test."""
    for module in (commands, run):
        monkeypatch.setattr(module, "load_settings", lambda: board.settings)


@pytest.fixture
def brought_back(board: Board, make: Factory) -> None:
    """Somebody who was erased, in a database that was restored since."""
    make.member(email=ADDRESS)
    with board.db.read() as session:
        moment = now(session)
    entry = Entry.new(address_hash(board.settings.secret_key, ADDRESS), 1, moment)
    erasures.add_to_file(board.settings.ledger_path, [entry])


def people(board: Board) -> int:
    """How many members there are."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count(Member.id))) or 0


@pytest.mark.usefixtures("brought_back")
def test_the_command_erases_again_once(board: Board) -> None:
    """It says how many people that were, none the second time."""
    assert people(board) == 1
    for said in ("1 people erased again\n", "0 people erased again\n"):
        result = CliRunner().invoke(commands.erasures, ["apply"])
        assert (result.exit_code, result.output) == (0, said)
    assert people(board) == 0


@pytest.mark.usefixtures("brought_back")
def test_migrating_applies_the_ledger(board: Board) -> None:
    """Whoever follows a restore by the usual command need not think of it."""
    result = CliRunner().invoke(run.migrate)
    assert result.exit_code == 0
    assert "1 people erased again" in result.output
    assert people(board) == 0


def test_a_damaged_ledger_is_named(board: Board) -> None:
    """Nothing is guessed: the line and what is accepted."""
    board.settings.ledger_path.write_text("nonsense\n")
    result = CliRunner().invoke(commands.erasures, ["apply"])
    assert "line 1 is damaged; accepted" in str(result.exception)
