"""Signing in and out, through the pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import sessions
from board.context import Board
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, csrf_token, english, sign_in
from web.app import create_app

ADDRESS = "member@example.org"


def post(client: FlaskClient, form: str, address: str | None = None, **typed: str) -> TestResponse:
    """Send a form from the page that holds it."""
    page = Page(client.get(form).text)
    data = {"csrf_token": page.value("csrf_token"), "next": page.value("next"), **typed}
    return client.post(address or form.partition("?")[0], data=data)


def code_for(client: FlaskClient, board: Board, smtp: MailSink, back: str = "") -> str:
    """Ask for a code at this browser; gives the mailed one."""
    answer = post(client, f"/sign-in?next={back}" if back else "/sign-in", email=ADDRESS)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in/code")
    work_off(board)
    found = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", smtp.to(ADDRESS)[-1].get_content())
    assert found
    return found[0]


def test_the_whole_way_in_and_out(client: FlaskClient, board: Board, smtp: MailSink) -> None:
    """From a page that asks for it, back to it; then signed out for good."""
    asked = client.get("/me/sessions")
    assert asked.location == "/sign-in?next=%2Fme%2Fsessions"
    code = code_for(client, board, smtp, back="/me/sessions")
    answer = post(client, "/sign-in/code?next=/me/sessions", code=code)
    assert (answer.status_code, answer.location) == (303, "/me/sessions")
    assert "this one" in client.get("/me/sessions").text
    assert client.get("/sign-in").location == "/me"
    token = client.get_cookie("entraide-session")
    assert token is not None
    answer = post(client, "/me", "/sign-out")
    assert answer.status_code == 303
    assert client.get("/me").status_code == 303
    client.set_cookie("entraide-session", token.value)
    assert client.get("/me").status_code == 303
    assert sessions.of(board, token.value) is None


def test_the_code_is_of_use_only_where_it_was_asked_for(
    client: FlaskClient, app: Flask, board: Board, smtp: MailSink
) -> None:
    """Read over somebody's shoulder, it opens nothing elsewhere."""
    code = code_for(client, board, smtp)
    thief = english(app)
    answer = post(thief, "/sign-in/code", code=code)
    assert answer.status_code == 422
    assert "code" in Page(answer.text).problems()
    assert thief.get("/me").status_code == 303
    assert post(client, "/sign-in/code", code=code).status_code == 303


def test_a_wrong_code_can_be_mended(client: FlaskClient, board: Board, smtp: MailSink) -> None:
    """The form comes back, says so, and the right one still works."""
    code = code_for(client, board, smtp)
    answer = post(client, "/sign-in/code", code="BBBB-BBBB")
    assert answer.status_code == 422
    assert "not the code" in answer.text
    assert post(client, "/sign-in/code", code=code).status_code == 303


def test_a_token_from_before_the_sign_in_is_worth_nothing(
    client: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """What somebody planted in the browser opens nobody's space, and is replaced."""
    code = code_for(client, board, smtp)
    planted = sign_in(client, make.member())
    page = Page(client.get("/sign-in/code").text)
    before = page.value("csrf_token")
    client.post("/sign-in/code", data={"csrf_token": before, "code": code})
    own = client.get_cookie("entraide-session")
    assert own is not None
    assert own.value != planted
    assert sessions.of(board, planted) is None
    assert client.post("/sign-out", data={"csrf_token": before}).status_code == 400


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere(
    client: FlaskClient, board: Board, smtp: MailSink, back: str
) -> None:
    """Another site's address is forgotten, in the address and in the form."""
    code = code_for(client, board, smtp, back=back)
    assert post(client, "/sign-in/code", code=code, next=back).location == "/me"


@pytest.mark.parametrize("email", ["", "x", "a@example.org, b@example.org"])
def test_a_bad_address_is_given_back(client: FlaskClient, email: str) -> None:
    """The field is named and what was typed stays."""
    answer = post(client, "/sign-in", email=email)
    assert answer.status_code == 422
    assert "email" in Page(answer.text).problems()
    assert Page(answer.text).value("email") == email


def test_cookies_of_a_public_site(board: Board, smtp: MailSink) -> None:
    """Both are bound to the host, encrypted on the way, and out of reach of scripts."""
    settings = board.settings.model_copy(
        update={"production": True, "base_url": "https://board.test"}
    )
    public = english(create_app(board, settings))
    https = {"base_url": "https://board.test", "headers": {"Referer": "https://board.test/"}}
    page = Page(public.get("/sign-in", **https).text)
    data = {"csrf_token": page.value("csrf_token"), "email": ADDRESS}
    answer = public.post("/sign-in", data=data, **https)
    work_off(board)
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", smtp.to(ADDRESS)[-1].get_content())
    assert code
    entered = public.post("/sign-in/code", data={**data, "code": code[0]}, **https)
    for name, response in (("code", answer), ("session", entered)):
        cookies = response.headers.getlist("Set-Cookie")
        (cookie,) = [each for each in cookies if each.startswith(f"__Host-entraide-{name}=")][-1:]
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie


def test_sessions_are_ended_by_their_member(
    client: FlaskClient, app: Flask, board: Board, make: Factory
) -> None:
    """One by one or all at once; somebody else's do not exist."""
    member_id = make.member()
    sign_in(client, member_id)
    other, stranger = english(app), english(app)
    found = sessions.of(board, sign_in(other, member_id))
    foreign = sessions.of(board, sign_in(stranger, make.member()))
    assert found
    assert foreign
    answer = post(client, "/me/sessions", f"/me/sessions/{foreign.session_id}/end")
    assert answer.status_code == 404
    assert stranger.get("/me").status_code == 200
    assert post(client, "/me/sessions", f"/me/sessions/{found.session_id}/end").status_code == 303
    assert other.get("/me").status_code == 303
    sign_in(other, member_id)
    assert post(client, "/me/sessions", "/me/sessions/end-all").status_code == 303
    assert client.get("/me").status_code == other.get("/me").status_code == 303
    assert stranger.get("/me").status_code == 200


def test_a_session_that_is_too_old_asks_to_sign_in_again(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """By the database's clock."""
    sign_in(client, make.member())
    assert client.get("/me").status_code == 200
    board.db.clock_offset = timedelta(days=15)
    assert client.get("/me").status_code == 303


def test_signing_in_and_out_is_logged_without_an_address(
    client: FlaskClient, board: Board, make: Factory, caplog: pytest.LogCaptureFixture
) -> None:
    """Refusals too, by their reason; whoever signs out leaves nothing in the browser."""
    member_id = make.member(email="seen@example.org")
    with caplog.at_level("INFO"):
        token = csrf_token(client, "/sign-in")
        data = {"csrf_token": token, "code": "AAAA-AAAA"}
        assert client.post("/sign-in/code", data=data).status_code == 422
        sign_in(client, member_id)
        answer = client.post("/sign-out", data={"csrf_token": token})
        client.post("/sign-out")
    assert "sign-in by code refused: over" in caplog.text
    assert f"signed out: member {member_id}" in caplog.text
    assert "refused: a form without its token at sign_in.leave" in caplog.text
    assert "seen@example.org" not in caplog.text
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
