"""My space: one's own listings, alerts, profile and blocks, and nobody else's."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import inbox, listings, members, outcomes, profiles
from board.context import Board
from board.conversations import Seat, Side
from board.errors import Unavailable
from board.outcomes import Action
from tests.factories import AKWA, INLAND, Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, csrf_token, sign_in

OWNER, OTHER = "owner@example.org", "other@example.org"


@pytest.fixture
def owner(client: FlaskClient, make: Factory) -> int:
    """The member who is signed in."""
    member_id = make.member(email=OWNER)
    sign_in(client, member_id)
    return member_id


def press(client: FlaskClient, address: str, **typed: Any) -> TestResponse:
    """Send a form of one's own space."""
    return client.post(address, data={"csrf_token": csrf_token(client, "/me"), **typed})


def test_a_guest_s_listings_and_alerts_are_there_at_the_first_sign_in(
    client: FlaskClient, make: Factory, owner: int
) -> None:
    """What was posted with the address before, open or over; nothing of others."""
    view = make.open(email=OWNER, title="Mine")
    make.open(email=OTHER, title="Not mine")
    make.alert(email=OWNER)
    page = Page(client.get("/me").text)
    shown = page.texts["main"][0]
    assert "Mine" in shown
    assert "Not mine" not in shown
    assert "10 km around Douala" in shown
    assert page.all("a", href=f"/listings/{view.public_id}")


def test_a_listing_says_who_answered_and_who_matches(
    client: FlaskClient, board: Board, make: Factory, owner: int
) -> None:
    """With where each answer stands, what is unread, and why who matches does."""
    view = make.open(email=OWNER)
    assert "Nobody yet." in client.get("/me").text
    offer = make.offer(title="Je fais vos courses")
    seat = make.answered(view, text="Demain ?")
    page = Page(client.get("/me").text)
    assert page.all("a", href=f"/listings/{offer.public_id}")
    shown = page.texts["main"][0]
    assert "Who can help" in shown
    assert "same category" in shown
    assert "One answer" in shown
    assert "One new message" in shown
    (listed,) = inbox.of_member(board, owner)
    assert page.all("a", href=f"/conversations/{listed.public_id}")
    assert "Waits for your decision" in shown
    for action in (Action.ACCEPT, Action.DONE):
        outcomes.decide(board, Seat(seat.conversation_id, Side.POSTER), action)
    press(client, f"/me/listings/{view.public_id}/close")
    after = Page(client.get("/me").text)
    assert "Done" in after.texts["main"][0]
    assert not after.all("a", href=f"/listings/{offer.public_id}")


