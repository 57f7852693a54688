"""A tile server of the operator's: what pages and their policy say of it, and only then."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import ContentSecurityPolicy

from board.context import Board
from board.i18n import LOCALES
from tests.web.conftest import Page, english
from web.app import create_app

ADDRESS = "https://tiles.example.org:8443/a/{z}/{x}/{y}{r}.png?key=k"
CREDIT = 'Maps © "A" & others'
#: Every page has them alike: with a map, without one, one that is not there, a file.
PAGES = ("/", "/listings", "/privacy", "/no/such/page", "/static/js/page.js")


@pytest.fixture
def tiled(untouched_board: Board) -> FlaskClient:
    """A browser that asks for English, of a board with a tile server."""
    changes = {"tile_url": ADDRESS, "tile_attribution": CREDIT}
    return english(create_app(untouched_board, untouched_board.settings.model_copy(update=changes)))


def policy(client: FlaskClient, address: str) -> ContentSecurityPolicy:
    """What the answer at this address lets a browser load."""
    found = client.get(address).content_security_policy
    assert found is not None
    return found


@pytest.mark.parametrize("address", PAGES)
def test_the_policy_takes_in_the_origin_for_pictures_alone(
    tiled: FlaskClient, reader: FlaskClient, address: str
) -> None:
    """Nothing else of the policy is another one than without a tile server."""
    with_tiles, without = policy(tiled, address), policy(reader, address)
    assert with_tiles.pop("img-src") == "'self' data: https://tiles.example.org:8443"
    assert without.pop("img-src") == "'self' data:"
    assert with_tiles == without


def test_a_page_hands_the_address_to_the_map(tiled: FlaskClient, reader: FlaskClient) -> None:
    """As it was given, quotes and all."""
    script = Page(tiled.get("/listings").text).one("script", id="page-script")
    assert (script["data-tiles"], script["data-tiles-attribution"]) == (ADDRESS, CREDIT)
    plain = Page(reader.get("/listings").text).one("script", id="page-script")
    assert [name for name in plain if name.startswith("data-tiles")] == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("address", ["/privacy", "/about"])
def test_readers_are_told_who_sees_them(
    tiled: FlaskClient, reader: FlaskClient, address: str, locale: str
) -> None:
    """With the host's name, in every language; and nobody is told that no maps come from others."""
    asked = {"Accept-Language": locale}
    told, untold = (client.get(address, headers=asked).text for client in (tiled, reader))
    told, untold = (Page(each).texts["main"][0] for each in (told, untold))
    assert "tiles.example.org" in told
    assert "tiles.example.org" not in untold
    lines = {line.strip() for line in untold.splitlines()} - {
        line.strip() for line in told.splitlines()
    }
    assert len(lines) == 1, "the sentence that is true without a tile server only"


def test_the_sentences_are_translated(tiled: FlaskClient) -> None:
    """English stands on the English page alone."""
    texts = {
        locale: tiled.get("/privacy", headers={"Accept-Language": locale}).text
        for locale in LOCALES
    }
    said = "The pictures of the maps come from tiles.example.org, which sees your network address"
    assert {locale for locale, text in texts.items() if said in text} == {"en"}
