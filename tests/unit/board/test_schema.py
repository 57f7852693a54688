"""A database of another schema is told from one that is away, and says what to do about it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from board import schema, searching
from board.context import Board
from board.db import Database, make_engine
from board.errors import SchemaMismatch
from board.searching import ListingFilter
from config.settings import ROOT, Settings
from tests.commands import entraide
from web.app import create_app

MIGRATE = "the database does not have the schema of this program; run `entraide migrate`"
UPDATE = "the database has the schema of a newer program; update this one"
#: What is wrong: the statement that makes it so, the one that mends it, and what is said.
STATES = {
    "never migrated": (
        "ALTER TABLE alembic_version RENAME TO elsewhere",
        "ALTER TABLE elsewhere RENAME TO alembic_version",
        MIGRATE,
    ),
    "some migrations are missing": (
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('{newest}')",
        MIGRATE,
    ),
    "a newer program was here": (
        "UPDATE alembic_version SET version_num = 'from_the_future'",
        "UPDATE alembic_version SET version_num = '{newest}'",
        UPDATE,
    ),
    "a table is missing": (
        "ALTER TABLE listings RENAME TO elsewhere",
        "ALTER TABLE elsewhere RENAME TO listings",
        MIGRATE,
    ),
    "a column is missing": (
        "ALTER TABLE listings RENAME COLUMN status TO elsewhere",
        "ALTER TABLE listings RENAME COLUMN elsewhere TO status",
        MIGRATE,
    ),
}
#: A command that reads listings.
ASK = ("match", "--all")
states = pytest.mark.parametrize(("harm", "mend", "says"), STATES.values(), ids=STATES)


@contextmanager
def harmed(settings: Settings, harm: str, mend: str) -> Iterator[None]:
    """The database as it must not be, meanwhile; changed by the owner of the schema."""
    (newest,) = schema.known()[1]
    engine = make_engine(settings.migration_database_url)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(harm)
        yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(mend.format(newest=newest))
        engine.dispose()


def ask(board: Board) -> int:
    """How many listings there are, for whoever reads them."""
    return len(searching.search(board, ListingFilter()).items)


def test_the_migrations_are_those_that_alembic_finds() -> None:
    """Reading their files as text finds the same names, and the same newest one."""
    scripts = ScriptDirectory(str(schema.SCRIPTS))
    revisions = {script.revision for script in scripts.walk_revisions()}
    assert schema.known() == (revisions, set(scripts.get_heads()))


@states
def test_another_schema_is_said_to_be_one(board: Board, harm: str, mend: str, says: str) -> None:
    """Also by a process that runs already, which goes on once the schema is there."""
    ask(board)
    # A process looks once, when it starts, and again when something is missing.
    fresh = replace(board, db=Database(board.settings.database_url))
    with harmed(board.settings, harm, mend):
        asked = (fresh, fresh) if "alembic_version" in harm else (fresh, board, board)
        for each in asked:
            with pytest.raises(SchemaMismatch) as refused:
                ask(each)
            assert str(refused.value) == says
            assert refused.value.ahead is (says == UPDATE)
    assert ask(board) == ask(fresh) == 0
    fresh.db.close()


@states
def test_a_page_says_what_its_operator_has_to_do(
    board: Board, harm: str, mend: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """To readers, to the probe of health, and in the log."""
    client = create_app(board).test_client()
    words = "entraide migrate" if says == MIGRATE else "newer version"
    headers = {"Accept-Language": "en"}
    with harmed(board.settings, harm, mend):
        # The probe of health asks for no table.
        for address in ("/listings", "/health")[: 2 if "alembic_version" in harm else 1]:
            answer = client.get(address, headers=headers)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
            assert words in answer.text
            assert f"unavailable: {says}" in caplog.messages


@states
def test_a_command_says_it_in_one_line(
    environment: dict[str, str], settings: Settings, harm: str, mend: str, says: str
) -> None:
    """With status 2, and no word of a database that cannot be reached."""
    with harmed(settings, harm, mend):
        result = entraide(environment, *ASK)
        assert (result.returncode, result.stderr) == (2, f"error: {says}\n")
    assert entraide(environment, *ASK).returncode == 0


def command(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """`entraide` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
def test_migrating_mends_a_database_that_was_never_migrated(environment: dict[str, str]) -> None:
    """What the line advises is all that is needed."""
    (Settings.from_mapping(environment).home / "entraide.sqlite").unlink()
    assert command(environment, *ASK).stderr == f"error: {MIGRATE}\n"
    assert command(environment, "migrate").returncode == 0
    assert command(environment, *ASK).returncode == 0


@pytest.mark.postgresql
@pytest.mark.parametrize("environment", ["postgresql"], indirect=True)
def test_a_role_without_its_rights_is_told_to_migrate(board: Board) -> None:
    """The tables are there, and `entraide migrate` gives the rights on them."""
    role = sa.make_url(board.settings.database_url).username
    harm = f'REVOKE ALL ON alembic_version FROM "{role}"'
    mend = f'GRANT SELECT ON alembic_version TO "{role}"'
    with harmed(board.settings, harm, mend), pytest.raises(SchemaMismatch, match="migrate"):
        ask(board)
    assert ask(board) == 0
