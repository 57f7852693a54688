"""`entraide outbox`: what it prints, what it changes, how it refuses."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from board import outbox
from board.context import Board
from board.outbox import OutboxRow
from tests.commands import entraide
from tests.factories import Factory


@pytest.fixture(params=["sqlite"])
def environment(environment: dict[str, str]) -> dict[str, str]:
    """SQLite alone: commands know nothing of databases."""
    return environment


@pytest.fixture
def dead(board: Board, make: Factory) -> list[int]:
    """Ids of two rows that were given up two days ago."""
    make.pending()
    make.pending()
    with board.db.write() as session:
        row = {"status": outbox.DEAD, "attempts": 8, "error": "smtp 451"}
        return sorted(
            session.scalars(sa.update(OutboxRow).values(row).returning(OutboxRow.id)).all()
        )


def test_what_was_given_up_is_printed(environment: dict[str, str], dead: list[int]) -> None:
    """One line a row under names of columns, and no address."""
    done = entraide(environment, "outbox", "list")
    header, *lines = [line.split() for line in done.stdout.splitlines()]
    assert header == ["id", "purpose", "channel", "status", "attempts", "age", "error"]
    assert [line[:5] for line in lines] == [
        [str(row_id), "confirm-listing", "email", "dead", "8"] for row_id in dead
    ]
    assert all(line[-2:] == ["smtp", "451"] for line in lines)
    assert "@" not in done.stdout


def test_it_is_printed_for_programs(environment: dict[str, str], dead: list[int]) -> None:
    """One JSON object a line, with the age in seconds."""
    done = entraide(environment, "outbox", "list", "--json", "--limit", 1)
    (row,) = map(json.loads, done.stdout.splitlines())
    assert 0 <= row.pop("age_s") < 60
    assert row == {
        "id": dead[0],
        "purpose": "confirm-listing",
        "channel": "email",
        "status": "dead",
        "attempts": 8,
        "error": "smtp 451",
    }


def test_nothing_to_print_is_said(environment: dict[str, str], board: Board) -> None:
    """Beside the output, which stays empty for programs."""
    done = entraide(environment, "outbox", "list", "--status", "sent")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no such row\n")


def test_rows_are_tried_again(environment: dict[str, str], dead: list[int], board: Board) -> None:
    """Those that are named, then all that are left."""
    one = entraide(environment, "outbox", "retry", dead[0])
    assert one.stdout.endswith("1 of the outbox will be tried again\n")
    assert outbox.due_ids(board.db) == dead[:1]
    rest = entraide(environment, "outbox", "retry", "--all", "--purpose", "confirm-listing")
    assert rest.stdout.endswith("1 of the outbox will be tried again\n")
    assert outbox.due_ids(board.db) == dead


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "error: ID: one of ID and --all is needed; accepted: ids of dead rows, or --all"),
        ((1, "--all"), "error: ID: one of ID and --all is needed"),
        ((1, "--purpose", "match"), "error: --purpose: goes with --all only"),
        ((999,), "error: ID: row 999 is not in the outbox; accepted: ids of dead rows"),
        (("--all", "--purpose", "spam"), "error: --purpose: “spam” is none; accepted: "),
        (("one",), "'one' is not a valid integer"),
    ],
)
def test_a_refusal_says_what_is_accepted(
    environment: dict[str, str], dead: list[int], board: Board, words: tuple[object, ...], said: str
) -> None:
    """Status 2, and every row as it was."""
    done = entraide(environment, "outbox", "retry", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert outbox.due_ids(board.db) == []
