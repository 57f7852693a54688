"""Who gets in where: guests, members, roles, and roles without their second factor."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from board import roles, sessions
from board.context import Board
from board.db import now
from board.roles import WITH_SECOND_FACTOR, Role
from tests.factories import Factory
from tests.web.conftest import csrf_token, english, sign_in
from tests.web.walk import (
    GUARDED,
    NAMED,
    VERBS,
    World,
    address,
    contents,
    naming,
    rules,
    samples,
)
from web.app import create_app
from web.guards import Guard, GuardedBlueprint, current_member, safe_next, session_cookie


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
    client: FlaskClient, make: Factory, guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    """404 by every verb, whatever other roles somebody has; the log names the member's id."""
    others = [role for role in Role if role not in (GUARDED[guard], Role.COORDINATOR)]
    member_id = make.member(email="m@example.org", roles=others)
    sign_in(client, member_id, second_factor=True)
    assert client.get(f"/test/{guard}").status_code == 404
    assert f"denied: member {member_id} is no {guard}" in caplog.text
    assert "m@example.org" not in caplog.text
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


#: Routes that act on what is somebody else's by their purpose, with the reason.
ABOUT_OTHERS = {
    "blocks.ask": "one blocks whoever posted a listing",
    "blocks.block": "one blocks whoever posted a listing",
    "moderation.case": "moderators look at what others posted",
    "moderation.decide": "moderators look at what others posted",
    "moderation.reveal": "moderators look at what others posted",
    "moderation.decide_appeal": "moderators look at what others posted",
    "overseeing.show": "moderators look at what others posted",
    "overseeing.stop": "moderators look at what others posted",
    "overseeing.go_on": "moderators look at what others posted",
    "verification.show": "administrators judge organisations of others",
    "verification.decide": "administrators judge organisations of others",
    "verification.add_coordinator": "administrators judge organisations of others",
}


def test_every_route_behind_a_guard_keeps_guests_and_strangers_out(
    board: Board, make: Factory
) -> None:
    """Whatever is added later is walked too: 303 or 401 for guests, 404 without the role."""
    app = create_app(board)
    app.config["WTF_CSRF_ENABLED"] = False
    behind = [Guard.MEMBER, *GUARDED]
    assert len(rules(app, *behind)) > 20
    for rule in rules(app, *behind):
        where = address(app, rule, samples(rule))
        for verb in sorted((rule.methods or set()) & set(VERBS)):
            answer = english(app).open(where, method=verb)
            if verb in ("GET", "HEAD"):
                assert answer.status_code == 303, (verb, where)
                assert answer.location.startswith("/sign-in?next="), (verb, where)
            else:
                assert answer.status_code == 401, (verb, where)
    stranger = english(app)
    sign_in(stranger, make.member(), second_factor=True)
    for rule in rules(app, *GUARDED):
        for verb in sorted((rule.methods or set()) & set(VERBS)):
            answer = stranger.open(address(app, rule, samples(rule)), method=verb)
            assert answer.status_code == 404, (verb, rule.rule)


def walked(app: Flask) -> list[Rule]:
    """The routes that name something of a member's own."""
    behind = rules(app, Guard.MEMBER, *GUARDED)
    nothing: dict[str, set[object]] = {name: {1} for name in NAMED}
    named = [rule for rule in behind if naming(rule, nothing)]
    return [rule for rule in named if rule.endpoint not in ABOUT_OTHERS]


def test_nobody_reaches_what_is_somebody_else_s(board: Board, make: Factory) -> None:
    """Every object of B, by every route and verb, is 404 for A, and nothing changes.

    B's own request of the same address is not, so that the walk is known to name the right
    things; a route for which B has nothing fails.
    """
    app = create_app(board)
    app.config["WTF_CSRF_ENABLED"] = False
    assert len(walked(app)) >= 8
    attacker = english(app)
    sign_in(attacker, make.member(roles=list(Role)), second_factor=True)
    with board.db.write() as session:
        # No number of B's things may happen to be that of A's own session.
        session.execute(sa.update(sessions.MemberSession).values(id=1_000_000))
    for rule in walked(app):
        world = World(board, make)
        owner = english(app)
        sign_in(owner, world.member_id, second_factor=True)
        addresses = [address(app, rule, each) for each in naming(rule, world.values())]
        before = contents(board)
        for verb, where in itertools.product(VERBS, addresses):
            status = attacker.open(where, method=verb).status_code
            others = status == 405 and verb not in (rule.methods or ())
            assert status == 404 or others, (verb, rule.rule, status)
        assert contents(board) == before, rule.rule
        verb = "POST" if "POST" in (rule.methods or ()) else "GET"
        statuses = [owner.open(where, method=verb).status_code for where in addresses]
        assert any(status != 404 for status in statuses), f"{rule.rule}: nothing of B is for it"


def test_the_walk_finds_a_route_that_asks_nobody(board: Board, make: Factory) -> None:
    """Positive control: a view that takes any id is caught."""
    app = create_app(board)
    careless = GuardedBlueprint("careless", __name__, guard=Guard.MEMBER)

    @careless.post("/me/careless/<int:session_id>")
    def end(session_id: int) -> str:
        with board.db.write() as session:
            session.get_one(sessions.MemberSession, session_id).ended_at = now(session)
        return "ended"

    app.register_blueprint(careless)
    app.config["WTF_CSRF_ENABLED"] = False
    (rule,) = [each for each in walked(app) if each.endpoint == "careless.end"]
    world = World(board, make)
    attacker = english(app)
    sign_in(attacker, make.member())
    before = contents(board)
    statuses = {
        attacker.open(address(app, rule, each), method="POST").status_code
        for each in naming(rule, world.values())
    }
    assert 200 in statuses
    assert contents(board) != before


def test_the_walk_finds_a_route_without_a_guard(board: Board) -> None:
    """Positive control: a view of no blueprint, or of a plain one, stops the walk."""
    for plain in (lambda app: app, lambda app: Blueprint("plain", __name__)):
        app = create_app(board)
        where = plain(app)
        where.add_url_rule("/bare", "bare", lambda: "")
        if where is not app:
            app.register_blueprint(where)
        with pytest.raises((AssertionError, KeyError)):
            rules(app, Guard.PUBLIC)
