"""What a device may keep: said in headers, switched on by its member, ended with the session."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import messages
from board.context import Board
from board.conversations import Seat, Side
from board.errors import Unavailable
from tests.factories import Factory
from tests.web import probe
from tests.web.conftest import Page, csrf_token, english, sign_in
from web.keeping import COPY, KEEPS, NOBODY

PHONE = "+237 6 99 12 34 56"


@pytest.fixture
def member_id(make: Factory) -> int:
    """Somebody with a listing, an answer to it and a shared number."""
    found = make.member("somebody@example.org", display_name="Amina")
    view = make.open(email="somebody@example.org", title="Courses pour deux")
    seat = make.answered(view, text="Je viens.")
    poster = Seat(seat.conversation_id, Side.POSTER)
    messages.write(make.board, poster, f"Mon numéro : {PHONE}", "a-key-of-one-form")
    messages.share_contact(make.board, poster, PHONE)
    return found


@pytest.fixture
def member(client: FlaskClient, member_id: int) -> FlaskClient:
    """This somebody's browser."""
    sign_in(client, member_id)
    return client


def switch(client: FlaskClient, where: str = "/me/offline") -> TestResponse:
    """Press the button in "My space"."""
    return client.post(where, data={"csrf_token": csrf_token(client, "/me")})


def copy_of(client: FlaskClient) -> dict[str, Any]:
    """What the device keeps."""
    found: dict[str, Any] = json.loads(client.get("/me/offline").data)
    return found


def test_nothing_is_kept_unless_it_is_switched_on(member: FlaskClient) -> None:
    """Off at first; then pages name the session; off again."""
    for where in ("/", "/me", "/conversations", "/no/such/page"):
        answer = member.get(where)
        assert answer.headers[KEEPS] == NOBODY, where
        assert COPY not in answer.headers
    assert copy_of(member)["pages"] == {}
    assert switch(member).headers["Location"] == "/me#offline"
    marks = {member.get(where).headers[KEEPS] for where in ("/", "/me", "/conversations", "/x")}
    assert len(marks) == 1
    assert NOBODY not in marks
    switch(member, "/me/offline/end")
    assert member.get("/me").headers[KEEPS] == NOBODY
    assert copy_of(member)["pages"] == {}


def test_only_the_own_pages_renew_the_copy(member: FlaskClient) -> None:
    """Others do not ask for it; no answer may be kept by a cache of the browser."""
    switch(member)
    for where in ("/", "/listings", "/me/preferences", "/me/data", "/privacy"):
        assert COPY not in member.get(where).headers, where
    for where in ("/me", "/conversations"):
        assert member.get(where).headers[COPY] == "/me/offline"
        assert member.get(where).headers["Cache-Control"] == "no-store"
    assert member.get("/me/offline").headers["Cache-Control"] == "no-store"


def test_the_copy_holds_pages_without_secrets(member: FlaskClient) -> None:
    """Listings, conversations and each of them; no token, no number, nothing inline."""
    switch(member)
    pages = copy_of(member)["pages"]
    own, listed, talk = pages
    assert (own, listed) == ("/me", "/conversations")
    assert re.fullmatch(r"/conversations/[\w-]{12}", talk)
    assert "Courses pour deux" in pages["/me"]["html"]
    assert "Je viens." in pages[talk]["html"]
    assert pages[talk]["title"] == "Courses pour deux"
    for page in pages.values():
        html = page["html"]
        assert probe.faults_of_page(html) == []
        assert "csrf_token" not in html
        assert "99 12 34" not in html
        assert "@example.org" not in html
        assert 'method="post"' not in html


def test_another_session_has_no_copy(app: Flask, member: FlaskClient, make: Factory) -> None:
    """The cookie of one session is nothing to the next one in the same browser."""
    switch(member)
    mine = member.get("/me").headers[KEEPS]
    sign_in(member, make.member("other@example.org"))
    assert member.get("/me").headers[KEEPS] == NOBODY
    assert copy_of(member)["pages"] == {}
    switch(member)
    assert member.get("/me").headers[KEEPS] not in (mine, NOBODY)


def test_signing_out_ends_it(member: FlaskClient) -> None:
    """The browser is told to clear, the cookie goes, the next page names nobody."""
    switch(member)
    left = member.post("/sign-out", data={"csrf_token": csrf_token(member, "/me")})
    assert '"storage"' in left.headers["Clear-Site-Data"]
    assert member.get_cookie("entraide-offline") is None
    assert member.get("/").headers[KEEPS] == NOBODY
    assert member.get("/me/offline").status_code == 303


def test_a_board_that_cannot_tell_deletes_nothing(
    member: FlaskClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is away, a page says nothing of whom a copy is for."""
    switch(member)

    def away(*_: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr("board.sessions.of", away)
    answer = member.get("/about")
    assert KEEPS not in answer.headers
    assert "data-reader" not in answer.text


def test_a_page_names_the_reader_of_drafts_by_a_mark(app: Flask, member: FlaskClient) -> None:
    """Nobody for guests; the same member in two browsers is the same."""
    script = Page(member.get("/about").text).one("script", id="device-script")
    assert re.fullmatch(r"[0-9a-f]{32}", script["data-reader"])
    guest = Page(english(app).get("/about").text).one("script", id="device-script")
    assert guest["data-reader"] == ""


def test_a_draft_ends_when_its_form_was_sent(member: FlaskClient) -> None:
    """The page after a message says of which form; that of a mailed link names no address."""
    switch(member)
    (talk,) = set(copy_of(member)["pages"]) - {"/me", "/conversations"}
    form = Page(member.get(talk).text).one("form", action=f"{talk}/messages")
    assert form["data-draft-page"] == talk
    assert form["data-draft"] == f"message-{talk.rpartition('/')[2]}"
    sent = member.post(
        f"{talk}/messages",
        data={"csrf_token": csrf_token(member, talk), "text": "Merci", "key": "a-key-of-a-form"},
    )
    assert sent.headers["Location"] == f"{talk}?said=message#newest"
    after = Page(member.get(sent.headers["Location"]).text)
    assert after.one("div", **{"data-draft-sent": form["data-draft"]})
    assert Page(member.get(f"{talk}?said=<b>").text).all("div", **{"data-draft-sent": "<b>"}) == []


def test_the_offline_pages_say_what_happened(reader: FlaskClient) -> None:
    """In the reader's language, with whom to call, and nothing of who reads."""
    for where, words in (("/offline", "You are offline"), ("/offline/unsent", "Nothing was sent")):
        answer = reader.get(where)
        assert answer.headers["Content-Language"] == "en"
        assert words in answer.text
        assert "emergency number" in answer.text
        assert "csrf_token" not in answer.text
    french = reader.get("/offline", headers={"Accept-Language": "fr"})
    assert french.headers["Content-Language"] == "fr"
