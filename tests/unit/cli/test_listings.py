"""The commands import, match and demo: what they print, and how they refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from board import listings, rankings
from board.context import Board
from board.errors import Invalid
from board.listings import Listing, close_ended
from cli.errors import Refusal
from cli.listings import demo_command, import_command, match_command, moment_of
from tests.commands import entraide
from tests.factories import Factory

DAY = datetime(2026, 11, 20, tzinfo=UTC)
#: A request and two offers around it, a row that is refused, an offer in another country.
FILE = """id,kind,category,title,lat,lng,starts,ends,radius_km
a-1,request,groceries,Courses pour une semaine,4.0503,9.698,2026-11-20,2027-01-20,10
a-2,offer,groceries;meals,Je fais vos courses,4.0246,9.701,2026-11-20,2027-01-20,5
a-3,offer,medicine,Passage en pharmacie,4.0503,9.698,2026-11-20,2027-01-20,5
a-4,offer,groceries,Trop au nord,91,9.698,2026-11-20,2027-01-20,5
a-5,offer,groceries,Ailleurs,43.2965,5.3698,2026-11-20,2027-01-20,5
"""


@pytest.fixture(params=["sqlite"])
def environment(environment: dict[str, str]) -> dict[str, str]:
    """SQLite alone: commands know nothing of databases."""
    return environment


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The five rows."""
    path = tmp_path / "rows.csv"
    path.write_text(FILE, encoding="utf-8")
    return path


def run(command: Any, *arguments: object, environment: dict[str, str]) -> Result:
    """A command in this process; its refusals are raised."""
    return CliRunner().invoke(
        command, [str(each) for each in arguments], env=environment, catch_exceptions=False
    )


@pytest.fixture
def imported(board: Board, environment: dict[str, str], file: Path) -> dict[str, str]:
    """Title → public id of the imported listings."""
    run(import_command, file, environment=environment)
    with board.db.read() as session:
        return {row.title: row.public_id for row in session.scalars(sa.select(Listing))}


# import


def test_import_says_what_it_did(board: Board, environment: dict[str, str], file: Path) -> None:
    """A summary on standard output; each refused row with its line on standard error."""
    result = run(import_command, file, environment=environment)
    first, second = result.stdout.splitlines()
    assert first == "entraide: 4 listings of 4 rows stored, 0 rows already there, 1 refused"
    assert second == "  1 × lat: A number from … to … is accepted."
    assert result.stderr == "line 5 (id a-4): lat: A number from -90 to 90 is accepted.\n"
    again = run(import_command, file, environment=environment)
    assert again.stdout.startswith("entraide: 0 listings of 0 rows stored, 4 rows already there")


def test_import_prints_its_summary_as_json(
    board: Board, environment: dict[str, str], file: Path
) -> None:
    """For a program: one object, the refused rows in it."""
    arguments = (file, "--json", "--source", "Douala", "--batch", "2")
    result = run(import_command, *arguments, environment=environment)
    assert json.loads(result.stdout) == {
        "source": "Douala",
        "rows": 5,
        "stored_rows": 4,
        "stored_listings": 4,
        "already_there": 0,
        "announced": 0,
        "refused_rows": 1,
        "refused_by_reason": {"lat: A number from … to … is accepted.": 1},
        "refused": [
            {"line": 5, "id": "a-4", "reasons": ["lat: A number from -90 to 90 is accepted."]}
        ],
    }


