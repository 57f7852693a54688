"""T13, a false consulate: no form gives a right, and a right that is taken away ends at once.

Every probe is also run against a small copy of the weak defence, where it must find the leak.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, abort, request, session
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from board import organisations, verification
from board.asking import NewQuestion
from board.context import Board
from board.information import NewInformation
from board.listings import Listing
from board.organisations import Membership, NewOrganisation, Organisation, Status
from board.posting import NewListing
from board.roles import Grant
from board.verification import Decision
from tests.factories import Factory, Office
from tests.web.conftest import Page, csrf_token, sign_in
from web.guards import Guard, GuardedBlueprint

#: What an attacker adds to every form, in the names of columns, forms and roles.
SMUGGLED: dict[str, Any] = {
    "official": "1",
    "verified": "1",
    "status": "verified",
    "role": "administrator",
    "roles": "partner",
    "organisation": "Consulat",
    "organisation_id": "1",
    "member_id": "1",
    "granted_by": "1",
    "evidence": "Seen.",
    "decided_at": "2026-01-01",
    "kind": "3",
    "second_factor": "1",
    "supersedes": "",
    "source_url": "https://consulat.example",
    "area_countries": "CM",
}


def rights(board: Board) -> tuple[int, int, int, int]:
    """Grants, seats, verified organisations, and listings that look official."""
    official = sa.or_(
        Listing.organisation_id.is_not(None), Listing.organisation != "", Listing.kind == 3
    )
    with board.db.read() as reading:
        return (
            reading.scalar(sa.select(sa.func.count(Grant.id))) or 0,
            reading.scalar(sa.select(sa.func.count(Membership.id))) or 0,
            reading.scalar(
                sa.select(sa.func.count(Organisation.id)).where(
                    Organisation.status == Status.VERIFIED
                )
            )
            or 0,
            reading.scalar(sa.select(sa.func.count(Listing.id)).where(official)) or 0,
        )


FORMS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "/listings/new?kind=request",
        "/listings?kind=request",
        {
            "key": "a-key-of-one-form",
            "categories": "admin",
            "title": "Passeports",
            "urgency": "1",
            "place": "Douala",
            "reach": "local",
            "radius_km": "10",
            "languages": "fr",
            "email": "a@example.org",
        },
    ),
    (
        "/organisations/new",
        "/organisations",
        {
            "name": "Consulat",
            "country": "SN",
            "countries": "CM",
            "email": "b@example.org",
            "kind": "consulate",
        },
    ),
    (
        "/alerts/new",
        "/alerts",
        {
            "where": "place",
            "place": "Douala",
            "radius_km": "15",
            "kinds": "request",
            "least_urgency": "0",
            "email": "c@example.org",
        },
    ),
]


def smuggle(client: FlaskClient, page: str, address: str, fields: dict[str, Any]) -> int:
    """Send a good form with everything else in it; the status."""
    blank = Page(client.get(page).text)
    dates = {name: blank.value(name) for name in ("starts_on", "ends_on") if blank.value(name)}
    data = {**SMUGGLED, **fields, **dates, "csrf_token": blank.value("csrf_token")}
    return client.post(address, data=data).status_code


@pytest.mark.parametrize(("page", "address", "fields"), FORMS, ids=[form[1] for form in FORMS])
def test_T13_no_public_form_gives_a_right(
    client: FlaskClient, board: Board, page: str, address: str, fields: dict[str, Any]
) -> None:
    """The form is taken as it is meant, and what was smuggled into it is not."""
    kind = {} if address == "/organisations" else {"kind": "request"}
    assert smuggle(client, page, address, {**fields, **kind}) == 303
    assert rights(board) == (0, 0, 0, 0)


def test_T13_no_form_of_a_partner_gives_another_right(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """Neither an administrator's, nor one in another organisation, nor for another country."""
    office, other = make.organisation(), make.organisation("Mairie", country="GA")
    sign_in(client, office.member_id, second_factor=True)
    before = rights(board)
    home = f"/organisation/{office.id}"
    for role in ("administrator", "moderator", "verified"):
        data = {**SMUGGLED, "email": "x@example.org", "role": role}
        data["csrf_token"] = csrf_token(client, home)
        assert client.post(f"{home}/members", data=data).status_code == 422
        assert client.post(f"/organisation/{other.id}/members", data=data).status_code == 404
    assert rights(board) == before
    form = f"{home}/information/new"
    fields = {
        "key": "a-key-of-one-form",
        "categories": "admin",
        "title": "T",
        "text": "T",
        "urgency": "0",
        "organisation": other.id,
    }
    assert smuggle(client, form, f"{home}/information", fields) == 303
    with board.db.read() as reading:
        (owner,) = reading.scalars(sa.select(Listing.organisation_id))
        ours = organisations.find(reading, office.id).id
    assert owner == ours
    countries = {**fields, "key": "another-key-of-it", "area_countries": "GA"}
    assert smuggle(client, form, f"{home}/information", countries) == 422


@pytest.mark.parametrize("new", [NewListing, NewOrganisation, NewQuestion])
def test_T13_what_people_say_has_no_room_for_a_right(new: type) -> None:
    """The forms of everybody name no status, role or owner that the board would store."""
    names = set(new.__dataclass_fields__)
    assert names.isdisjoint({"official", "role", "status", "organisation", "member_id", "verified"})


