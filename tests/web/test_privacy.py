"""The page about privacy: figures of the code, for guests and for members."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from board.i18n import LOCALES
from board.privacy import KEPT
from tests.factories import Factory
from tests.web.conftest import sign_in


@pytest.mark.parametrize("locale", LOCALES)
def test_the_figures_are_those_of_the_code(client: FlaskClient, locale: str) -> None:
    """In every language, each time that something is kept."""
    text = client.get("/privacy", headers={"Accept-Language": locale}).text
    for kept in KEPT:
        assert str(kept.number) in text, kept.what


def test_a_reader_sees_the_own_data(client: FlaskClient, make: Factory) -> None:
    """As the server has it, and no cache keeps the page; a guest is told the two ways."""
    guest = client.get("/privacy")
    assert "/data" in guest.text
    sign_in(client, make.member(email="me@example.org", display_name="Amina"))
    page = client.get("/privacy")
    assert "me@example.org" in page.text
    assert "Amina" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "me@example.org" not in guest.text


@pytest.mark.parametrize("address", ["/listings/new", "/alerts/new", "/sign-in"])
def test_every_form_says_what_one_agrees_to(client: FlaskClient, address: str) -> None:
    """With a link to the page, before anything is sent."""
    assert 'href="/privacy"' in client.get(address).text
    assert "By sending this you agree" in client.get(address).text
