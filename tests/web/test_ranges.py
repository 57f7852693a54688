"""Numbers that no column holds and values that are no numbers: refused, never an error of ours."""

from __future__ import annotations

import itertools
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from board.context import Board
from tests.factories import Factory
from tests.web.conftest import english, sign_in
from tests.web.walk import VERBS, World, rules
from web.app import create_app
from web.guards import Guard

#: Beyond 32 and 64 bits, and beyond any machine's.
NUMBERS = ("0", str(2**31), str(2**63), str(10**30))
VALUES = (
    *NUMBERS,
    "-1",
    "NaN",
    "inf",
    "1e999",
    "1_0",
    "%D9%A1",
    "%00",
    "%ED%A0%80",
    "%0D%0ASet-Cookie:x=y",
    "x" * 3000,
)
#: Whatever an address may ask.
NAMES = ("page", "place", "cell", "q", "near", "category", "urgency", "radius_km", "next", "sent")
#: The addresses that read more than the language.
READERS = (
    "/",
    "/listings",
    "/listings.geojson",
    "/listings/new",
    "/places",
    "/places/grid",
    "/places/names",
    "/sign-in",
    "/moderation",
    "/me/sessions",
)


@pytest.fixture
def owner(board: Board, make: Factory) -> FlaskClient:
    """A browser of somebody who has every role."""
    app = create_app(board)
    app.config["WTF_CSRF_ENABLED"] = False
    client = english(app)
    sign_in(client, World(board, make).member_id, second_factor=True)
    return client


def numbered(app: Flask) -> list[tuple[str, set[str]]]:
    """(address with "{}" for its number, methods) of each route that takes one."""
    return [
        (re.sub(r"<[^>]+>", "{}", rule.rule), set(rule.methods or ()) & set(VERBS))
        for rule in rules(app, *Guard)
        if any(type(each).__name__ == "IntegerConverter" for each in rule._converters.values())
    ]


def test_a_number_in_an_address_is_found_or_is_not(owner: FlaskClient) -> None:
    """By every verb, 404 or what the route says of a wrong form."""
    routes = numbered(owner.application)
    assert len(routes) > 3
    for (pattern, methods), number in itertools.product(routes, NUMBERS):
        where = pattern.replace("{}", number, 1).replace("{}", "x")
        for verb in methods:
            assert owner.open(where, method=verb).status_code in (400, 404, 422), (verb, where)


@pytest.mark.parametrize("where", READERS)
def test_a_value_in_an_address_is_read_or_refused(owner: FlaskClient, where: str) -> None:
    """No value breaks a page, adds a header or leads away."""
    for name, value in itertools.product(NAMES, VALUES):
        answer = owner.get(f"{where}?{name}={value}")
        assert answer.status_code < 500, (name, value)
        assert not [line for line in answer.headers.getlist("Set-Cookie") if "x=y" in line]
        assert (answer.location or "/").startswith("/"), (name, value)
