"""The space of a relay, and the page of the telephone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import listings, relays
from board.context import Board
from board.roles import Role
from tests.factories import Factory
from tests.web.conftest import REQUEST, Page, csrf_token, english, sign_in


@pytest.fixture
def relay(client: FlaskClient, make: Factory) -> int:
    """The relay who is signed in."""
    member_id = make.member(email="relay@example.org", roles=[Role.RELAY])
    sign_in(client, member_id)
    return member_id


def post(client: FlaskClient, **changes: Any) -> TestResponse:
    """Send the form for somebody else, by default a good one."""
    blank = Page(client.get("/relay/new?kind=request").text)
    names = ("csrf_token", "starts_on", "ends_on", "key")
    typed = {**REQUEST, **{name: blank.value(name) for name in names}, "consent": "telephone"}
    typed = {name: value for name, value in {**typed, **changes}.items() if value is not None}
    return client.post("/relay?kind=request", data=typed)


def by_phone(client: FlaskClient, **typed: str) -> TestResponse:
    """Send the form of the telephone."""
    data = {"csrf_token": csrf_token(client, "/by-phone"), **typed}
    return client.post("/by-phone", data=data)


def test_from_the_form_to_the_telephone_to_the_outcome(
    client: FlaskClient, app: Flask, board: Board, relay: int
) -> None:
    """The code is shown once; a helper closes with it; the relay sees how it ended."""
    answer = post(client, email=None)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    numbers = re.findall(r'<strong dir="ltr"[^>]*>([\d ]+)</strong>', answer.text)
    reference, code = numbers
    page = client.get("/relay").text
    assert reference in page
    assert code not in page
    helper = english(app)
    assert by_phone(helper, reference=reference, code="1", deed="helped").status_code == 422
    done = by_phone(helper, reference=reference, code=code, deed="helped")
    assert done.status_code == 200
    assert "off the board" in done.text
    assert "Help was found" in client.get("/relay").text


@pytest.mark.parametrize(
    ("field", "changed"),
    [("consent", {"consent": None}), ("consent", {"consent": "x"}), ("title", {"title": ""})],
)
def test_a_bad_form_is_given_back(
    client: FlaskClient, board: Board, relay: int, field: str, changed: dict[str, Any]
) -> None:
    """The field is named and nothing is posted; no address is asked for."""
    answer = post(client, **changed)
    assert answer.status_code == 422
    assert Page(answer.text).problems() == [field]
    assert Page(answer.text).all("input", name="email") == []
    assert relays.own(board, relay) == ()


def test_the_form_works_without_script(client: FlaskClient, relay: int) -> None:
    """Looking a place up posts nothing."""
    assert post(client, step="grid").status_code == 200
    assert client.get("/relay/new?kind=info").status_code == 404


def test_buttons_of_the_space(client: FlaskClient, board: Board, make: Factory, relay: int) -> None:
    """A new code, more time, taken down; never what was posted otherwise."""
    post(client)
    (seen,) = relays.own(board, relay)
    address = f"/relay/{seen.view.public_id}"
    token = {"csrf_token": csrf_token(client, "/by-phone")}
    assert "data-code" in client.post(f"{address}/code", data=token).text
    assert client.post(address, data={**token, "deed": "extend"}).location == "/relay"
    assert client.post(address, data={**token, "deed": "burn"}).status_code == 400
    assert client.post(address, data={**token, "deed": "not-needed"}).location == "/relay"
    assert listings.get(board, seen.view.public_id).state == "closed"
    foreign = make.open().public_id
    assert client.post(f"/relay/{foreign}", data={**token, "deed": "helped"}).status_code == 404


def test_others_have_no_such_space(client: FlaskClient, make: Factory) -> None:
    """It does not exist for members without the role."""
    sign_in(client, make.member())
    assert client.get("/relay").status_code == 404
    assert client.get("/relay/new").status_code == 404


@pytest.mark.parametrize("deed", ["", "x"])
def test_the_telephone_needs_something_to_do(
    client: FlaskClient, board: Board, make: Factory, relay: int, deed: str
) -> None:
    """The field is named; the code was right, and stays good."""
    dictated = relays.post(board, relay, make.form(), "in-person", "a-form-key")
    typed = {"reference": dictated.reference, "code": dictated.code}
    answer = by_phone(client, **typed, deed=deed)
    assert answer.status_code == 422
    assert "deed" in Page(answer.text).problems()
    assert by_phone(client, **typed, deed="extend").status_code == 200
