"""The form of an alert, and leaving it in one click."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board.alerts import Alert
from board.context import Board
from matcher.place import Place
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, Poster


def only(board: Board) -> Alert:
    """The one alert that there is."""
    with board.db.read() as session:
        return session.scalars(sa.select(Alert)).one()


def status(board: Board, alert_id: int) -> str:
    """Where an alert stands."""
    with board.db.read() as session:
        alert = session.get(Alert, alert_id)
        assert alert is not None
        return alert.status


def test_an_alert_around_a_place_is_stored(send: Poster, board: Board) -> None:
    """303 to the page that says "look at your mail", and one pending alert."""
    response = send.alert(categories=["groceries", "pets"], least_urgency="2", languages=["fr"])
    assert (response.status_code, response.location) == (303, "/alerts/sent")
    alert = only(board)
    assert (alert.status, alert.radius_m, alert.remote) == ("pending", 15_000, False)
    assert (alert.kinds, alert.least_urgency, alert.languages) == (("1",), 2, ("fr",))
    assert len(alert.categories) == 2
    assert alert.place_name == "Douala"


def test_an_alert_on_remote_help_needs_no_place(send: Poster, board: Board) -> None:
    """What stands in the fields of the place is ignored."""
    assert send.alert(where="remote", place="Zzyzxqwv", radius_km="x").status_code == 303
    assert (only(board).remote, only(board).cell) == (True, None)


def test_nothing_chosen_means_everything(send: Poster, board: Board) -> None:
    """Empty questions narrow nothing."""
    send.alert(kinds=None)
    assert (only(board).kinds, only(board).categories, only(board).languages) == ((), (), ())


def test_the_mailed_link_starts_it(
    send: Poster, client: FlaskClient, board: Board, smtp: MailSink
) -> None:
    """GET shows one button, POST starts the alert."""
    send.alert()
    work_off(board)
    address = f"/links/{smtp.token('volunteer@example.org')}"
    page = Page(client.get(address).text)
    assert len(page.all("form")) == len(page.texts["button"]) == 1
    assert only(board).status == "pending"
    done = client.post(address, data={"csrf_token": page.value("csrf_token")})
    assert done.status_code == 200
    assert "Your alert is on." in done.text
    assert only(board).status == "active"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"where": None}, "where"),
        ({"where": "moon"}, "where"),
        ({"place": ""}, "place"),
        ({"place": "Zzyzxqwv"}, "place"),
        ({"place": "Saint-Denis"}, "place_id"),
        ({"cell": "zzz"}, "place"),
        ({"cell": Place.at(4, 9.7, 2).hex}, "place"),
        ({"radius_km": "NaN"}, "radius_km"),
        ({"radius_km": "1_0"}, "radius_km"),
        ({"radius_km": "١٥"}, "radius_km"),
        ({"radius_km": "1"}, "radius_km"),
        ({"radius_km": "201"}, "radius_km"),
        ({"radius_km": ""}, "radius_km"),
        ({"kinds": ["treasure"]}, "kinds"),
        ({"categories": ["treasure"]}, "categories"),
        ({"least_urgency": "4"}, "least_urgency"),
        ({"languages": ["xx"]}, "languages"),
        ({"email": ""}, "email"),
        ({"email": "a@example.org, b@example.org"}, "email"),
        ({"email": "a@example.org\nBcc: b@example.org"}, "email"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(
    vain: Poster, changes: dict[str, Any], field: str
) -> None:
    """422 and a link to the field; that nothing is written is checked at the end of all tests."""
    response = vain.alert(**changes)
    page = Page(response.text)
    assert response.status_code == 422
    assert page.problems() == [field]
    assert page.all("input", id=field) or page.all("select", id=field)


def test_what_was_typed_is_given_back(vain: Poster) -> None:
    """A refused form loses nothing."""
    page = Page(vain.alert(radius_km="1_0", email="no address", least_urgency="2").text)
    assert (page.value("radius_km"), page.value("email")) == ("1_0", "no address")
    assert page.one("option", selected="", value="2")
    assert page.value("kinds") == "request"
    assert page.value("where") == "place"


def test_the_grid_opens_without_script(vain: Poster) -> None:
    """As on the form of a listing."""
    page = Page(vain.alert(step="grid", email="").text)
    assert page.all("input", type="radio", name="cell")
    assert page.problems() == []
