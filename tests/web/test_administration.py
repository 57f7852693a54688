"""The administrators' console: what waits, giving roles and taking them away."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import bans, members, recovery, roles
from board.administration import LISTED
from board.audit import AuditEntry
from board.context import Board
from board.members import Member
from board.recovery import RecoveryCode
from board.roles import Role
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, csrf_token, english, sign_in

PEOPLE = "/admin/people"
TAKING = "/admin/people/take-away"
ADDRESS = "person@example.org"
OWN = "admin@example.org"


@pytest.fixture
def admin(client: FlaskClient, make: Factory) -> FlaskClient:
    """A browser of the only administrator."""
    sign_in(client, make.administrator(OWN), second_factor=True)
    return client


def press(client: FlaskClient, address: str, **data: Any) -> TestResponse:
    """Send a form of the page of people."""
    return client.post(address, data={"csrf_token": csrf_token(client, PEOPLE), **data})


def held(board: Board, email: str = ADDRESS) -> frozenset[Role]:
    """Roles of an address now."""
    with board.db.read() as session:
        member = members.by_email(session, email)
        return frozenset() if member is None else roles.of(session, member.id)


@pytest.mark.parametrize("others", [[], ["relay"], ["partner"], ["moderator"]])
def test_the_console_is_for_administrators(
    app: Flask, board: Board, make: Factory, others: list[str]
) -> None:
    """To others it does not exist, nor the ways to it; guests are asked to sign in."""
    client = english(app)
    token = csrf_token(client, "/alerts/new")
    deed = {"csrf_token": token, "email": ADDRESS, "role": "administrator"}
    for address in ("/admin", PEOPLE):
        assert client.get(address).status_code == 303
    assert client.post(PEOPLE, data=deed).status_code == 401
    sign_in(client, make.member(roles=others), second_factor=True)
    for address in ("/admin", PEOPLE):
        assert client.get(address).status_code == 404
    deed["csrf_token"] = csrf_token(client, "/alerts/new")
    for address in (PEOPLE, TAKING):
        assert client.post(address, data=deed).status_code == 404
    assert held(board) == frozenset()
    assert "/admin" not in client.get("/").text + client.get("/me").text


def test_without_its_second_factor_it_is_closed(client: FlaskClient, make: Factory) -> None:
    """The way leads there first."""
    sign_in(client, make.administrator())
    assert client.get(PEOPLE).location == "/second-factor?next=%2Fadmin%2Fpeople"


def test_an_administrator_finds_the_way(admin: FlaskClient) -> None:
    """At the foot of each page, in one's own space, and back from what it leads to."""
    for address in ("/", "/me", "/admin/organisations", PEOPLE):
        assert Page(admin.get(address).text).all("a", href="/admin"), address
    assert len(Page(admin.get("/me").text).all("a", href="/admin")) == 2


def test_the_overview_leads_to_what_waits(app: Flask, admin: FlaskClient, make: Factory) -> None:
    """To the queue only those who may read it."""
    page = Page(admin.get("/admin").text)
    for address in ("/admin/organisations", PEOPLE):
        page.one("a", href=address)
    assert not page.all("a", href="/moderation")
    assert "Organisations that wait: 0" in page.texts["a"]
    assert "Messages given up: 0" in page.texts["h2"]
    both = english(app)
    sign_in(both, make.member(roles=["administrator", "moderator"]), second_factor=True)
    assert "Cases in the queue: 0" in Page(both.get("/admin").text).texts["a"]


def test_a_role_is_given_and_taken_away(admin: FlaskClient, board: Board, smtp: MailSink) -> None:
    """To a new address, which is told both times; the list and the log say by whom."""
    given = press(admin, PEOPLE, email=ADDRESS, role="moderator")
    assert (given.status_code, given.location) == (303, f"{PEOPLE}?done=given")
    assert held(board) == {Role.MODERATOR}
    html = admin.get(given.location).text
    assert "The role is given" in html and f"given by {OWN}" in html
    assert "No second factor yet" in html
    assert press(admin, PEOPLE, email=ADDRESS, role="moderator").location.endswith("=had")
    taken = press(admin, TAKING, email=ADDRESS, role="moderator")
    assert (taken.status_code, taken.location) == (303, f"{PEOPLE}?done=taken")
    assert held(board) == frozenset()
    assert press(admin, TAKING, email=ADDRESS, role="moderator").location.endswith("=gone")
    work_off(board)
    assert len(smtp.to(ADDRESS)) == 1
    with board.db.read() as session:
        own = members.by_email(session, OWN)
        assert own is not None
        log = session.execute(sa.select(AuditEntry.action, AuditEntry.member_id)).all()
    assert [tuple(row) for row in log] == [("grant", own.id), ("revoke", own.id)]


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({}, {"email", "role"}),
        ({"email": "nobody", "role": "relay"}, {"email"}),
        ({"email": ADDRESS}, {"role"}),
        ({"email": ADDRESS, "role": "partner"}, {"role"}),
        ({"email": ADDRESS, "role": "king"}, {"role"}),
        ({"email": f"{ADDRESS}\r\nBcc: x@example.org", "role": "relay"}, {"email"}),
        ({"email": f"{ADDRESS}, x@example.org", "role": "relay"}, {"email"}),
        ({"email": "<script>alert(1)</script>", "role": "<script>"}, {"email", "role"}),
        ({"email": "x" * 5000, "role": "\0"}, {"email", "role"}),
    ],
)
def test_bad_input_gives_nobody_a_role(
    admin: FlaskClient, board: Board, data: dict[str, str], fields: set[str]
) -> None:
    """422, the fields named, what was typed comes back as text; taking away refuses it alike."""
    for address in (PEOPLE, TAKING):
        answer = press(admin, address, **data)
        assert answer.status_code == 422
        assert "<script>alert" not in answer.text
        assert set(Page(answer.text).problems()) == fields
    with board.db.read() as session:
        assert session.scalars(sa.select(Member.email)).all() == [OWN]


