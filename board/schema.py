"""Whether the schema of the database is that of this program.

Alembic's table names the newest migration that was applied; the files in data/migrations say which
there are. They are read as text: loading them takes Alembic, and a part of every start.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from board.errors import SchemaMismatch

#: Alembic's folder.
SCRIPTS = Path(__file__).resolve().parents[1] / "data" / "migrations"
_LINE = re.compile(r"^(revision|down_revision)\b[^=\n]*=(.*)$", re.MULTILINE)
_NAME = re.compile(r"[\"']([^\"']+)[\"']")
#: What PostgreSQL calls: no such table, no such column, no such schema.
_MISSING = {"42P01", "42703", "3F000"}
_FORBIDDEN = "42501"
_MISSING_ON_SQLITE = re.compile(r"no such (table|column)|has no column named")


@cache
def known() -> tuple[frozenset[str], frozenset[str]]:
    """All migrations of this program, and those that no other builds on: in order, one."""
    revisions: set[str] = set()
    built_on: set[str] = set()
    for path in SCRIPTS.glob("versions/*.py"):
        for name, value in _LINE.findall(path.read_text(encoding="utf-8")):
            (revisions if name == "revision" else built_on).update(_NAME.findall(value))
    return frozenset(revisions), frozenset(revisions - built_on)


def check(engine: Engine) -> None:
    """Raise SchemaMismatch unless the database has all migrations of this program and no other."""
    revisions, newest = known()
    try:
        with engine.connect() as connection:
            found = set(connection.scalars(sa.text("SELECT version_num FROM alembic_version")))
    except (OperationalError, ProgrammingError) as error:
        # A role that may not read it has not been given its rights, which migrating does too.
        if not lacks_a_part(error) and _state(error) != _FORBIDDEN:
            raise
        raise SchemaMismatch(ahead=False) from error
    if found - revisions:
        raise SchemaMismatch(ahead=True)
    if found != newest:
        raise SchemaMismatch(ahead=False)


def lacks_a_part(error: OperationalError | ProgrammingError) -> bool:
    """Whether a statement failed because a table or a column is not there."""
    return _state(error) in _MISSING or bool(_MISSING_ON_SQLITE.search(str(error.orig)))


def _state(error: OperationalError | ProgrammingError) -> str | None:
    """PostgreSQL's code of an error."""
    return getattr(error.orig, "sqlstate", None)
