"""Writing to whoever stands behind a listing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board.answers import Answer
from board.context import Board
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page

HELPER = "helper@example.org"


def count(board: Board) -> int:
    """How many answers are kept."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count(Answer.id))) or 0


def send(client: FlaskClient, public_id: str, **typed: str) -> tuple[int, str]:
    """Open the form and send it; status and body of the answer."""
    address = f"/listings/{public_id}/answer"
    token = Page(client.get(address).text).value("csrf_token")
    response = client.post(address, data={"csrf_token": token, **typed})
    return response.status_code, response.location or response.text


def test_a_message_is_confirmed_and_reaches_the_poster(
    client: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """From the button of the listing's page to the mail that can be replied to."""
    view = make.open(email="asker@example.org")
    page = Page(client.get(f"/listings/{view.public_id}").text)
    assert page.all("a", href=f"/listings/{view.public_id}/answer")
    status, location = send(client, view.public_id, email=HELPER, text="Je suis à côté.")
    assert (status, location) == (303, f"/listings/{view.public_id}/answer/sent")
    assert client.get(location).status_code == 200
    work_off(board)
    link = f"/links/{smtp.token(HELPER)}"
    token = Page(client.get(link).text).value("csrf_token")
    assert client.post(link, data={"csrf_token": token}).status_code == 200
    work_off(board)
    assert [mail["Reply-To"] for mail in smtp.to("asker@example.org")][-1] == HELPER


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", {"email": "x", "text": "Bonjour"}),
        ("email", {"email": "a@example.org, b@example.org", "text": "Bonjour"}),
        ("text", {"email": HELPER, "text": " "}),
        ("text", {"email": HELPER, "text": "x" * 2001}),
        ("text", {"email": HELPER, "text": "a\u202eb"}),
    ],
)
def test_a_bad_message_is_given_back(
    client: FlaskClient, board: Board, make: Factory, field: str, typed: dict[str, str]
) -> None:
    """The field is named, what was typed stays, and nothing is kept."""
    view = make.open()
    status, body = send(client, view.public_id, **typed)
    assert status == 422
    assert field in Page(body).problems()
    if typed["email"] == HELPER:
        assert Page(body).value("email") == HELPER
    assert count(board) == 0


def test_nobody_is_written_to_where_nobody_stands_behind(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """A pending listing has no form; a closed one shows no button and takes no message."""
    assert client.get(f"/listings/{make.pending()}/answer").status_code == 404
    view = make.open()
    board.db.clock_offset = view.ends_at - view.starts_at
    page = Page(client.get(f"/listings/{view.public_id}").text)
    assert not page.all("a", href=f"/listings/{view.public_id}/answer")
    assert client.get(f"/listings/{view.public_id}/answer").status_code == 404
