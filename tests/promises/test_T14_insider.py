"""T14: an insider who looks leaves a line, and can take none away.

Each look-up of an address asks for a reason, has a quota, and is one line of the audit log; the
database itself refuses to change that log to the role that the application has.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from board import revealing
from board.audit import AuditEntry
from board.context import Board
from board.db import Database
from tests.factories import Factory
from tests.web.conftest import csrf_token, english, sign_in

POSTER = "poster@example.org"

#: Ways to rewrite history, by what they do; {log} is the table.
ATTACKS = {
    "update": "UPDATE {log} SET reason = 'law'",
    "update one": "UPDATE {log} SET member_id = NULL WHERE id = 1",
    "delete": "DELETE FROM {log}",
    "delete one": "DELETE FROM {log} WHERE id = 1",
    "upsert": (
        "INSERT INTO {log} (id, at, action, subject, reason) "
        "SELECT id, at, action, subject, '' FROM {log} WHERE true "
        "ON CONFLICT (id) DO UPDATE SET reason = 'law'"
    ),
}
SQLITE_ONLY = {
    "replace": (
        "INSERT OR REPLACE INTO {log} (id, at, action, subject, reason) "
        "SELECT id, at, action, subject, 'law' FROM {log}"
    ),
    "update or replace": "UPDATE OR REPLACE {log} SET id = id + 1",
}
POSTGRESQL_ONLY = {
    "truncate": "TRUNCATE {log}",
    "drop": "DROP TABLE {log}",
    "disable": "ALTER TABLE {log} DISABLE TRIGGER ALL",
    "as a replica": "SET session_replication_role = replica",
}


def probe(db: Database, log: str, prepare: str | None = None) -> list[str]:
    """The attacks that the application's own role gets through; each is rolled back."""
    own = SQLITE_ONLY if db.engine.dialect.name == "sqlite" else POSTGRESQL_ONLY
    through = []
    for name, statement in {**ATTACKS, **own}.items():
        with db.engine.connect() as connection:
            if prepare is not None:
                connection.exec_driver_sql(prepare)
            try:
                connection.exec_driver_sql(statement.format(log=log))
                through.append(name)
            except sa.exc.DBAPIError:
                pass
            connection.rollback()
    return through


def look_ups(board: Board) -> int:
    """How many lines of the log speak of a look-up."""
    with board.db.read() as session:
        wanted = sa.select(sa.func.count(AuditEntry.id))
        return session.scalar(wanted.where(AuditEntry.action == "contact-revealed")) or 0


@pytest.fixture
def insider(app: Flask, make: Factory) -> FlaskClient:
    """A browser of a moderator, with the second factor given."""
    client = english(app)
    sign_in(client, make.member(roles=["moderator"]), second_factor=True)
    return client


def look_up(client: FlaskClient, case: int, reason: str) -> tuple[int, bool]:
    """(status, whether the address was shown)."""
    where = f"/moderation/cases/{case}"
    data = {"csrf_token": csrf_token(client, where), "reason": reason}
    answer = client.post(f"{where}/reveal", data=data)
    return answer.status_code, POSTER in answer.text


def test_T14_each_look_up_is_one_line_and_each_line_one_look_up(
    insider: FlaskClient, board: Board, make: Factory
) -> None:
    """No reason: nothing shown, no line. A reason: the address, one line."""
    case = make.held(email=POSTER)
    pages = ["/moderation", f"/moderation/cases/{case}", "/moderation/appeals", "/listings", "/"]
    for page in pages:
        assert POSTER not in insider.get(page).text
    for reason in ("", "curious", "danger' OR 1=1 --"):
        assert look_up(insider, case, reason) == (422, False)
    assert look_ups(board) == 0
    for number in range(1, 4):
        assert look_up(insider, case, "danger") == (200, True)
        assert look_ups(board) == number


def test_T14_after_fifty_in_a_day_nothing_is_shown(
    insider: FlaskClient, board: Board, make: Factory
) -> None:
    """The quota is counted in the log itself, so that no restart forgets it."""
    case = make.held(email=POSTER)
    shown = [look_up(insider, case, "law") for _ in range(revealing.PER_DAY + 2)]
    assert shown == [(200, True)] * 50 + [(429, False)] * 2
    assert look_ups(board) == 50


def test_T14_the_database_refuses_to_change_the_log(
    insider: FlaskClient, board: Board, make: Factory
) -> None:
    """Every way of rewriting it, as the role that the application has."""
    look_up(insider, make.held(email=POSTER), "danger")
    before = look_ups(board)
    assert probe(board.db, "audit_log") == []
    assert look_ups(board) == before == 1


def test_T14_the_probe_gets_through_where_nothing_guards_a_log(
    insider: FlaskClient, board: Board, make: Factory
) -> None:
    """The positive control: the same table without its guards is rewritten in every way."""
    look_up(insider, make.held(email=POSTER), "danger")
    columns = "id INTEGER PRIMARY KEY, at TEXT, action TEXT, member_id INTEGER, subject TEXT, "
    copy = f"CREATE TEMPORARY TABLE weak_log ({columns} subject_id INTEGER, reason TEXT)"
    through = probe(board.db, "weak_log", prepare=copy)
    assert set(ATTACKS) <= set(through)
    if board.db.engine.dialect.name == "sqlite":
        assert set(SQLITE_ONLY) <= set(through)
    else:
        assert {"truncate", "drop"} <= set(through)


def test_T14_the_probe_finds_a_look_up_that_leaves_no_line(
    insider: FlaskClient, board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control: with a log that writes nothing, counting lines tells."""
    case = make.held(email=POSTER)
    monkeypatch.setattr("board.revealing.audit.record", lambda *args, **named: None)
    assert look_up(insider, case, "danger") == (200, True)
    assert look_ups(board) == 0