def test_import_announces_only_when_asked(
    board: Board, environment: dict[str, str], file: Path
) -> None:
    """One announcement a listing, with --alert."""
    variables = {**environment, "REDIS_URL": "redis://127.0.0.1:1/0"}
    result = run(import_command, file, "--alert", "--json", environment=variables)
    assert json.loads(result.stdout)["announced"] == 4
    assert "wake-up failed" in result.stderr, "what is no answer is not on standard output"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no-such-file.csv"], "error: file: This file cannot be read"),
        ([__file__], "error: file: The column “id” is missing"),
        (["{file}", "--mapping", "nowhere"], "error: mapping: There is no mapping “nowhere”"),
        (["{file}", "--source", "demo"], "error: mapping.source:"),
        (["{file}", "--batch", "0"], "error: batch: A number from 1 to 5000 is accepted"),
        (["{file}", "--batch", "many"], "not a valid integer"),
        ([], "Missing argument"),
    ],
)
def test_import_refuses_with_a_line_and_status_2(
    board: Board, environment: dict[str, str], file: Path, arguments: list[str], reason: str
) -> None:
    """Never a traceback, and nothing is written."""
    given = [each.format(file=file) for each in arguments]
    result = entraide(environment, "import", *given)
    assert result.returncode == 2
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Listing)) == 0


# match


def test_match_ranks_the_counterparts_of_one_listing(
    board: Board, environment: dict[str, str], imported: dict[str, str]
) -> None:
    """By score, each with its distance and its reasons in words."""
    wanted = imported["Courses pour une semaine"]
    result = run(match_command, wanted, "--json", "--at", "2026-11-21", environment=environment)
    answer = json.loads(result.stdout)
    assert answer["public_id"] == wanted
    best, second = answer["matches"]
    assert best["public_id"] == imported["Je fais vos courses"]
    assert second["public_id"] == imported["Passage en pharmacie"]
    assert (best["category"], second["category"]) == ("groceries", "medicine")
    assert 2_500 < best["distance_m"] < 3_500
    assert best["reasons"] == ["3 km", "same category", "no hurry"]
    assert best["score"] > second["score"] > 0


@pytest.mark.parametrize("reference", ["public id", "number", "row"])
def test_match_knows_a_listing_by_three_names(
    board: Board, environment: dict[str, str], imported: dict[str, str], reference: str
) -> None:
    """Its public id, its internal number, or its id in the file."""
    public_id = imported["Courses pour une semaine"]
    with board.db.read() as session:
        number = session.scalar(sa.select(Listing.id).where(Listing.public_id == public_id))
    name = {"public id": public_id, "number": str(number), "row": "a-1"}[reference]
    result = run(match_command, name, "--json", environment=environment)
    assert json.loads(result.stdout)["public_id"] == public_id


def test_a_public_id_may_begin_with_a_hyphen(
    board: Board, environment: dict[str, str], imported: dict[str, str]
) -> None:
    """One in sixty-four does."""
    with board.db.write() as session:
        session.execute(sa.update(Listing).where(Listing.id == 1).values(public_id="-kjson_abcde"))
    result = run(match_command, "-kjson_abcde", "--json", environment=environment)
    assert json.loads(result.stdout)["id"] == 1


def test_match_prints_a_table_for_people(
    board: Board, environment: dict[str, str], imported: dict[str, str]
) -> None:
    """Title, rank, score, reasons; or that there is no counterpart."""
    result = run(match_command, "a-1", environment=environment)
    assert "Courses pour une semaine" in result.stdout
    assert "  1. 0." in result.stdout
    assert "(3 km · same category · no hurry)" in result.stdout
    assert "no counterpart" in run(match_command, "a-5", environment=environment).stdout


@pytest.mark.parametrize(("side", "expected"), [("request", 1), ("offer", 3)])
def test_match_all_prints_one_line_a_listing(
    board: Board, environment: dict[str, str], imported: dict[str, str], side: str, expected: int
) -> None:
    """Also those without a counterpart."""
    arguments = ("--all", "--json", "--side", side, "--k", "1")
    lines = run(match_command, *arguments, environment=environment).stdout.splitlines()
    answers = [json.loads(line) for line in lines]
    assert len(answers) == expected
    assert max(len(answer["matches"]) for answer in answers) == 1


def test_match_at_another_time_sees_what_was_open_then(
    board: Board, environment: dict[str, str], imported: dict[str, str]
) -> None:
    """Nothing after all have ended, and all again before that, though the board closed them."""
    after = run(match_command, "a-1", "--at", "2027-01-20", "--json", environment=environment)
    assert json.loads(after.stdout)["matches"] == []
    with board.db.write() as session:
        session.execute(sa.update(Listing).values(ends_at=DAY.replace(day=21)))
    assert close_ended(board) == 4
    now = run(match_command, "a-1", "--json", environment=environment)
    assert json.loads(now.stdout)["matches"] == []
    then = run(match_command, "a-1", "--json", "--at", "2026-11-20", environment=environment)
    assert len(json.loads(then.stdout)["matches"]) == 2