def test_T13_the_probe_finds_the_leak_of_a_form_that_is_copied_whole(
    board: Board, make: Factory
) -> None:
    """The weak defence: every field of the form becomes a column of the row."""
    weak = Flask("weak")
    weak.secret_key = "weak"

    @weak.get("/organisations/new")
    def form() -> str:
        return '<input name="csrf_token" value="x">'

    @weak.post("/organisations")
    def create() -> tuple[str, int]:
        columns = {column.name for column in Organisation.__table__.columns}
        given = {name: value for name, value in request.form.items() if name in columns}
        with board.db.write() as writing:
            new = NewOrganisation(kind="ngo", name="", country="", countries=(), email="")
            row = organisations.insert(writing, new)
            for name, value in given.items():
                if name in ("kind", "name", "status", "evidence"):
                    setattr(row, name, value)
        return "", 303

    page, address, fields = FORMS[1]
    assert smuggle(weak.test_client(), page, address, fields) == 303
    assert rights(board)[2] == 1


# A revoked partner is refused at once, on every route of partners.


def partner_rules(app: Flask) -> list[tuple[Rule, str]]:
    """Every route behind the partner's guard, with each of its verbs."""
    found = []
    for rule in app.url_map.iter_rules():
        blueprint = app.blueprints.get(rule.endpoint.partition(".")[0])
        if isinstance(blueprint, GuardedBlueprint) and blueprint.guard is Guard.PARTNER:
            verbs = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found += [(rule, verb) for verb in sorted(verbs)]
    return found


def address_of(app: Flask, rule: Rule, office: Office, item: str) -> str:
    """The address of a route for this organisation; other ids are those of its item."""
    values = {name: office.id if name == "organisation" else item for name in rule.arguments}
    with app.test_request_context():
        return str(app.url_map.bind("board.test").build(rule.endpoint, values))


def ask(client: FlaskClient, verb: str, address: str, token: str) -> int:
    """Status of a request with the form's token."""
    data = {"csrf_token": token} if verb != "GET" else None
    return client.open(address, method=verb, data=data).status_code


def revoke(board: Board, make: Factory, office: Office) -> None:
    """An administrator's verdict."""
    decision = Decision(verdict="revoke", evidence="It was a false consulate.")
    verification.decide(board, make.administrator("judge@example.org"), office.id, decision)


def leave(board: Board, make: Factory, office: Office) -> None:
    """The seat is taken away; the organisation stays."""
    with board.db.write() as writing:
        writing.execute(sa.delete(Membership).where(Membership.member_id == office.member_id))


@pytest.mark.parametrize("end", [revoke, leave])
def test_T13_a_partner_without_the_right_is_refused_on_every_route_at_once(
    app: Flask,
    client: FlaskClient,
    board: Board,
    make: Factory,
    end: Callable[[Board, Factory, Office], None],
) -> None:
    """In the same session, with the second factor given, by every verb: 404, nothing written."""
    office = make.organisation()
    view = make.information(office)
    sign_in(client, office.member_id, second_factor=True)
    token = csrf_token(client, f"/organisation/{office.id}")
    rules = partner_rules(app)
    assert len(rules) >= 13
    reached = [
        ask(client, verb, address_of(app, rule, office, view.public_id), token)
        for rule, verb in rules
        if verb == "GET" and "public_id" not in rule.arguments
    ]
    assert set(reached) <= {200, 303}, "the control: before, these pages are there"
    end(board, make, office)
    before = rights(board)
    for rule, verb in rules:
        address = address_of(app, rule, office, view.public_id)
        assert ask(client, verb, address, token) == 404, f"{verb} {address}"
    assert rights(board) == before


def test_T13_the_probe_finds_the_leak_of_a_right_kept_in_the_session(
    board: Board, make: Factory
) -> None:
    """The weak defence: the right is read at the sign-in and remembered."""
    office = make.organisation()
    weak = Flask("weak")
    weak.secret_key = "weak"

    @weak.post("/sign-in")
    def signed_in() -> str:
        session["partner"] = bool(organisations.seats_of(board, office.member_id))
        return ""

    @weak.get("/organisation")
    def home() -> str:
        if not session.get("partner"):
            abort(404)
        return "the pages of partners"

    client = weak.test_client()
    client.post("/sign-in")
    revoke(board, make, office)
    assert ask(client, "GET", "/organisation", "") == 200


def test_T13_a_partner_without_the_second_factor_reaches_nothing(
    app: Flask, client: FlaskClient, make: Factory
) -> None:
    """Every route leads to the second factor first."""
    office = make.organisation()
    view = make.information(office)
    sign_in(client, office.member_id)
    token = csrf_token(client, "/alerts/new")
    for rule, verb in partner_rules(app):
        address = address_of(app, rule, office, view.public_id)
        answer = client.open(address, method=verb, data={"csrf_token": token})
        assert answer.status_code == 303, f"{verb} {address}"
        assert answer.location.startswith("/second-factor"), f"{verb} {address}"


def test_T13_publishing_asks_for_the_right_again(board: Board, make: Factory) -> None:
    """A form that was opened while the right stood is refused when it is gone."""
    office = make.organisation()
    form = make.information_form(office)
    assert isinstance(form, NewInformation)
    revoke(board, make, office)
    with pytest.raises(organisations.OrganisationNotFound):
        make.information(office)
