"""Writing to whoever stands behind a listing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board.context import Board
from board.conversations import Conversation
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, sign_in

HELPER = "helper@example.org"


def count(board: Board) -> int:
    """How many conversations are kept."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count(Conversation.id))) or 0


def send(client: FlaskClient, public_id: str, **typed: str) -> tuple[int, str]:
    """Open the form and send it; status and body of the answer."""
    address = f"/listings/{public_id}/answer"
    token = Page(client.get(address).text).value("csrf_token")
    response = client.post(address, data={"csrf_token": token, **typed})
    return response.status_code, response.location or response.text


def test_a_guest_confirms_and_lands_in_the_conversation(
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
    answer = client.post(link, data={"csrf_token": token})
    assert answer.status_code == 303
    assert answer.location.startswith("/conversations/by-link/")
    assert "Je suis à côté." in client.get(answer.location).text
    assert client.post(link, data={"csrf_token": token}).status_code == 410
    work_off(board)
    (mail,) = [mail for mail in smtp.to("asker@example.org") if mail["Reply-To"]]
    assert HELPER not in mail.as_string()


def test_a_member_is_asked_for_no_address(client: FlaskClient, board: Board, make: Factory) -> None:
    """Signed in, the message opens the conversation at once."""
    view = make.open()
    sign_in(client, make.member())
    page = Page(client.get(f"/listings/{view.public_id}/answer").text)
    assert not page.all("input", name="email")
    status, location = send(client, view.public_id, text="Me voici")
    assert status == 303
    assert location.startswith("/conversations/")
    assert "Me voici" in client.get(location).text
    status, body = send(client, view.public_id, text=" ")
    assert status == 422 and Page(body).problems() == ["text"]


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", {"email": "x", "text": "Bonjour"}),
        ("email", {"email": "a@example.org, b@example.org", "text": "Bonjour"}),
        ("text", {"email": HELPER, "text": " "}),
        ("text", {"email": HELPER, "text": "x" * 4001}),
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


@pytest.mark.parametrize(
    ("category", "words"),
    [
        ("groceries", "against the receipt"),
        ("pets", "Give your keys to nobody"),
        ("medicine", "doctor or a pharmacist"),
        ("childcare", "Leave no child alone"),
        ("eldercare", "An older person"),
    ],
)
def test_safety_words_stand_beside_the_form(
    client: FlaskClient, make: Factory, category: str, words: str
) -> None:
    """By category; meeting and money are said everywhere."""
    view = make.open(categories=(category,))
    text = client.get(f"/listings/{view.public_id}/answer").text
    assert words in text
    assert "public place" in text and "Never send money" in text


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