def test_the_page_is_there_without_the_engine(
    client: FlaskClient, make: Factory, owner: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who matches cannot be looked up, and everything else can be done."""

    def away(*_: object) -> None:
        raise Unavailable("the engine")

    monkeypatch.setattr("board.matching.LiveIndex.asking", away)
    assert client.get("/me").status_code == 200
    view = make.open(email=OWNER)
    shown = client.get("/me")
    assert shown.status_code == 200
    assert "cannot be looked up right now" in shown.text
    assert press(client, f"/me/listings/{view.public_id}/close").location == "/me"


def test_many_answers_are_read_at_once(
    client: FlaskClient, board: Board, make: Factory, owner: int
) -> None:
    """The page asks the database no more often for ten than for one."""
    view = make.open(email=OWNER)
    asked: list[str] = []
    engine = board.db.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    # The first look finds out what later ones know.
    client.get("/me")
    for answers in (1, 9):
        for _ in range(answers):
            make.answered(view)
        asked.clear()
        assert client.get("/me").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_alerts_are_drawn_as_areas(client: FlaskClient, make: Factory, owner: int) -> None:
    """The hexagon of each with its distance, or what was drawn; never a point."""
    far = {"cell": None, "radius_km": None}
    make.alert(email=OWNER, remote=True, **far)
    assert "data-shapes" not in client.get("/me").text
    make.alert(email=OWNER, radius_km=25.0)
    make.alert(email=OWNER, area=INLAND, **far)
    (box,) = (each for each in Page(client.get("/me").text).all("div") if "data-shapes" in each)
    drawn, around = json.loads(box["data-shapes"])
    assert drawn["shape"]["type"] == "Polygon" and "radius_m" not in drawn
    assert (len(around["shape"]["coordinates"][0]), around["radius_m"]) == (7, 25_000)
    assert tuple(around["center"]) == AKWA.center


def test_a_listing_is_changed_on_its_form(
    client: FlaskClient, board: Board, make: Factory, owner: int
) -> None:
    """The form shows what is there; a bad one comes back with what was typed."""
    view = make.open(email=OWNER)
    address = f"/me/listings/{view.public_id}/edit"
    blank = Page(client.get(address).text)
    assert (blank.value("title"), blank.value("urgency")) == (view.title, "3")
    later = (date.fromisoformat(blank.value("ends_on")) + timedelta(days=7)).isoformat()
    good = {"title": "New words", "text": "", "urgency": "1", "ends_on": later}
    for field, bad in (
        ("title", ""),
        ("urgency", "9"),
        ("ends_on", "soon"),
        ("ends_on", "2000-01-01"),
    ):
        answer = press(client, address, **{**good, field: bad})
        assert answer.status_code == 422
        assert field in Page(answer.text).problems()
    assert listings.get(board, view.public_id) == view
    assert press(client, address, **good).location == "/me"
    changed = listings.get(board, view.public_id)
    assert (changed.title, changed.urgency) == ("New words", 1)
    # The last day is one at the place of the listing.
    assert timedelta(days=6) < changed.ends_at - view.ends_at < timedelta(days=8)


def test_an_unchanged_day_keeps_the_very_end(
    client: FlaskClient, board: Board, make: Factory, owner: int
) -> None:
    """Mending a word does not move the end."""
    view = make.open(email=OWNER)
    address = f"/me/listings/{view.public_id}/edit"
    ends_on = Page(client.get(address).text).value("ends_on")
    press(client, address, title="Mended", text="", urgency="3", ends_on=ends_on)
    assert listings.get(board, view.public_id).ends_at == view.ends_at


def test_buttons_extend_and_take_down(
    client: FlaskClient, board: Board, make: Factory, owner: int
) -> None:
    """Each is one press."""
    view = make.open(email=OWNER)
    address = f"/me/listings/{view.public_id}"
    assert press(client, f"{address}/extend").location == "/me"
    assert listings.get(board, view.public_id).ends_at == view.ends_at + timedelta(days=14)
    assert press(client, f"{address}/close").location == "/me"
    assert listings.get(board, view.public_id).state == "closed"
    assert press(client, f"{address}/extend").status_code == 404


def test_an_alert_is_ended(client: FlaskClient, make: Factory, owner: int) -> None:
    """It is gone from the page."""
    make.alert(email=OWNER)
    action = [
        f["action"] for f in Page(client.get("/me").text).all("form") if "/alerts/" in f["action"]
    ]
    assert len(action) == 1
    assert press(client, action[0]).location == "/me/preferences#own-alerts"
    assert "You have no alert." in client.get("/me").text
    assert press(client, action[0]).status_code == 404


def test_the_profile_is_kept_or_given_back(client: FlaskClient, board: Board, owner: int) -> None:
    """Name, languages, zone and what one can help with."""
    assert Page(client.get("/me/profile").text).texts["h1"] == ["Your profile"]
    typed = {
        "display_name": "Aïcha",
        "languages": ["fr", "ar"],
        "time_zone": "Africa/Douala",
        "helps_with": ["groceries"],
    }
    assert press(client, "/me/profile", **{**typed, "time_zone": "Mars"}).status_code == 422
    assert press(client, "/me/profile", **typed).location == "/me/profile"
    found = profiles.get(board, owner)
    assert (found.display_name, found.languages) == ("Aïcha", ("fr", "ar"))
    assert Page(client.get("/me/profile").text).value("display_name") == "Aïcha"


def test_a_place_of_the_profile_is_found_and_forgotten(
    client: FlaskClient, board: Board, owner: int
) -> None:
    """Through the field that every form has, without script."""
    address = "/me/profile/here"
    assert press(client, address, place="Nowhere at all").status_code == 422
    assert press(client, address, place="Saint-Denis").status_code == 422
    assert press(client, address, place="Douala").location == "/me/profile"
    assert profiles.get(board, owner).here == "Douala"
    assert "Douala" in client.get("/me/profile").text
    assert press(client, address, step="forget").location == "/me/profile"
    assert profiles.get(board, owner).here == ""
    assert client.get("/me/profile/everywhere").status_code == 404


def test_somebody_is_blocked_and_unblocked(
    client: FlaskClient, board: Board, make: Factory, owner: int
) -> None:
    """From the page of a listing, which is then gone for both, and back from the list."""
    view = make.open(email=OTHER, title="From somebody")
    address = f"/listings/{view.public_id}"
    assert f"{address}/block" in client.get(address).text
    assert client.get(f"{address}/block").status_code == 200
    assert press(client, f"{address}/block").location == "/me/blocked"
    gone = ("/listings", "/", "/listings?place=2232593", "/listings.geojson")
    assert client.get(address).status_code == 404
    assert all("From somebody" not in client.get(each).text for each in gone)
    page = Page(client.get("/me/blocked").text)
    (action,) = [f["action"] for f in page.all("form") if f["action"].endswith("/end")]
    assert press(client, action).location == "/me/blocked"
    assert client.get(address).status_code == 200
    assert all("From somebody" in client.get(each).text for each in gone)
    assert press(client, action).status_code == 404


def test_a_guest_and_the_own_listing_have_no_block(
    client: FlaskClient, board: Board, make: Factory, owner: int
) -> None:
    """Oneself cannot be blocked; guests see no link."""
    view = make.open(email=OWNER)
    assert press(client, f"/listings/{view.public_id}/block").status_code == 404
    client.delete_cookie("entraide-session")
    assert "/block" not in client.get(f"/listings/{view.public_id}").text
    assert client.get(f"/listings/{view.public_id}/block").status_code == 303


def test_the_mailed_link_opens_a_form(
    client: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """A guest changes a listing: looking and a refused form use nothing up, success does."""
    view = make.open(email=OWNER)
    work_off(board)
    lines = smtp.to(OWNER)[-1].get_content().splitlines()
    edit = [line.partition("board.test")[2] for line in lines if "/links/" in line][1]
    blank = Page(client.get(edit).text)
    client.head(edit)
    typed = {name: blank.value(name) for name in ("csrf_token", "urgency", "ends_on")}
    answer = client.post(edit, data={**typed, "title": "", "text": ""})
    assert answer.status_code == 422
    assert "title" in Page(answer.text).problems()
    answer = client.post(edit, data={**typed, "title": "By a guest", "text": ""})
    assert answer.status_code == 200
    assert listings.get(board, view.public_id).title == "By a guest"
    assert client.get(edit).status_code == 410
    with board.db.read() as session:
        assert members.by_email(session, OWNER) is not None
