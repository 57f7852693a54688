"""Passkeys through the pages, with a device in software."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import recovery, sessions
from board.context import Board
from board.roles import Role
from tests.authenticator import Authenticator
from tests.factories import Factory
from tests.web.conftest import Page, csrf_token, sign_in

ADDRESS = "holder@example.org"


@pytest.fixture
def holder(client: FlaskClient, make: Factory) -> int:
    """The member who is signed in."""
    member_id = make.member(email=ADDRESS)
    sign_in(client, member_id)
    return member_id


def options(client: FlaskClient, address: str) -> str:
    """What our script asks for, with the token of the page as a header."""
    token = csrf_token(client, "/sign-in/code")
    answer = client.post(address, headers={"X-CSRFToken": token})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.text


def post(client: FlaskClient, address: str, **typed: str) -> TestResponse:
    """Send a form."""
    token = csrf_token(client, "/sign-in/code")
    return client.post(address, data={"csrf_token": token, **typed})


def register(client: FlaskClient, name: str = "My telephone") -> Authenticator:
    """Register a new device at this browser."""
    device = Authenticator()
    made = device.create(options(client, "/me/passkeys/options"))
    assert post(client, "/me/passkeys", credential=made, name=name).location == "/me/passkeys"
    return device


def test_from_the_first_passkey_to_signing_in_with_it(
    client: FlaskClient, board: Board, holder: int
) -> None:
    """Registered, listed, signed out, and in again without a mail."""
    device = register(client)
    assert "My telephone" in client.get("/me/passkeys").text
    post(client, "/sign-out")
    answer = device.get(options(client, "/sign-in/passkey/options"))
    back = post(client, "/sign-in/passkey", credential=answer, next="/me/passkeys")
    assert (back.status_code, back.location) == (303, "/me/passkeys")
    cookie = client.get_cookie("entraide-session")
    assert cookie is not None
    found = sessions.of(board, cookie.value)
    assert found is not None
    assert (found.member_id, found.second_factor) == (holder, True)
    again = post(client, "/sign-in/passkey", credential=answer)
    assert again.status_code == 422
    assert "not accepted" in again.text


def test_options_name_this_site_whatever_the_request_says(client: FlaskClient) -> None:
    """The host header is never believed."""
    token = csrf_token(client, "/sign-in/code")
    headers = {"X-CSRFToken": token, "X-Forwarded-Host": "evil.test"}
    answer = client.post("/sign-in/passkey/options", headers=headers)
    assert json.loads(answer.text)["rpId"] == "board.test"
    assert client.post("/sign-in/passkey/options").status_code == 400


def test_a_moderator_begins_with_a_recovery_code(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """From the page that asks for it to a passkey, and back to where one was going."""
    sign_in(client, make.member(email=ADDRESS, roles=[Role.MODERATOR]))
    token = csrf_token(client, "/sign-in/code")
    refused = client.post("/me/passkeys/options", headers={"X-CSRFToken": token})
    assert refused.status_code == 403
    assert post(client, "/me/passkeys/recovery").location.startswith("/second-factor?next=")
    code = recovery.issue_for(board, ADDRESS)[0]
    wrong = post(client, "/second-factor/recovery", code="2222-2222-2222-2222", next="/me/passkeys")
    assert wrong.status_code == 422
    assert "code" in Page(wrong.text).problems()
    right = post(client, "/second-factor/recovery", code=code, next="/me/passkeys")
    assert right.location == "/me/passkeys"
    device = register(client)
    sign_in(client, sessions_member(board, client))
    answer = device.get(options(client, "/second-factor/options"))
    assert post(client, "/second-factor/passkey", credential=answer).location == "/me"
    page = post(client, "/me/passkeys/recovery")
    assert page.status_code == 200
    assert len(Page(page.text).texts["code"]) == recovery.COUNT
    assert page.headers["Cache-Control"] == "no-store"


def sessions_member(board: Board, client: FlaskClient) -> int:
    """Who is signed in at this browser."""
    cookie = client.get_cookie("entraide-session")
    assert cookie is not None
    found = sessions.of(board, cookie.value)
    assert found is not None
    return found.member_id


def test_a_passkey_is_removed_after_the_second_factor(
    client: FlaskClient, board: Board, make: Factory, holder: int
) -> None:
    """Before it was given one is asked for it; somebody else's passkey does not exist."""
    register(client)
    page = client.get("/me/passkeys").text
    (action,) = [f["action"] for f in Page(page).all("form") if f["action"].endswith("/remove")]
    assert post(client, action).location.startswith("/second-factor")
    sign_in(client, make.member(), second_factor=True)
    assert post(client, action).status_code == 404
    sign_in(client, holder, second_factor=True)
    assert post(client, action).location == "/me/passkeys"
    assert "My telephone" not in client.get("/me/passkeys").text


@pytest.mark.parametrize("address", ["/sign-in", "/me/passkeys", "/second-factor"])
def test_without_script_nothing_stands_in_the_way(
    client: FlaskClient, board: Board, make: Factory, address: str
) -> None:
    """Forms that need the script are hidden until it shows them; its file is ours."""
    if address != "/sign-in":
        sign_in(client, make.member())
    page = Page(client.get(address).text)
    assert all("hidden" in form for form in page.all("form") if "data-passkey" in form)
    assert any("js/passkeys.js" in script.get("src", "") for script in page.all("script"))
