"""Mailed links: looking changes nothing, one press acts, a second says that it is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import extensions
from board.context import Board
from board.conversations import Conversation
from board.listings import Listing
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page

ADDRESS = "poster@example.org"


@pytest.fixture
def token(make: Factory, board: Board, smtp: MailSink) -> str:
    """The mailed token that publishes a listing."""
    make.pending(email=ADDRESS, title="Waiting")
    work_off(board)
    return smtp.token(ADDRESS)


@pytest.fixture
def press(client: FlaskClient) -> Callable[[str], TestResponse]:
    """Presses the button of the page of a link."""

    def pressed(token: str) -> TestResponse:
        page = Page(client.get("/about").text + client.get("/alerts/new").text)
        data = {"csrf_token": page.value("csrf_token")}
        return client.post(f"/links/{token}", data=data)

    return pressed


def status(board: Board) -> str:
    """Where the one listing stands."""
    with board.db.read() as session:
        return session.scalars(sa.select(Listing)).one().status


def test_looking_uses_nothing_up(client: FlaskClient, board: Board, token: str) -> None:
    """HEAD and GET as often as a scanner likes; one form, one button, the title."""
    for _ in range(3):
        assert client.head(f"/links/{token}").status_code == 200
        page = Page(client.get(f"/links/{token}").text)
    assert len(page.all("form", method="post")) == len(page.texts["button"]) == 1
    assert "Waiting" in page.texts["main"][0]
    assert status(board) == "pending"


def test_the_button_publishes_once(
    press: Callable[[str], TestResponse], client: FlaskClient, board: Board, token: str
) -> None:
    """303 to the listing; then 410, by GET and by POST, with advice."""
    first = press(token)
    assert first.status_code == 303
    assert client.get(first.location).status_code == 200
    assert status(board) == "open"
    for again in (press(token), client.get(f"/links/{token}")):
        assert again.status_code == 410
        assert "already been used" in again.text


def test_a_refused_form_leaves_the_link_whole(
    client: FlaskClient, press: Callable[[str], TestResponse], token: str
) -> None:
    """Without the token of the form nothing happens, and the link still works."""
    assert client.post(f"/links/{token}").status_code == 400
    assert press(token).status_code == 303


def test_an_old_link_says_what_to_do(
    press: Callable[[str], TestResponse], client: FlaskClient, board: Board, token: str
) -> None:
    """410 after three days."""
    board.db.clock_offset = timedelta(days=4)
    for response in (client.get(f"/links/{token}"), press(token)):
        assert response.status_code == 410
        assert "too old" in response.text


def test_a_link_to_a_listing_whose_time_is_over_says_so(
    make: Factory, board: Board, smtp: MailSink, press: Callable[[str], TestResponse]
) -> None:
    """Confirmed too late: nothing is published."""
    form = make.form(email=ADDRESS)
    make.pending(email=ADDRESS, ends_at=form.starts_at + timedelta(hours=2))
    work_off(board)
    board.db.clock_offset = timedelta(hours=3)
    response = press(smtp.token(ADDRESS))
    assert response.status_code == 410
    assert "post a new one" in response.text
    assert status(board) == "pending"


@pytest.mark.parametrize("token", ["x", "x" * 500, "%00", "..%2F..", "é"])
def test_an_unknown_link_is_refused(reader: FlaskClient, token: str) -> None:
    """410 or 404, never a traceback."""
    assert reader.get(f"/links/{token}").status_code in (404, 410)


def test_the_closing_link_takes_the_listing_down(
    press: Callable[[str], TestResponse],
    client: FlaskClient,
    board: Board,
    smtp: MailSink,
    token: str,
) -> None:
    """From the mail that follows the publication."""
    press(token)
    work_off(board)
    closing = smtp.token(ADDRESS)
    assert closing != token
    assert "Take your listing down" in client.get(f"/links/{closing}").text
    assert "off the board" in press(closing).text
    assert status(board) == "closed"


def test_pages_of_links_are_kept_by_nobody(client: FlaskClient, token: str) -> None:
    """no-store on whatever has a token in its address."""
    assert client.get(f"/links/{token}").headers["Cache-Control"] == "no-store"
    assert client.get("/links/unknown").headers["Cache-Control"] == "no-store"


def test_the_links_of_still_needed_extend_and_keep_open(
    press: Callable[[str], TestResponse],
    client: FlaskClient,
    board: Board,
    make: Factory,
    smtp: MailSink,
) -> None:
    """One button each, once; looking changes nothing."""
    view = make.open(email=ADDRESS, ends_at=make.form().starts_at + timedelta(days=29))
    make.answered(view)
    work_off(board)
    # Two days before the listing ends, when the conversation has been quiet for four weeks.
    board.db.clock_offset = timedelta(days=27, hours=12)
    extensions.ask(board)
    work_off(board)
    for mail in smtp.to(ADDRESS)[-2:]:
        found = re.search(r"/links/(\S+)", mail.get_content())
        assert found is not None
        for _ in range(2):
            assert client.get(f"/links/{found[1]}").status_code == 200
        assert press(found[1]).status_code == 200
        assert press(found[1]).status_code == 410
    with board.db.read() as session:
        assert session.scalars(sa.select(Listing.ends_at)).one() > view.ends_at
        assert session.scalars(sa.select(Conversation.ask_at)).one() is not None
