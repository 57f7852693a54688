"""Every page in every language: direction, structure, labels; and the pages of errors."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from board.context import Board
from board.errors import ListingNotFound, Unavailable
from board.i18n import LOCALES, direction
from tests.factories import Factory
from tests.web.conftest import Page, Poster
from web.app import create_app

PAGES = [
    "/",
    "/listings",
    "/listings?place=2232593",
    "/listings?near=Saint-Denis",
    "/listings?radius_km=NaN&place=2232593",
    "/listings/new?kind=request",
    "/listings/new?kind=offer",
    "/organisations/new",
    "/listings/sent",
    "/alerts/new",
    "/alerts/sent",
    "/about",
    "/impact",
    "/impact?weeks=1&country=XX",
    "/sign-in",
    "/sign-in/code",
    "/by-phone",
    "/dev/mail",
    "/no/such/page",
    "/links/none",
    "/unsubscribe/none",
    "/not-this/none",
    "/not-now/none",
    "/preferences/by-link/none",
]


def with_language(address: str, locale: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}lang={locale}"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("address", PAGES)
def test_a_page_renders_in_every_language(reader: FlaskClient, address: str, locale: str) -> None:
    """Language and direction of the page, and the sheet that goes with it."""
    html = reader.get(with_language(address, locale)).text
    page = Page(html)
    assert page.one("html") == {"lang": locale, "dir": direction(locale)}
    sheet = page.one("link", rel="stylesheet")["href"]
    assert sheet.startswith(f"/sheet/{direction(locale)}.css")


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_well_built(reader: FlaskClient, address: str) -> None:
    """One h1, a skip link, a title, unique ids, a label for each field, text in each button."""
    page = Page(reader.get(address).text)
    assert len(page.all("h1")) == 1
    assert page.all("a")[0]["href"] == "#main"
    assert page.one("main")["id"] == "main"
    assert page.texts["title"][0].strip()
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    labels = {each.get("for") for each in page.all("label")}
    for tag in ("input", "textarea", "select"):
        for field in page.all(tag):
            hidden = field.get("type") == "hidden"
            assert hidden or field["id"] in labels, (tag, field)
            assert "placeholder" not in field
    assert all(image.get("alt") is not None for image in page.all("img"))
    assert all(text.strip() for text in page.texts.get("button", []))


@pytest.mark.parametrize("kind", ["request", "offer"])
def test_what_describes_a_field_exists(vain: Poster, kind: str) -> None:
    """Hints and errors are tied to their fields, also on a refused form."""
    response = vain.listing(
        kind=kind, place="Saint-Denis", title="", email="", categories=None, radius_km="x"
    )
    page = Page(response.text)
    assert response.status_code == 422
    ids = {attributes.get("id") for _, attributes in page.tags}
    for _, attributes in page.tags:
        for name in ("aria-describedby", "aria-labelledby", "aria-controls"):
            assert set(attributes.get(name, "").split()) <= ids, attributes
    assert set(page.problems()) <= ids
    assert page.one("div", id="error-summary")["role"] == "alert"


class TestLanguage:
    """Which language a reader gets."""

    @pytest.mark.parametrize(
        ("accepted", "expected"),
        [
            ("", "fr"),
            ("de", "fr"),
            ("en-GB,en;q=0.9", "en"),
            ("pt-BR", "pt"),
            ("de, ar;q=0.5", "ar"),
            ("*", "fr"),
            (";;;=,\x7f", "fr"),
        ],
    )
    def test_the_browser_is_asked_and_french_is_the_rest(
        self, untouched_app: Flask, accepted: str, expected: str
    ) -> None:
        """Accept-Language, then the default."""
        client = untouched_app.test_client()
        html = client.get("/", headers={"Accept-Language": accepted}).text
        assert Page(html).one("html")["lang"] == expected

    def test_the_address_wins_and_is_remembered(self, reader: FlaskClient) -> None:
        """?lang= once, and the next pages follow."""
        assert Page(reader.get("/?lang=es").text).one("html")["lang"] == "es"
        assert Page(reader.get("/about").text).one("html")["lang"] == "es"

    def test_an_unknown_language_changes_nothing(self, reader: FlaskClient) -> None:
        """?lang=xx is ignored."""
        assert Page(reader.get("/?lang=xx").text).one("html")["lang"] == "en"

    def test_the_switcher_keeps_the_address(self, reader: FlaskClient) -> None:
        """Changing the language of a search keeps the search."""
        page = Page(reader.get("/listings?q=riz&kind=offer").text)
        arabic = page.one("a", hreflang="ar")["href"]
        assert arabic == "/listings?q=riz&kind=offer&lang=ar"

    def test_the_switcher_of_a_refused_form_leads_to_the_form(self, vain: Poster) -> None:
        """The address of a post shows something else when it is read."""
        page = Page(vain.listing(kind="offer", title="").text)
        assert page.one("a", hreflang="es")["href"] == "/listings/new?kind=offer&lang=es"

    def test_files_are_the_same_for_everybody(self, reader: FlaskClient) -> None:
        """No cookie and no language in what shared caches may keep."""
        answer = reader.get("/static/css/site.css?lang=es")
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


class TestErrors:
    """Pages for what goes wrong."""

    @pytest.mark.parametrize(
        ("method", "address", "status"),
        [
            ("GET", "/no/such/page", 404),
            ("GET", "/listings/AAAAAAAAAAAA", 404),
            ("GET", "/listings/a%00b", 404),
            ("GET", "/listings/AAAAAAAAAAA%00", 404),
            ("GET", "/places/grid?place=0", 404),
            ("GET", "/vendor/jquery.js", 404),
            ("GET", "/static/../app.py", 404),
            ("DELETE", "/listings", 405),
            ("PUT", "/", 405),
            ("GET", "/links/none", 410),
            ("GET", "/unsubscribe/none.none", 410),
        ],
    )
    def test_an_error_has_a_page_of_ours(
        self, reader: FlaskClient, method: str, address: str, status: int
    ) -> None:
        """The right status, a heading, and ways on."""
        response = reader.open(address, method=method)
        page = Page(response.text)
        assert response.status_code == status
        assert len(page.all("h1")) == 1
        assert page.all("a", href="/listings")

    def test_a_refused_method_names_the_others(self, reader: FlaskClient) -> None:
        """405 says what is allowed."""
        assert "GET" in reader.open("/about", method="POST").headers.get("Allow", "GET")
        assert "POST" in reader.open("/listings", method="DELETE").headers["Allow"]

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (Unavailable("the database"), 503),
            (ListingNotFound("x"), 404),
            (RuntimeError("a secret detail"), 500),
        ],
    )
    def test_an_exception_becomes_a_page(
        self, board: Board, error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No traceback, no detail."""

        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("web.listings.searching.search", fail)
        response = create_app(board).test_client().get("/listings?lang=en")
        assert response.status_code == status
        assert "secret" not in response.text
        assert ("Retry-After" in response.headers) == (status == 503)


