"""The box that words of health need, in each form that holds words."""

from __future__ import annotations

from flask.testing import FlaskClient

from board import consent, inbox
from board.context import Board
from board.conversations import Conversation
from tests.factories import Factory
from tests.web.conftest import Page, Poster, csrf_token, sign_in


def test_the_form_of_a_listing_comes_back_with_the_box(send: Poster) -> None:
    """What was typed is kept; ticked, it is sent. A form without such words shows no box."""
    assert 'name="health"' not in send.client.get("/listings/new").text
    answer = send.listing(text="J'ai besoin d'insuline", health=None)
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.problems() == ["health"]
    assert "insuline" in answer.text
    assert page.one("input", name="health")["type"] == "checkbox"
    assert "checked" not in page.one("input", name="health")
    assert send.listing(text="J'ai besoin d'insuline", health="1").status_code == 303


def test_the_category_alone_asks_for_it(send: Poster) -> None:
    """Medicine tells of health without a word."""
    assert Page(send.listing(categories="medicine", health=None).text).problems() == ["health"]


def test_an_answer_and_a_change_ask_too(client: FlaskClient, make: Factory) -> None:
    """With what was typed, without script."""
    view = make.open(email="me@example.org")
    address = f"/listings/{view.public_id}/answer"
    data = {
        "csrf_token": csrf_token(client, address),
        "email": "other@example.org",
        "text": "I am a doctor",
    }
    answer = client.post(address, data=data)
    assert answer.status_code == 422
    assert Page(answer.text).problems() == ["health"]
    assert "I am a doctor" in answer.text
    assert client.post(address, data={**data, "health": "1"}).status_code == 303
    sign_in(client, owner_of(client, view.id))
    edit = f"/me/listings/{view.public_id}/edit"
    page = Page(client.get(edit).text)
    changed = {
        "csrf_token": page.value("csrf_token"),
        "title": "Insulin",
        "text": "",
        "urgency": "3",
        "ends_on": page.value("ends_on"),
    }
    answer = client.post(edit, data=changed)
    assert (answer.status_code, Page(answer.text).problems()) == (422, ["health"])
    assert client.post(edit, data={**changed, "health": "1"}).status_code == 303


def owner_of(client: FlaskClient, listing_id: int) -> int:
    """Id of the member behind a listing."""
    from board.listings import Listing

    with client.application.config["BOARD"].db.read() as session:
        return session.get_one(Listing, listing_id).member_id or 0


def test_a_message_asks_once_a_side(client: FlaskClient, make: Factory, board: Board) -> None:
    """With what was typed; taken back, the conversation closes. The other side is asked as well."""
    seat = make.answered(make.open(email="me@example.org"), email="other@example.org")
    with board.db.read() as session:
        row = session.get_one(Conversation, seat.conversation_id)
        where, helper, asker = row.public_id, row.answerer_id or 0, row.poster_id
    for who in (helper, asker):
        sign_in(client, who)
        page = Page(client.get(f"/conversations/{where}").text)
        assert not page.all("input", name="health")
        data = {
            "csrf_token": page.value("csrf_token"),
            "key": page.value("key"),
            "text": "I need insulin",
        }
        target = f"/conversations/{where}/messages"
        answer = client.post(target, data=data)
        assert (answer.status_code, Page(answer.text).problems()) == (422, ["health"])
        assert "I need insulin" in answer.text
        assert client.post(target, data={**data, "health": "1"}).status_code == 303
        again = {**data, "key": "another-key-of-a-form"}
        assert client.post(target, data=again).status_code == 303
    newest = next(each for each in consent.given(board, asker) if each.kind == "health")
    consent.withdraw(board, asker, newest.id)
    assert inbox.show(board, seat).silence
