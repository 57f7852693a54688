"""Erasing oneself on its page."""

from __future__ import annotations

import json

import sqlalchemy as sa
from flask.testing import FlaskClient

from board.context import Board
from board.members import Member
from board.outbox import OutboxRow
from tests.factories import Factory
from tests.web.conftest import csrf_token, sign_in

ADDRESS = "me@example.org"


def mailed_code(board: Board) -> str:
    """The code of the newest mail."""
    with board.db.read() as session:
        row = session.scalars(sa.select(OutboxRow).order_by(OutboxRow.id.desc()).limit(1)).one()
        code: str = json.loads(board.vault.open(row.payload or b""))["code"]
        return code


def test_a_code_of_now_erases(client: FlaskClient, board: Board, make: Factory) -> None:
    """A wrong one gives the form back; a right one ends the session and says so."""
    sign_in(client, make.member(email=ADDRESS))
    token = {"csrf_token": csrf_token(client, "/me/erase")}
    asked = client.post("/me/erase/code", data=token)
    assert asked.status_code == 303
    assert 'name="code"' in client.get(asked.location).text
    code = mailed_code(board)
    wrong = client.post("/me/erase", data={**token, "code": "AAAA-AAAA"})
    assert wrong.status_code == 422
    assert 'name="code"' in wrong.text
    done = client.post("/me/erase", data={**token, "code": code})
    assert (done.status_code, done.location) == (303, "/data/erased")
    assert "knows nothing about you" in client.get("/data/erased").text
    assert client.get("/me").status_code == 303
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Member.id))) == 0


def test_a_role_asks_for_its_second_factor_first(client: FlaskClient, make: Factory) -> None:
    """And comes back here."""
    sign_in(client, make.member(roles=["moderator"]))
    answer = client.get("/me/erase")
    assert (answer.status_code, answer.location) == (303, "/second-factor?next=%2Fme%2Ferase")
