"""The application over a real board on SQLite, and a reader of pages.

What depends on the database is tested beside the board on both; here one is enough.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import sessions
from board.alerts import Alert
from board.context import Board
from board.listings import Listing
from config.settings import Settings
from tests.conftest import SECRET
from tests.fakes import FakeWaker
from web.app import create_app
from web.guards import session_cookie

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Page(HTMLParser):
    """The tags of a page, with what a reader or an attacker would look for."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        #: (name, attributes) in order.
        self.tags: list[tuple[str, dict[str, str]]] = []
        #: Text of elements by name, in order.
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def all(self, element: str, /, **wanted: str) -> list[dict[str, str]]:
        """Attributes of the elements that have these attributes."""
        return [
            attributes
            for tag, attributes in self.tags
            if tag == element and all(attributes.get(key) == value for key, value in wanted.items())
        ]

    def one(self, element: str, /, **wanted: str) -> dict[str, str]:
        """Attributes of the only such element."""
        found = self.all(element, **wanted)
        assert len(found) == 1, f"{len(found)} elements {element} {wanted}"
        return found[0]

    def value(self, name: str) -> str:
        """What a form would send for this name."""
        fields = [each for each in self.all("input", name=name) if "disabled" not in each]
        for field in fields:
            if field.get("type") in {"radio", "checkbox"} and "checked" not in field:
                continue
            return field.get("value", "")
        return ""

    def problems(self) -> list[str]:
        """Ids of the fields that the error summary leads to, in its order."""
        targets = (each.get("href", "") for each in self.all("a"))
        ids = [each.removeprefix("#") for each in targets if each.startswith("#")]
        return list(dict.fromkeys(each for each in ids if each != "main"))


def home_of(folder: Path, gazetteer: Path, database: Path) -> dict[str, str]:
    """Environment variables of an empty board on SQLite in a new folder."""
    home = folder / "home"
    home.mkdir()
    (home / "gazetteer.sqlite").symlink_to(gazetteer)
    shutil.copy(database, home / "entraide.sqlite")
    return {"ENTRAIDE_HOME": str(home), "SECRET_KEY": SECRET, "BASE_URL": "http://board.test"}


@pytest.fixture
def environment(tmp_path: Path, gazetteer_path: Path, migrated_sqlite: Path) -> dict[str, str]:
    """Environment variables of an empty board on SQLite."""
    return home_of(tmp_path, gazetteer_path, migrated_sqlite)


@pytest.fixture(scope="session")
def untouched_board(
    tmp_path_factory: pytest.TempPathFactory, gazetteer_path: Path, migrated_sqlite: Path
) -> Iterator[Board]:
    """An empty board for the many tests that must leave it empty; mails stay on this machine."""
    folder = tmp_path_factory.mktemp("untouched")
    settings = Settings.from_mapping(home_of(folder, gazetteer_path, migrated_sqlite))
    real = Board.open(settings)
    real.waker.close()
    board = replace(real, waker=FakeWaker())
    yield board
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Listing.id))) == 0
        assert session.scalar(sa.select(sa.func.count(Alert.id))) == 0
    board.close()


@pytest.fixture(scope="session")
def untouched_app(untouched_board: Board) -> Flask:
    """The application over the board that stays empty."""
    return create_app(untouched_board)


@pytest.fixture
def reader(untouched_app: Flask) -> FlaskClient:
    """A browser that asks for English and looks at the board that stays empty."""
    return english(untouched_app)


@pytest.fixture
def vain(reader: FlaskClient) -> Poster:
    """Sends forms that must be refused."""
    return Poster(reader)


def english(app: Flask) -> FlaskClient:
    """A browser that asks for English."""
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def app(board: Board) -> Flask:
    """The application over an empty board."""
    return create_app(board)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that asks for English."""
    return english(app)


def sign_in(client: FlaskClient, member_id: int, second_factor: bool = False) -> str:
    """Sign a member in at this browser, without the mail; returns the token of the session."""
    board: Board = client.application.config["BOARD"]
    with board.db.write() as session:
        token = sessions.open_(session, member_id, second_factor=second_factor)
    client.set_cookie(session_cookie(client.application.config["SETTINGS"]), token)
    return token


def csrf_token(client: FlaskClient, address: str) -> str:
    """The token that the form at this address carries, or where it sends whoever is signed in."""
    page = client.get(address, follow_redirects=True).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, f"no form at {address}"
    return found[1]


REQUEST: dict[str, Any] = {
    "kind": "request",
    "key": "a-key-of-one-form",
    "categories": "groceries",
    "urgency": "3",
    "title": "Courses pour une semaine",
    "text": "Je ne peux pas sortir.",
    "place": "Douala",
    "reach": "local",
    "radius_km": "10",
    "languages": ["fr", ""],
    "email": "poster@example.org",
    "notify": "1",
    "health": "1",
}

ALERT: dict[str, Any] = {
    "where": "place",
    "place": "Douala",
    "radius_km": "15",
    "kinds": ["request"],
    "least_urgency": "0",
    "languages": [""],
    "email": "volunteer@example.org",
}


class Poster:
    """Fills forms in as a browser without script would."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def listing(self, **changes: Any) -> TestResponse:
        """Send the form of a listing, by default a good request."""
        kind = changes.get("kind", "request")
        address = f"/listings/new?kind={kind}"
        blank = Page(self.client.get(address).text)
        data = {**REQUEST, "starts_on": blank.value("starts_on"), "ends_on": blank.value("ends_on")}
        return self._send("/listings", blank, {**data, **changes})

    def alert(self, **changes: Any) -> TestResponse:
        """Send the form of an alert, by default a good one."""
        blank = Page(self.client.get("/alerts/new").text)
        return self._send("/alerts", blank, {**ALERT, **changes})

    def _send(self, address: str, blank: Page, data: dict[str, Any]) -> TestResponse:
        given = {name: value for name, value in data.items() if value is not None}
        return self.client.post(address, data={"csrf_token": blank.value("csrf_token"), **given})


@pytest.fixture
def send(client: FlaskClient) -> Poster:
    """Sends forms."""
    return Poster(client)
