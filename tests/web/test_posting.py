"""The form of a listing: what it takes, what it gives back, and how it asks for a place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board import confirmations
from board.context import Board
from board.db import now
from board.listings import Listing
from matcher.place import Place
from matcher.taxonomy import Kind, Reach
from tests.factories import AKWA, Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, Poster, csrf_token, sign_in
from web.guards import session_cookie

NEW = "/listings/new?kind=request"
OFFER = {"kind": "offer", "categories": ["groceries", "errands"], "urgency": "0"}


def stored(board: Board) -> list[Listing]:
    """Every listing in the database, oldest first."""
    with board.db.read() as session:
        return list(session.scalars(sa.select(Listing).order_by(Listing.id)))


def only(board: Board) -> Listing:
    """The one listing that there is."""
    rows = stored(board)
    assert len(rows) == 1
    return rows[0]


class TestGoodForms:
    """What is accepted is stored as it was meant."""

    def test_a_request_is_stored_and_the_poster_sent_to_the_mail(
        self, send: Poster, board: Board
    ) -> None:
        """A good form answers 303 and leaves one pending listing."""
        response = send.listing()
        assert (response.status_code, response.location) == (303, "/listings/sent")
        listing = only(board)
        assert (listing.status, listing.kind) == ("pending", Kind.REQUEST)
        assert listing.title == "Courses pour une semaine"
        assert (listing.country, listing.place_name, listing.radius_m) == ("CM", "Douala", 10_000)
        assert listing.languages == ("fr",)
        assert listing.notify

    def test_the_page_after_it_says_the_same_for_every_address(
        self, send: Poster, client: FlaskClient
    ) -> None:
        """A known and an unknown address lead to one and the same page."""
        send.listing()
        again = send.listing(key="another-key-of-a-form")
        assert again.location == "/listings/sent"
        assert "poster@example.org" not in client.get(again.location).text

    def test_the_code_of_the_mail_publishes_it_in_this_browser(
        self, send: Poster, client: FlaskClient, smtp: MailSink, board: Board
    ) -> None:
        """Typed on the page that says to look at the mail; elsewhere it opens nothing."""
        send.listing()
        work_off(board)
        code = smtp.code("poster@example.org")
        for browser, typed, status in (
            (client.application.test_client(), code, 303),
            (client, "BCDF-2345", 422),
            (client, code, 303),
        ):
            assert only(board).status == "pending"
            data = {"csrf_token": csrf_token(browser, NEW), "code": typed}
            answer = browser.post("/listings/sent", data=data)
            assert answer.status_code == status
            if status == 422:
                assert "code" in Page(answer.text).problems()
        assert "published=1" in (answer.location or "")
        assert "Courses pour une semaine" in client.get(answer.location).text

    def test_what_is_published_already_is_shown_and_not_refused(
        self, send: Poster, client: FlaskClient, smtp: MailSink, board: Board
    ) -> None:
        """Pressed twice, or after the link was opened on another device."""
        send.listing()
        work_off(board)
        confirmations.act(board, smtp.token("poster@example.org"))
        public_id = only(board).public_id
        data = {"csrf_token": csrf_token(client, NEW), "code": "BCDF-2345"}
        for answer in (client.get("/listings/sent"), client.post("/listings/sent", data=data)):
            assert answer.location == f"/listings/{public_id}?published=1"

    def test_a_right_code_for_what_can_no_longer_be_opened_says_why(
        self, send: Poster, client: FlaskClient, smtp: MailSink, board: Board
    ) -> None:
        """As the link does: its time is over."""
        send.listing()
        work_off(board)
        with board.db.write() as session:
            moment = now(session)
            session.execute(
                sa.update(Listing).values(
                    starts_at=moment - timedelta(days=9), ends_at=moment - timedelta(minutes=1)
                )
            )
        code = smtp.code("poster@example.org")
        data = {"csrf_token": csrf_token(client, "/listings/sent"), "code": code}
        answer = client.post("/listings/sent", data=data)
        assert answer.status_code == 410
        assert only(board).status == "pending"

    def test_who_has_posted_nothing_has_no_code_to_type(
        self, client: FlaskClient, board: Board
    ) -> None:
        """The page says to look at the mail, without a field that could only refuse."""
        page = Page(client.get("/listings/sent").text)
        assert "Look at your mail" in page.texts["main"][0]
        assert not page.all("input", name="code")

    def test_the_mailed_link_publishes_it(
        self, send: Poster, client: FlaskClient, board: Board, smtp: MailSink
    ) -> None:
        """From the form through the mail to the page of the listing."""
        send.listing()
        work_off(board)
        token = smtp.token("poster@example.org")
        shown = Page(client.get(f"/links/{token}").text)
        data = {"csrf_token": shown.value("csrf_token")}
        done = client.post(f"/links/{token}", data=data)
        assert done.status_code == 303
        page = client.get(done.location)
        assert page.status_code == 200
        assert "Courses pour une semaine" in page.text

    def test_an_offer_has_several_categories(self, send: Poster, board: Board) -> None:
        """Checkboxes of an offer are all kept."""
        assert send.listing(**OFFER).status_code == 303
        assert only(board).kind == Kind.OFFER

    @pytest.mark.parametrize(
        ("reach", "expected"),
        [("country", Reach.COUNTRY), ("language", Reach.LANGUAGE), ("world", Reach.WORLD)],
    )
    def test_remote_help_needs_no_radius(
        self, send: Poster, board: Board, reach: str, expected: Reach
    ) -> None:
        """A remote reach ignores what stands in the field of the radius."""
        assert send.listing(reach=reach, radius_km="not a number").status_code == 303
        assert only(board).reach == expected

    @pytest.mark.parametrize(
        ("changes", "places"),
        [
            ({}, 1),
            ({"places_needed": "4"}, 4),
            ({"places_needed": " 50 "}, 50),
            ({"kind": "offer", "categories": ["groceries"]}, 3),
            ({"kind": "offer", "categories": ["groceries"], "places_needed": "1"}, 1),
        ],
    )
    def test_places_are_those_of_the_form(
        self, send: Poster, board: Board, changes: dict[str, Any], places: int
    ) -> None:
        """A form without the question means what the page proposes."""
        assert send.listing(**changes).status_code == 303
        assert only(board).places_needed == places

    def test_worldwide_help_needs_no_place(self, send: Poster, board: Board) -> None:
        """A remote listing may be from nowhere."""
        assert send.listing(reach="world", place="").status_code == 303
        assert only(board).cell is None

    def test_days_are_those_of_the_place(self, send: Poster, board: Board) -> None:
        """A listing in Douala (UTC+1) begins and ends at midnight there."""
        send.listing()
        listing = only(board)
        assert (listing.starts_at.hour, listing.ends_at.hour) == (23, 23)

    def test_a_box_not_ticked_is_off(self, send: Poster, board: Board) -> None:
        """Without the tick nobody is written to."""
        send.listing(notify=None)
        assert not only(board).notify

    def test_sending_twice_stores_once(self, send: Poster, board: Board) -> None:
        """The hidden key makes the second press harmless."""
        assert send.listing().status_code == send.listing().status_code == 303
        only(board)

    def test_a_key_with_other_content_is_a_conflict_that_keeps_the_text(
        self, send: Poster, board: Board
    ) -> None:
        """409, the form with what was typed, and a fresh key to send it with."""
        send.listing()
        response = send.listing(title="Another title")
        page = Page(response.text)
        assert response.status_code == 409
        assert page.value("title") == "Another title"
        assert page.value("key") not in ("", "a-key-of-one-form")
        assert send.listing(title="Another title", key=page.value("key")).status_code == 303


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no category", {"categories": None}, "categories"),
    ("unknown category", {"categories": "treasure"}, "categories"),
    ("two categories of a request", {"categories": ["groceries", "pets"]}, "categories"),
    (
        "six categories of an offer",
        {**OFFER, "categories": ["groceries", "pets", "meals", "errands", "jobs", "legal"]},
        "categories",
    ),
    ("no urgency", {"urgency": None}, "urgency"),
    ("urgency 4", {"urgency": "4"}, "urgency"),
    ("urgency true", {"urgency": "true"}, "urgency"),
    ("no title", {"title": "  "}, "title"),
    ("title too long", {"title": "x" * 121}, "title"),
    ("title with NUL", {"title": "a\x00b"}, "title"),
    ("title with a direction override", {"title": "abc\u202edef"}, "title"),
    ("title of two lines", {"title": "one\ntwo"}, "title"),
    ("text too long", {"text": "x" * 4001}, "text"),
    ("text with NUL", {"text": "a\x00b"}, "text"),
    ("text with an isolate", {"text": "\u2066abc"}, "text"),
    ("radius NaN", {"radius_km": "NaN"}, "radius_km"),
    ("radius infinite", {"radius_km": "inf"}, "radius_km"),
    ("radius ∞", {"radius_km": "∞"}, "radius_km"),
    ("radius with underscore", {"radius_km": "1_0"}, "radius_km"),
    ("radius in Arabic digits", {"radius_km": "١٠"}, "radius_km"),
    ("radius negative", {"radius_km": "-1"}, "radius_km"),
    ("radius too large", {"radius_km": "201"}, "radius_km"),
    ("radius overflowing", {"radius_km": "1e999"}, "radius_km"),
    ("no radius", {"radius_km": ""}, "radius_km"),
    ("unknown reach", {"reach": "moon"}, "reach"),
    ("no reach", {"reach": None}, "reach"),
    ("no place", {"place": ""}, "place"),
    ("unknown place", {"place": "Zzyzxqwv"}, "place"),
    ("place too long", {"place": "x" * 121}, "place"),
    ("place with NUL", {"place": "Dou\x00ala"}, "place"),
    ("same country without a place", {"reach": "country", "place": ""}, "place"),
    ("same language without one", {"reach": "language", "languages": [""]}, "languages"),
    ("a cell that is none", {"cell": "zzz"}, "place"),
    ("a cell of zeros", {"cell": "000000000000000"}, "place"),
    ("a cell too coarse", {"cell": Place.at(4, 9.7, 2).hex}, "place"),
    ("coordinates for a cell", {"cell": "91,9.7"}, "place"),
    ("a place id that is none", {"place_id": "1_0"}, "place"),
    ("a place id too large", {"place_id": "9" * 30}, "place"),
    ("a place id in Arabic digits", {"place_id": "٢٢"}, "place"),
    ("unknown precision", {"precision": "12"}, "place"),
    ("a day that is none", {"starts_on": "2026-02-30"}, "starts_on"),
    ("a day in words", {"ends_on": "tomorrow"}, "ends_on"),
    ("a day in Arabic digits", {"ends_on": "٢٠٢٦-١٢-٠١"}, "ends_on"),
    ("a day as a week", {"starts_on": "2026-W48-7"}, "starts_on"),
    ("the first day of all", {"starts_on": "0001-01-01"}, "starts_on"),
    ("the last day of all", {"ends_on": "9999-12-31"}, "ends_on"),
    (
        "an end before the beginning",
        {"starts_on": "2099-02-02", "ends_on": "2099-02-01"},
        "ends_on",
    ),
    ("an end in the past", {"starts_on": "2001-02-02", "ends_on": "2001-03-01"}, "ends_on"),
    ("unknown language", {"languages": ["xx"]}, "languages"),
    *(
        (f"{typed!r} people", {"places_needed": typed}, "places_needed")
        for typed in ("0", "51", "1.5", "-1", "two", "", "٣", "1" * 400)
    ),
    ("no address", {"email": ""}, "email"),
    ("no e-mail address", {"email": "poster"}, "email"),
    ("two e-mail addresses", {"email": "a@example.org, b@example.org"}, "email"),
    ("an address with a header", {"email": "a@example.org\r\nBcc: b@example.org"}, "email"),
]


@pytest.mark.parametrize(
    ("changes", "field"), [(row[1], row[2]) for row in BAD], ids=[row[0] for row in BAD]
)
def test_bad_input_names_its_field_and_writes_nothing(
    vain: Poster, untouched_board: Board, changes: dict[str, Any], field: str
) -> None:
    """422, a link to the field in the summary, and no row."""
    response = vain.listing(**changes)
    page = Page(response.text)
    assert response.status_code == 422
    assert field in page.problems()
    assert (
        page.all("input", id=field)
        or page.all("textarea", id=field)
        or page.all("select", id=field)
    )
    assert stored(untouched_board) == []


def test_what_was_typed_is_given_back(vain: Poster) -> None:
    """A refused form loses nothing, not even what was wrong."""
    typed = {
        "title": 'He said "help" <now>',
        "radius_km": "1_0",
        "place": "Douala",
        "email": "a@example.org, b@example.org",
        "starts_on": "2026-13-01",
        "key": "the-key-that-was-given",
    }
    response = vain.listing(**typed, text="First line\n<b>second</b>", reach="world")
    page = Page(response.text)
    assert {name: page.value(name) for name in typed} == typed
    assert page.texts["textarea"][0].strip() == "First line\n<b>second</b>"
    assert page.value("reach") == "world"
    assert page.value("categories") == "groceries"
    assert page.value("urgency") == "3"
    assert page.value("languages") == "fr"


def test_every_problem_is_told_at_once(vain: Poster) -> None:
    """Nobody has to send the form five times to hear of five mistakes."""
    response = vain.listing(
        title="", categories=None, email="", place="Zzyzxqwv", radius_km="x", ends_on=""
    )
    named = Page(response.text).problems()
    assert named == ["categories", "title", "place", "radius_km", "ends_on", "email"]


class TestMembers:
    """Who is signed in is asked for no address and waits for no mail."""

    def test_a_listing_is_on_the_board_at_once(
        self, client: FlaskClient, send: Poster, make: Factory
    ) -> None:
        """The answer leads to its page."""
        sign_in(client, make.member("poster@example.org"))
        form = Page(client.get("/listings/new?kind=request").text)
        assert not form.all("input", name="email") and not form.all("altcha-widget")
        response = send.listing(email=None)
        assert response.status_code == 303 and response.location.endswith("?published=1")
        assert "Your listing is on the board." in client.get(response.location).text
        assert send.listing(email=None).location == response.location

    def test_what_is_held_says_so(self, client: FlaskClient, send: Poster, make: Factory) -> None:
        """And nobody is sent to a mail that does not come; the next guest is."""
        sign_in(client, make.member("poster@example.org"))
        response = send.listing(email=None, categories="childcare")
        assert response.location == "/listings/sent"
        page = client.get("/listings/sent").text
        assert "Somebody looks at it first" in page and "Look at your mail" not in page
        client.delete_cookie(session_cookie(client.application.config["SETTINGS"]))
        send.listing(key="another-key-of-a-form")
        assert "Look at your mail" in client.get("/listings/sent").text


class TestPlaces:
    """How the form asks for a place without script."""

    def test_a_name_of_several_places_comes_back_as_a_question(
        self, send: Poster, board: Board
    ) -> None:
        """Candidates as radio buttons; choosing one and sending again posts."""
        response = send.listing(place="Saint-Denis")
        page = Page(response.text)
        candidates = page.all("input", type="radio", name="place_id")
        assert response.status_code == 422
        assert len(candidates) > 1
        chosen = candidates[1]["value"]
        again = send.listing(place="Saint-Denis", place_for="Saint-Denis", place_id=chosen)
        assert again.status_code == 303
        assert only(board).cell is not None

    def test_a_choice_made_for_another_text_is_forgotten(self, send: Poster, board: Board) -> None:
        """Typing another name over a chosen place looks the new name up."""
        marseille = "2995469"
        response = send.listing(place="Douala", place_for="Marseille", place_id=marseille)
        assert response.status_code == 303
        assert only(board).country == "CM"

    def test_a_cell_is_kept_no_finer_than_it_may_be(self, send: Poster, board: Board) -> None:
        """A position of the device arrives as a cell of 8; a finer one is coarsened."""
        lat, lng = AKWA.center
        send.listing(place="", cell=Place.at(lat, lng, 11).hex)
        assert Place(only(board).cell or 0).resolution == 8

    @pytest.mark.parametrize(
        ("changes", "resolution"),
        [
            ({"categories": "medicine"}, 7),
            ({"precision": "6"}, 6),
            ({"precision": "5"}, 5),
            ({"precision": "7"}, 7),
        ],
    )
    def test_a_cell_may_be_kept_coarser(
        self, send: Poster, board: Board, changes: dict[str, str], resolution: int
    ) -> None:
        """Sensitive subjects and the poster's wish widen the area."""
        send.listing(place="", cell=AKWA.hex, **changes)
        assert Place(only(board).cell or 0).resolution == resolution

    def test_looking_a_name_up_sends_nothing(self, send: Poster, board: Board) -> None:
        """The step button finds the place, keeps the form and stores nothing."""
        response = send.listing(place="Douala", step="place", email="", title="")
        page = Page(response.text)
        assert response.status_code == 200
        assert page.problems() == []
        assert page.value("place_id")
        assert stored(board) == []

    def test_a_step_without_a_place_says_so(self, send: Poster) -> None:
        """The grid cannot open around nothing."""
        response = send.listing(place="", step="grid")
        assert response.status_code == 422
        assert "place" in Page(response.text).problems()

    def test_the_grid_refines_a_town_without_script(self, send: Poster, board: Board) -> None:
        """The grid opens as a step of the form; its choice is posted like any cell."""
        page = Page(send.listing(place="Douala", step="grid").text)
        hexagons = [each["value"] for each in page.all("input", type="radio", name="cell")]
        assert hexagons[0] == ""
        assert len(hexagons) > 30
        assert page.value("title") == "Courses pour une semaine"
        place = {"place": "Douala", "place_for": "Douala", "place_id": page.value("place_id")}
        assert send.listing(**place, cell=hexagons[5]).status_code == 303
        assert only(board).cell == int(hexagons[5], 16)

    def test_the_whole_place_on_the_grid_keeps_the_town(self, send: Poster, board: Board) -> None:
        """Choosing no hexagon leaves the precision of the name."""
        page = Page(send.listing(place="Douala", step="grid").text)
        send.listing(place="Douala", place_for="Douala", place_id=page.value("place_id"), cell="")
        assert Place(only(board).cell or 0).resolution == 5

    def test_a_chosen_hexagon_survives_a_refusal(self, send: Poster) -> None:
        """The grid comes back with the choice on it."""
        page = Page(send.listing(place="Douala", step="grid").text)
        cell = page.all("input", type="radio", name="cell")[7]["value"]
        refused = send.listing(
            **{"place": "Douala", "place_for": "Douala", "place_id": page.value("place_id")},
            cell=cell,
            email="",
        )
        assert Page(refused.text).value("cell") == cell


@pytest.mark.parametrize("kind", ["treasure", "REQUEST", ""])
def test_an_unknown_kind_is_not_found(reader: FlaskClient, kind: str) -> None:
    """Kinds are those of the taxonomy."""
    assert reader.get(f"/listings/new?kind={kind}").status_code == 404
