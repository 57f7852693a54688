"""The settings of alerts, for members and by the signed link of a mail."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import own_alerts, preferences
from board.alerts import Alert
from board.context import Board
from board.db import now
from tests.factories import INLAND, Factory
from tests.web.conftest import Page, csrf_token, sign_in

FORM = {
    "by_email": "1",
    "most_a_week": "5",
    "time_zone": "Europe/Paris",
    "quiet_from": "22:00",
    "quiet_to": "07:30",
    "paused_until": "",
}
ALERT = {
    "where": "place",
    "place": "Douala",
    "radius_km": "15",
    "kinds": ["request", "offer"],
    "least_urgency": "1",
    "rhythm": "daily",
    "languages": [""],
}


@pytest.fixture
def member_id(make: Factory) -> int:
    """Somebody with an alert."""
    make.alert(email="volunteer@example.org")
    return make.member("somebody@example.org")


@pytest.fixture(params=["signed in", "by link"])
def door(
    request: pytest.FixtureRequest, client: FlaskClient, board: Board, member_id: int
) -> tuple[str, str]:
    """Addresses of the settings and of the alerts: the same pages behind two doors."""
    if request.param == "signed in":
        sign_in(client, member_id)
        return "/me/preferences", "/me/alerts"
    with board.db.read() as session:
        token = preferences.settings_token(board, member_id, now(session))
    address = f"/preferences/by-link/{token}"
    return address, f"{address}/alerts"


def press(client: FlaskClient, page: str, address: str, **typed: Any) -> TestResponse:
    """Send a form of this page."""
    return client.post(address, data={"csrf_token": csrf_token(client, page), **typed})


def test_the_settings_are_kept(
    client: FlaskClient, board: Board, member_id: int, door: tuple[str, str]
) -> None:
    """The page shows what is kept, before and after; looking changes nothing."""
    settings, _ = door
    blank = Page(client.get(settings).text)
    assert (blank.value("most_a_week"), blank.value("by_email")) == ("20", "1")
    answer = press(client, settings, settings, **FORM)
    assert (answer.status_code, answer.location) == (303, f"{settings}?saved=1")
    found = preferences.get(board, member_id)
    assert (found.quiet, found.most_a_week, found.urgent_passes) == ((1320, 450), 5, False)
    shown = Page(client.get(settings).text)
    assert (shown.value("quiet_from"), shown.value("quiet_to")) == ("22:00", "07:30")
    assert "by_email" in FORM and shown.value("by_email") == "1"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("quiet_from", "25:00"),
        ("quiet_from", "ten"),
        ("quiet_to", ""),
        ("most_a_week", "0"),
        ("most_a_week", "2.5"),
        ("most_a_week", "many"),
        ("paused_until", "tomorrow"),
        ("paused_until", "2020-01-01"),
        ("time_zone", "Mars"),
    ],
)
def test_what_is_refused_comes_back_as_it_was_typed(
    client: FlaskClient, board: Board, member_id: int, field: str, typed: str
) -> None:
    """The summary leads to the field; nothing is kept."""
    sign_in(client, member_id)
    answer = press(client, "/me/preferences", "/me/preferences", **{**FORM, field: typed})
    page = Page(answer.text)
    assert answer.status_code == 422
    assert page.problems() == [field]
    if field != "time_zone":
        assert page.value(field) == typed
    assert preferences.get(board, member_id) == preferences.Preferences()


def test_alerts_are_added_changed_and_ended(
    client: FlaskClient, board: Board, member_id: int, door: tuple[str, str]
) -> None:
    """Without a mail: the address is known."""
    settings, alerts = door
    answer = press(client, f"{alerts}/new", alerts, **ALERT)
    assert (answer.status_code, answer.location) == (303, f"{settings}#own-alerts")
    (alert,) = own_alerts.all_of(board, member_id)
    assert (alert.place_name, alert.radius_km, alert.rhythm) == ("Douala", 15.0, "daily")
    one = f"{alerts}/{alert.public_id}"
    shown = Page(client.get(one).text)
    assert (shown.value("place"), shown.value("radius_km")) == ("Douala", "15")
    assert shown.value("cell") == alert.cell
    kept = {name: shown.value(name) for name in ("place", "place_for", "cell", "radius_km")}
    assert press(client, one, one, **{**ALERT, **kept, "rhythm": "weekly"}).status_code == 303
    after = own_alerts.get(board, member_id, alert.public_id)
    assert (after.cell, after.place_name, after.rhythm) == (alert.cell, "Douala", "weekly")
    assert "15 km around Douala" in Page(client.get(settings).text).texts["main"][0]
    assert press(client, settings, f"{one}/end").status_code == 303
    assert own_alerts.all_of(board, member_id) == ()


def test_the_same_alert_at_another_place(
    client: FlaskClient, board: Board, member_id: int, door: tuple[str, str]
) -> None:
    """Only the place is asked for; somebody else's alert does not exist."""
    _, alerts = door
    press(client, f"{alerts}/new", alerts, **ALERT)
    (first,) = own_alerts.all_of(board, member_id)
    asked = f"{alerts}/new?like={first.public_id}"
    page = Page(client.get(asked).text)
    assert [page.value(name) for name in ("place", "cell", "radius_km")] == ["", "", "15"]
    chosen = [each["value"] for each in page.all("option") if "selected" in each]
    assert {"1", "daily"} <= set(chosen)
    assert press(client, asked, alerts, **{**ALERT, "place": "Yaoundé"}).status_code == 303
    second, _ = own_alerts.all_of(board, member_id)
    assert (second.place_name, second.kinds) == ("Yaoundé", first.kinds)
    with board.db.read() as session:
        theirs = session.scalar(sa.select(Alert.public_id).where(Alert.member_id != member_id))
    for stranger in (theirs, "AAAAAAAAAAAA", "", "\x00"):
        answer = client.get(f"{alerts}/new", query_string={"like": stranger})
        assert answer.status_code == 404