def test_one_s_own_right_stays(admin: FlaskClient, board: Board, make: Factory) -> None:
    """There is no button beside it, and sending the form says whom to ask."""
    page = Page(admin.get(PEOPLE).text)
    assert not page.all("form", action=TAKING)
    refused = press(admin, TAKING, email=OWN, role="administrator")
    assert refused.status_code == 422
    assert "Only another administrator can take this right from you" in refused.text
    assert held(board, OWN) == {Role.ADMINISTRATOR}
    make.member(ADDRESS, roles=["administrator"])
    assert press(admin, TAKING, email=ADDRESS, role="administrator").status_code == 303
    assert held(board) == frozenset()


def test_a_form_without_its_token_changes_nothing(admin: FlaskClient, board: Board) -> None:
    """Another site cannot press the buttons."""
    for address in (PEOPLE, TAKING):
        assert admin.post(address, data={"email": ADDRESS, "role": "relay"}).status_code == 400
    assert held(board) == frozenset()


@pytest.mark.parametrize("done", ["", "x", "<script>alert(1)</script>", "%00", "given&done=x"])
def test_what_was_done_is_one_of_our_own_words(admin: FlaskClient, done: str) -> None:
    """Whatever stands in the address is not shown."""
    answer = admin.get(f"{PEOPLE}?done={done}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    shown = Page(answer.text).all("div", role="status")
    assert len(shown) == (done.partition("&")[0] == "given")


def test_recovery_codes_stay_on_the_command_line(
    admin: FlaskClient, board: Board, make: Factory
) -> None:
    """The page says where they come from, and holds none: neither new ones nor a hash."""
    make.member(ADDRESS, roles=["moderator"])
    codes = recovery.issue_for(board, ADDRESS)
    press(admin, PEOPLE, email="new@example.org", role="moderator")
    with board.db.read() as session:
        rows = session.scalars(sa.select(RecoveryCode)).all()
        assert len(rows) == len(codes)
    html = admin.get(f"{PEOPLE}?done=given").text
    assert "entraide recovery" in html
    assert not [secret for secret in (*codes, *(row.code_hash for row in rows)) if secret in html]


def test_of_many_the_first_are_listed(admin: FlaskClient, board: Board, make: Factory) -> None:
    """The heading counts all; the form takes the role of the others away."""
    for number in range(LISTED):
        make.member(f"a{number:02}@example.org", roles=["relay"])
    assert "Only the first" not in admin.get(PEOPLE).text
    make.member(ADDRESS, roles=["relay"])
    page = Page(admin.get(PEOPLE).text)
    assert f"Relay ({LISTED + 1})" in page.texts["h2"]
    assert f"Only the first {LISTED} are shown" in "".join(page.texts["p"])
    assert len(page.all("form", action=TAKING)) == LISTED
    assert not page.all("input", name="email", value=ADDRESS)
    (button,) = page.all("button", formaction=TAKING)
    taken = press(admin, button["formaction"], email=ADDRESS, role="relay")
    assert taken.location == f"{PEOPLE}?done=taken"
    assert held(board) == frozenset()


def test_who_is_banned_is_refused_at_the_address(
    admin: FlaskClient, board: Board, make: Factory
) -> None:
    """The form comes back, and says why."""
    member_id = make.member(ADDRESS)
    with board.db.write() as session:
        bans.ban(session, board, session.get_one(Member, member_id), "fraud", by=1)
    refused = press(admin, PEOPLE, email=ADDRESS, role="relay")
    assert refused.status_code == 422
    assert "This person is banned" in refused.text
    assert set(Page(refused.text).problems()) == {"email"}