def test_what_somebody_closed_is_not_matched_again(board: Board, make: Factory) -> None:
    """Who takes a listing down is not brought back by asking about the past."""
    asked, offered = make.open(), make.offer()
    with board.db.write() as session:
        listings.close(session, listings.find(session, offered.public_id), "poster")
    wanted = rankings.find(board, asked.public_id)
    assert rankings.Rankings.load(board, asked.starts_at).of(wanted).matches == ()


def test_an_unconfirmed_listing_is_not_found(board: Board, make: Factory) -> None:
    """Not even from the command line."""
    with pytest.raises(Exception, match="there is no listing"):
        rankings.find(board, make.pending())


def test_an_id_of_two_sources_asks_for_the_public_one(
    board: Board, environment: dict[str, str], imported: dict[str, str], file: Path
) -> None:
    """Which of the two is meant, nobody can know."""
    run(import_command, file, "--source", "other", environment=environment)
    with pytest.raises(Invalid, match=imported["Courses pour une semaine"]):
        rankings.find(board, "a-1")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "error: ID: one of ID and --all is needed"),
        (["a-1", "--all"], "error: ID: one of ID and --all is needed"),
        (["nobody"], "error: there is no listing nobody"),
        (["99999999999999999999999999"], "error: there is no listing 9999"),
        (["1", "--at", "yesterday"], "error: --at: “yesterday” is not a time; accepted: a date"),
        (["--all", "--k", "0"], "error: k: A number from 1 to 1000 is accepted"),
        (["--all", "--side", "info"], "'info' is not one of 'request', 'offer'"),
    ],
)
def test_match_refuses_with_a_line_and_status_2(
    board: Board, environment: dict[str, str], arguments: list[str], reason: str
) -> None:
    """The field, what was wrong and what is accepted."""
    result = entraide(environment, "match", *arguments)
    assert result.returncode == 2
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2010-01-25", datetime(2010, 1, 25, tzinfo=UTC)),
        ("2010-01-25T12:00Z", datetime(2010, 1, 25, 12, tzinfo=UTC)),
        ("2010-01-25T12:00-05:00", datetime(2010, 1, 25, 17, tzinfo=UTC)),
    ],
)
def test_a_time_is_read(text: str, expected: datetime) -> None:
    """A date is its midnight in UTC."""
    assert moment_of(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "now", "2010-13-01", "2010-1-25", "2010-01-25T12:00", "25/01/2010",
     "2010-01-25T25:00Z", "0001-01-01T00:00+14:00", "1264377600", "２０１０-01-25"],
)  # fmt: skip
def test_a_bad_time_is_refused(text: str) -> None:
    """A time without a zone too: nobody knows which is meant."""
    with pytest.raises(Refusal, match="accepted: a date such as 2010-01-25"):
        moment_of(text)


# demo


def test_demo_fills_and_removes(board: Board, environment: dict[str, str]) -> None:
    """It says how many, and how many were there already."""
    fill = run(demo_command, "--count", 30, environment=environment)
    assert fill.stdout == "30 demonstration listings stored, 0 already there\n"
    again = run(demo_command, "--count", 30, environment=environment)
    assert again.stdout == "0 demonstration listings stored, 30 already there\n"
    gone = run(demo_command, "--remove", environment=environment)
    assert gone.stdout == "30 demonstration listings removed\n"


def test_demo_is_refused_in_production(board: Board, environment: dict[str, str]) -> None:
    """With the variable that says so, and status 2."""
    result = entraide({**environment, "ENTRAIDE_PRODUCTION": "1"}, "demo")
    assert result.returncode == 2
    assert result.stderr.startswith("error: ENTRAIDE_PRODUCTION: ")