def test_the_way_to_alerts_leads_a_member_to_the_form_without_an_address(
    client: FlaskClient, make: Factory
) -> None:
    """That of guests waits for a mail."""
    sign_in(client, make.member())
    answer = client.get("/alerts/new")
    assert (answer.status_code, answer.location) == (303, "/me/alerts/new")
    assert not Page(client.get(answer.location).text).all("input", name="email")


def test_an_area_is_drawn_and_shown_again(
    client: FlaskClient, board: Board, member_id: int, door: tuple[str, str]
) -> None:
    """As text here; the map writes the same text."""
    _, alerts = door
    drawn = {**ALERT, "where": "area", "place": "", "area": json.dumps(INLAND)}
    assert press(client, f"{alerts}/new", alerts, **drawn).status_code == 303
    (alert,) = own_alerts.all_of(board, member_id)
    assert alert.area is not None
    page = Page(client.get(f"{alerts}/{alert.public_id}").text)
    assert page.value("where") == "area"
    assert json.loads(page.texts["textarea"][0])["type"] == "Polygon"


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("area", ""),
        ("area", "no polygon"),
        ("area", "[" * 50_000),
        ("area", '{"type": "Polygon", "coordinates": [[[9,4],[9,4.01],[9.01,4],[9,4]]]}'),
        ("area", '{"type": "Polygon", "coordinates": [[[NaN,4],[9,4.01],[9.01,4],[NaN,4]]]}'),
    ],
)
def test_an_area_that_is_none_is_refused(
    client: FlaskClient, board: Board, member_id: int, field: str, typed: str
) -> None:
    """The form comes back, nothing is kept."""
    sign_in(client, member_id)
    drawn = {**ALERT, "where": "area", "area": typed}
    answer = press(client, "/me/alerts/new", "/me/alerts", **drawn)
    assert answer.status_code == 422
    assert Page(answer.text).problems() == [field]
    assert own_alerts.all_of(board, member_id) == ()


def test_a_name_of_several_places_is_asked_about(
    client: FlaskClient, board: Board, member_id: int, door: tuple[str, str]
) -> None:
    """Nothing is guessed, and what was typed stays."""
    _, alerts = door
    answer = press(client, f"{alerts}/new", alerts, **{**ALERT, "place": "Saint-Denis"})
    assert answer.status_code == 422
    assert Page(answer.text).all("input", name="place_id", type="radio")
    assert Page(answer.text).all("form", action=alerts)


@pytest.mark.parametrize("token", ["x", "preferences:1:900000.AAAA", "é"])
def test_a_forged_link_opens_nothing(client: FlaskClient, make: Factory, token: str) -> None:
    """Neither the settings nor an alert; the answer is that of every dead link."""
    make.alert()
    for address in (
        f"/preferences/by-link/{token}",
        f"/preferences/by-link/{token}/alerts/new",
        f"/preferences/by-link/{token}/alerts/AAAAAAAAAAAA",
    ):
        assert client.get(address).status_code == client.get("/links/x").status_code