class TestHealth:
    """The probe of the server."""

    def test_it_is_well_when_the_database_answers(self, reader: FlaskClient) -> None:
        """200 and JSON."""
        response = reader.get("/health")
        assert (response.status_code, response.json) == (200, {"status": "ok"})

    def test_it_says_503_when_the_database_is_away(
        self, board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """503 with Retry-After, as JSON; pages say the same in words."""
        client = create_app(board).test_client()
        assert client.get("/health").status_code == 200
        board.db.close()
        monkeypatch.setattr(
            board.db.engine.dialect, "connect", _refuse_to_connect(board.db.engine.dialect)
        )
        health = client.get("/health")
        assert health.status_code == 503
        assert re.fullmatch(r"\d+", health.headers["Retry-After"])
        assert health.is_json
        for address in ("/", "/listings", "/listings/AAAAAAAAAAAA", "/listings/new"):
            response = client.get(address)
            assert response.status_code == 503, address
            assert response.headers["Retry-After"]
            assert len(Page(response.text).all("h1")) == 1


def _refuse_to_connect(dialect: object) -> object:
    """A database that is away, as the driver says it."""

    def connect(*_: object, **__: object) -> None:
        raise dialect.dbapi.OperationalError("unable to open database file")  # type: ignore[attr-defined]

    return connect
