"""T13: nobody becomes official by what a form says; a right that is gone is refused at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, request
from flask.testing import FlaskClient

from board import roles
from board.context import Board
from board.errors import NotAllowed, OrganisationNotFound
from board.listings import Listing
from board.members import Member
from board.organisations import Membership
from board.roles import BY_ORGANISATION, Grant, Role
from matcher.taxonomy import Kind
from tests.factories import Factory
from tests.web.conftest import REQUEST, Page, english, sign_in
from web.guards import GUARDS, Guard, GuardedBlueprint

ADDRESS = "false@example.org"
#: What an attacker adds to every form.
STOLEN: dict[str, Any] = {
    "official": "1",
    "role": "administrator",
    "roles": "administrator",
    "grants": "partner",
    "organisation": "Consulate General",
    "verified": "1",
    "status": "open",
    "member_id": "1",
    "second_factor": "1",
    "demo": "1",
}


def gained(board: Board) -> list[str]:
    """What somebody has got who should have got nothing."""
    with board.db.read() as session:
        grants = session.scalars(sa.select(Grant.role)).all()
        seats = session.scalars(sa.select(Membership.role)).all()
        official = session.scalars(
            sa.select(Listing.organisation).where(
                sa.or_(Listing.organisation != "", Listing.kind == Kind.INFO, Listing.demo)
            )
        ).all()
        opened = session.scalars(sa.select(Listing.status).where(Listing.status == "open")).all()
    return [*grants, *seats, *official, *opened]


def own_forms(client: FlaskClient) -> list[tuple[str, dict[str, Any]]]:
    """The forms that a member without any right can send, filled in."""
    day = Page(client.get("/listings/new?kind=request").text)
    days = {name: day.value(name) for name in ("starts_on", "ends_on")}
    profile = {"display_name": "Consul", "time_zone": "UTC", "languages": ["fr"]}
    return [
        # A first post about children waits for a moderator, whatever status it asks for.
        ("/listings", {**REQUEST, **days, "email": ADDRESS, "categories": "childcare"}),
        ("/me/profile", profile),
        ("/sign-in", {"email": ADDRESS}),
        ("/me/passkeys", {"credential": "{}", "name": "x"}),
    ]


def attack(client: FlaskClient, forms: list[tuple[str, dict[str, Any]]]) -> None:
    """Send each form with everything stolen added, in the body and in the address."""
    token = Page(client.get("/sign-in/code").text).value("csrf_token")
    for address, typed in forms:
        client.post(address, query_string=STOLEN, data={**STOLEN, **typed, "csrf_token": token})


def test_T13_no_form_makes_anybody_official(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """Fields that a form does not have are not read."""
    member_id = make.member(email=ADDRESS)
    sign_in(client, member_id)
    attack(client, own_forms(client))
    assert gained(board) == []
    with board.db.read() as session:
        assert session.get_one(Member, member_id).display_name == "Consul"
    for guarded in ("/relay", "/relay/new"):
        assert client.get(guarded).status_code == 404


def test_T13_the_probe_finds_a_form_that_takes_everything(board: Board, make: Factory) -> None:
    """Positive control: a site that copies the form onto the member is caught."""
    member_id = make.member(email=ADDRESS)
    weak = Flask("weak")

    @weak.route("/sign-in/code")
    def page() -> str:
        return ""

    @weak.post("/me/profile")
    def profile() -> str:
        with board.db.write() as session:
            moment = session.get_one(Member, member_id).created_at
            session.add(Grant(member_id=member_id, created_at=moment, role=request.form["role"]))
        return ""

    attack(weak.test_client(), [("/me/profile", {})])
    assert gained(board) == ["administrator"]


@pytest.mark.parametrize("role", [Role.PARTNER, Role.MODERATOR, Role.ADMINISTRATOR])
def test_T13_a_right_counts_only_with_its_second_factor_and_until_it_is_gone(
    app: Flask, board: Board, make: Factory, role: Role
) -> None:
    """Read again at each request of the same session."""
    blueprint = GuardedBlueprint("promise", __name__, guard=Guard(role))
    blueprint.get("/promise")(lambda: "official")
    app.register_blueprint(blueprint)
    client = english(app)
    member_id = make.member(email=ADDRESS, roles=[role])
    sign_in(client, member_id)
    assert client.get("/promise").location == "/second-factor?next=%2Fpromise"
    sign_in(client, member_id, second_factor=True)
    assert client.get("/promise").text == "official"
    take_away(board, role)
    assert client.get("/promise").status_code == 404


def take_away(board: Board, role: Role) -> None:
    """A granted role is revoked; one through an organisation goes with the seat."""
    if role not in BY_ORGANISATION:
        roles.revoke(board, ADDRESS, role)
        return
    with board.db.write() as session:
        session.execute(sa.delete(Membership))


def test_T13_the_probe_finds_a_right_that_is_remembered(
    app: Flask, board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positive control: a guard that asks once and keeps the answer is caught."""
    kept: dict[str, object] = {}
    real: Callable[[], object] = GUARDS[Guard.RELAY]

    def weak() -> object:
        if "answer" not in kept:
            kept["answer"] = real()
        return kept["answer"]

    monkeypatch.setitem(GUARDS, Guard.RELAY, weak)  # type: ignore[arg-type]
    blueprint = GuardedBlueprint("promise", __name__, guard=Guard.RELAY)
    blueprint.get("/promise")(lambda: "official")
    app.register_blueprint(blueprint)
    client = english(app)
    sign_in(client, make.member(email=ADDRESS, roles=[Role.RELAY]))
    assert client.get("/promise").text == "official"
    roles.revoke(board, ADDRESS, Role.RELAY)
    assert client.get("/promise").text == "official"


def test_T13_a_partner_without_a_seat_publishes_nothing(board: Board, make: Factory) -> None:
    """Neither through the organisation nor by the form of requests and offers."""
    office = make.organisation()
    take_away(board, Role.PARTNER)
    with pytest.raises(OrganisationNotFound):
        make.information(office)
    with pytest.raises(NotAllowed):
        make.pending(kind=Kind.INFO, email=office.email, cell=None, area_countries=("CM",))
    assert gained(board) == []
