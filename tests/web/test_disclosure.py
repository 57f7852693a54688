"""security.txt: its fields, an end that is never over, and no file where nobody reads reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from board.context import Board
from board.db import now
from board.i18n import LOCALES
from config.settings import Settings, SettingsError
from tests.web.conftest import english
from web.app import create_app

WHERE = "/.well-known/security.txt"


def fields(client: FlaskClient) -> dict[str, str]:
    """The lines of the file by their names, each there once."""
    answer = client.get(WHERE)
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; charset=utf-8"
    pairs = [line.partition(": ")[::2] for line in answer.text.splitlines()]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def public(board: Board, contact: str, base_url: str = "https://board.test") -> FlaskClient:
    """A browser of a site whose operator names this contact."""
    given = {"SECURITY_CONTACT": contact, "ENTRAIDE_HOME": str(board.settings.home)}
    parsed = Settings.from_mapping(given).security_contact
    settings = board.settings.model_copy(update={"security_contact": parsed, "base_url": base_url})
    return english(create_app(replace(board, settings=settings)))


def test_without_a_contact_there_is_no_file(client: FlaskClient) -> None:
    """A file that leads nowhere would be a lie."""
    assert client.get(WHERE).status_code == 404


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("security@board.test", "mailto:security@board.test"),
        ("mailto:security@board.test", "mailto:security@board.test"),
        ("https://board.test/report?a=b", "https://board.test/report?a=b"),
    ],
)
def test_the_file_says_how_to_report(board: Board, contact: str, shown: str) -> None:
    """Contact, languages, its own address and an end within a year."""
    found = fields(public(board, contact))
    assert found["Contact"] == shown
    assert found["Preferred-Languages"].split(", ") == list(LOCALES)
    assert found["Canonical"] == "https://board.test/.well-known/security.txt"
    assert set(found) == {"Contact", "Expires", "Preferred-Languages", "Canonical"}


@pytest.mark.parametrize("years", [0, 3])
def test_the_end_is_never_over(board: Board, years: int) -> None:
    """However long the server has been running: it is in the future, by less than a year."""
    board.db.clock_offset = timedelta(days=365 * years)
    end = datetime.fromisoformat(fields(public(board, "security@board.test"))["Expires"])
    with board.db.read() as session:
        moment = now(session)
    assert moment + timedelta(days=30) < end < moment + timedelta(days=365)


def test_without_https_the_file_does_not_name_its_address(board: Board) -> None:
    """The format takes https alone."""
    assert "Canonical" not in fields(public(board, "security@board.test", "http://board.test"))


@pytest.mark.parametrize(
    "contact",
    [
        "nobody",
        "a@b, c@d",
        "a@b\nExpires: never",
        "http://board.test/",
        "https://",
        "tel:117",
        "a b@c",
    ],
)
def test_a_contact_that_nobody_can_use_is_refused(contact: str) -> None:
    """At the start, by the name of the variable."""
    with pytest.raises(SettingsError, match=r"SECURITY_CONTACT.*accepted"):
        Settings.from_mapping({"SECURITY_CONTACT": contact})
