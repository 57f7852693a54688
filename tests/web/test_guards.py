"""Who gets in where: guests, members, roles, and roles without their second factor."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from board import roles, sessions
from board.context import Board
from board.roles import WITH_SECOND_FACTOR, Role
from tests.factories import Factory
from tests.web.conftest import csrf_token, english, sign_in
from web.app import create_app
from web.guards import Guard, GuardedBlueprint, current_member, safe_next, session_cookie

GUARDED = {
    Guard.RELAY: Role.RELAY,
    Guard.PARTNER: Role.PARTNER,
    Guard.MODERATOR: Role.MODERATOR,
    Guard.ADMINISTRATOR: Role.ADMINISTRATOR,
}


@pytest.fixture
def app(board: Board) -> Flask:
    """The application with one page for each guard, which says who is signed in."""
    app = create_app(board)
    for guard in (Guard.PUBLIC, Guard.MEMBER, *GUARDED):
        blueprint = GuardedBlueprint(f"test_{guard}", __name__, guard=guard)

        @blueprint.route(f"/test/{guard}", methods=["GET", "POST"])
        def page() -> str:
            found = current_member()
            return "a guest" if found is None else f"member {found.member_id}"

        app.register_blueprint(blueprint)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that asks for English."""
    return english(app)


def post(client: FlaskClient, address: str) -> int:
    """Status of a form sent with its token."""
    return client.post(address, data={"csrf_token": csrf_token(client, "/alerts/new")}).status_code


@pytest.mark.parametrize("guard", [Guard.MEMBER, *GUARDED])
def test_a_guest_is_asked_to_sign_in(client: FlaskClient, guard: Guard) -> None:
    """GET leads there and back, in words of an address of this site; a form is 401."""
    answer = client.get(f"/test/{guard}?a=1&b=x%20y")
    assert answer.status_code == 303
    assert answer.location == f"/sign-in?next=%2Ftest%2F{guard}%3Fa%3D1%26b%3Dx%2520y"
    assert post(client, f"/test/{guard}") == 401
    client.set_cookie("entraide-session", "a made-up token")
    assert client.get(f"/test/{guard}").status_code == 303


def test_a_member_gets_in(client: FlaskClient, make: Factory) -> None:
    """And public pages know who it is; nobody keeps a copy of what is not public."""
    member_id = make.member()
    assert client.get("/test/public").text == "a guest"
    sign_in(client, member_id)
    assert client.get("/test/public").text == f"member {member_id}"
    answer = client.get("/test/member")
    assert (answer.text, answer.headers["Cache-Control"]) == (f"member {member_id}", "no-store")
    assert post(client, "/test/member") == 200


@pytest.mark.parametrize("guard", GUARDED)
def test_a_page_of_a_role_does_not_exist_for_others(
    client: FlaskClient, make: Factory, guard: Guard
) -> None:
    """404 by every verb, with the second factor too, whatever other roles somebody has."""
    others = [role for role in Role if role not in (GUARDED[guard], Role.COORDINATOR)]
    sign_in(client, make.member(roles=others), second_factor=True)
    assert client.get(f"/test/{guard}").status_code == 404
    assert post(client, f"/test/{guard}") == 404


@pytest.mark.parametrize("guard", GUARDED)
def test_a_role_needs_its_second_factor(client: FlaskClient, make: Factory, guard: Guard) -> None:
    """Where the role asks for one; once it was given, the page is there."""
    role = GUARDED[guard]
    member_id = make.member(roles=[role])
    sign_in(client, member_id)
    answer = client.get(f"/test/{guard}")
    if role in WITH_SECOND_FACTOR:
        assert answer.status_code == 303
        assert answer.location == f"/second-factor?next=%2Ftest%2F{guard}"
        assert post(client, f"/test/{guard}") == 303
    else:
        assert answer.status_code == 200
    sign_in(client, member_id, second_factor=True)
    assert client.get(f"/test/{guard}").text == f"member {member_id}"


def test_a_right_that_is_taken_away_ends_at_once(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """The next request of the same session is refused."""
    member_id = make.member(email="m@example.org", roles=[Role.MODERATOR])
    sign_in(client, member_id, second_factor=True)
    assert client.get("/test/moderator").status_code == 200
    roles.revoke(board, "m@example.org", "moderator")
    assert client.get("/test/moderator").status_code == 404
    with board.db.write() as session:
        sessions.revoke_all(session, member_id)
    assert client.get("/test/member").status_code == 303


def test_flask_s_own_cookie_says_nothing_of_who_it_is(client: FlaskClient, make: Factory) -> None:
    """With the session's cookie gone, the other one opens nothing."""
    token = sign_in(client, make.member())
    csrf_token(client, "/alerts/new")
    with client.session_transaction() as kept:
        assert set(kept) <= {"csrf_token", "lang"}
        assert token not in str(dict(kept))
    client.delete_cookie("entraide-session")
    assert client.get("/test/member").status_code == 303


def test_the_cookie_of_a_public_site_is_bound_to_its_host(board: Board) -> None:
    """The prefix makes browsers refuse it without Secure, or with a domain or another path."""
    public = board.settings.model_copy(update={"base_url": "https://board.test"})
    assert session_cookie(public) == "__Host-entraide-session"
    assert session_cookie(board.settings) == "entraide-session"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/me", True),
        ("/listings?kind=offer&q=a%20b", True),
        ("", False),
        (None, False),
        ("me", False),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("\\\\evil.example", False),
        ("https://evil.example", False),
        ("javascript:alert(1)", False),
        ("/\t/evil.example", False),
        ("/a\r\nSet-Cookie: x", False),
        ("/é", False),
        ("/" + "x" * 500, False),
    ],
)
def test_only_an_address_of_this_site_is_come_back_to(address: str | None, kept: bool) -> None:
    """Whatever else stands there is forgotten."""
    assert safe_next(address, "/home") == (address if kept else "/home")
