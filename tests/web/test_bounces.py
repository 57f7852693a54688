"""What the pages say of mails that come back, to whom, and the test mail that ends it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from board import members, suspensions
from board.context import Board
from board.conversations import Conversation
from board.db import now
from board.delivery_status import Reason
from board.i18n import LOCALES
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, csrf_token, sign_in

READER = "reader@example.org"
SAID = "Mails to your address come back."
PAGES = ("/", "/listings", "/listings/new?kind=request", "/me", "/me/data", "/nowhere", "/privacy")


def suspend(board: Board, member_id: int, reason: Reason = Reason.ADDRESS) -> None:
    """Note that mails to this member came back."""
    with board.db.write() as session:
        assert suspensions.suspend(session, member_id, reason, sent_at=now(session))


@pytest.fixture
def reader(client: FlaskClient, board: Board, make: Factory) -> int:
    """Somebody who is signed in, and to whom no mail is sent."""
    member_id = make.member(email=READER)
    suspend(board, member_id)
    sign_in(client, member_id)
    return member_id


def says_so(client: FlaskClient, address: str) -> bool:
    """Whether a page has the notice, with its button."""
    page = Page(client.get(address).text)
    said = any(SAID in text for text in page.texts.get("aside", []))
    assert said == bool(page.all("form", action="/me/bounces")), address
    return said


def press(client: FlaskClient) -> int:
    """Press "Send a test mail"; the status of the answer."""
    token = csrf_token(client, "/me")
    return client.post("/me/bounces", data={"csrf_token": token}).status_code


@pytest.mark.parametrize("address", PAGES)
def test_every_page_says_so_to_whom_it_concerns(
    client: FlaskClient, board: Board, make: Factory, reader: int, address: str
) -> None:
    """On pages of errors too; not to a guest, nor to another member."""
    assert says_so(client, address)
    client.post("/sign-out", data={"csrf_token": csrf_token(client, "/me")})
    assert not says_so(client, address)
    sign_in(client, make.member())
    assert not says_so(client, address)


def test_the_test_mail_proves_that_mail_arrives(
    client: FlaskClient, reader: int, smtp: MailSink, board: Board
) -> None:
    """Looking at its link changes nothing; one press ends the notice, once."""
    assert press(client) == 303
    assert "on its way" in client.get("/me/bounces?sent=1").text
    work_off(board)
    link = f"/links/{smtp.token(READER)}"
    for _ in range(3):
        assert "The test mail has arrived" in client.get(link).text
        assert client.head(link).status_code == 200
    assert says_so(client, "/")
    token = csrf_token(client, link)
    done = client.post(link, data={"csrf_token": token})
    assert "We write to your address again." in done.text
    assert not says_so(client, "/")
    assert "arrive, as far as we know" in client.get("/me/bounces?sent=1").text
    assert client.post(link, data={"csrf_token": token}).status_code == 410


def test_the_link_of_the_test_mail_opens_without_signing_in(
    client: FlaskClient, reader: int, smtp: MailSink, board: Board
) -> None:
    """The mail may be read on another device."""
    press(client)
    work_off(board)
    client.delete_cookie("entraide-session")
    link = f"/links/{smtp.token(READER)}"
    client.post(link, data={"csrf_token": csrf_token(client, link)})
    sign_in(client, reader)
    assert not says_so(client, "/")


def test_the_button_has_an_end_for_a_day(
    client: FlaskClient, reader: int, smtp: MailSink, board: Board
) -> None:
    """Three; the fourth is refused in words, and sends nothing."""
    assert [press(client) for _ in range(5)] == [303, 303, 303, 429, 429]
    token = csrf_token(client, "/me")
    refused = client.post("/me/bounces", data={"csrf_token": token})
    assert "enough test mails for today" in refused.text
    work_off(board)
    assert len(smtp.to(READER)) == 3


def test_without_a_reason_nothing_is_sent(
    client: FlaskClient, make: Factory, smtp: MailSink, board: Board
) -> None:
    """The button is not there; whoever sends its form all the same gets no mail."""
    sign_in(client, make.member(email=READER))
    assert not Page(client.get("/me/bounces").text).all("form", action="/me/bounces")
    assert press(client) == 303
    work_off(board)
    assert smtp.to(READER) == []


def test_a_form_of_another_site_sends_nothing(
    client: FlaskClient, reader: int, smtp: MailSink, board: Board
) -> None:
    """Nor does a guest."""
    assert client.post("/me/bounces").status_code == 400
    client.delete_cookie("entraide-session")
    assert client.get("/me/bounces").status_code == 303
    work_off(board)
    assert smtp.messages == []


@pytest.mark.parametrize("reason", Reason)
def test_the_page_says_since_when_and_why(
    client: FlaskClient, board: Board, make: Factory, reason: Reason
) -> None:
    """In words, for every kind of reason; without the notice that leads here."""
    member_id = make.member(email=READER)
    suspend(board, member_id, reason)
    sign_in(client, member_id)
    page = Page(client.get("/me/bounces").text)
    words = {"address": "no such mailbox", "domain": "after the @", "mailbox": "switched off"}
    assert words[reason] in page.texts["main"][0]
    assert len(page.all("form", action="/me/bounces")) == 1
    assert SAID not in page.texts["body"][0]


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_is_there_in_every_language(client: FlaskClient, reader: int, locale: str) -> None:
    """In the direction of its writing."""
    page = client.get(f"/me/bounces?lang={locale}").text
    assert f'lang="{locale}" dir="{"rtl" if locale == "ar" else "ltr"}"' in page


def test_nobody_else_is_shown_who_it_is(client: FlaskClient, board: Board, make: Factory) -> None:
    """Pages of partners and moderators say the same of a member, suspended or not."""
    case_id = make.held(email=READER)
    office = make.organisation()
    seat = make.answered(make.open(email=READER), email="helper@example.org")
    with board.db.read() as session:
        looked_at = members.by_email(session, READER)
        conversation = session.get_one(Conversation, seat.conversation_id)
        assert looked_at is not None and conversation.answerer_id is not None
        walks = (
            (make.member(roles=["moderator"]), f"/moderation/cases/{case_id}"),
            (office.member_id, "/organisation"),
            (conversation.answerer_id, "/conversations"),
            (conversation.answerer_id, f"/conversations/{conversation.public_id}"),
        )

    def seen() -> list[tuple[int, str]]:
        found = []
        for member_id, address in walks:
            sign_in(client, member_id, second_factor=True)
            answer = client.get(address, follow_redirects=True)
            found.append((answer.status_code, Page(answer.text).texts["main"][0]))
        return found

    before = seen()
    assert {status for status, _ in before} == {200}
    suspend(board, looked_at.id)
    assert seen() == before
