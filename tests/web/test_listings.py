"""The list with its filters, and the page of one listing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from board.context import Board
from board.db import now
from matcher.place import Place
from matcher.taxonomy import Reach
from tests.factories import AKWA, BONAPRISO, MARSEILLE, Factory
from tests.web.conftest import Page

DOUALA = "2232593"
MARSEILLE_FORM: dict[str, Any] = {
    "cell": MARSEILLE.cell,
    "country": "FR",
    "place_name": "Marseille",
}


def titles(html: str) -> list[str]:
    """Titles of the listings of a page, in order."""
    return [text.strip() for text in Page(html).texts.get("h3", [])]


class TestList:
    """What the list shows."""

    def test_an_empty_board_says_what_to_do(self, reader: FlaskClient) -> None:
        """Ways on instead of nothing."""
        html = reader.get("/listings").text
        assert "The board is empty." in html
        assert Page(html).all("a", href="/alerts/new")

    def test_pending_listings_are_seen_by_nobody(self, client: FlaskClient, make: Factory) -> None:
        """Neither list, map nor page shows what is not confirmed."""
        public_id = make.pending(title="Not confirmed")
        assert "Not confirmed" not in client.get("/listings").text
        assert client.get("/listings.geojson").json == {
            "type": "FeatureCollection",
            "features": [],
            "shown": 0,
            "total": 0,
        }
        assert client.get(f"/listings/{public_id}").status_code == 404

    def test_the_newest_come_first_without_a_place(
        self, client: FlaskClient, make: Factory
    ) -> None:
        """Order of the plain list."""
        make.open(title="First")
        make.open(title="Second")
        assert titles(client.get("/listings").text) == ["Second", "First"]

    def test_the_nearest_come_first_with_a_place(self, client: FlaskClient, make: Factory) -> None:
        """Order around a cell, with distances in words."""
        make.open(title="Near", cell=AKWA.cell)
        make.open(title="Three kilometres", cell=BONAPRISO.cell)
        make.open(title="Far", **MARSEILLE_FORM)
        html = client.get(f"/listings?cell={AKWA.hex}&radius_km=10").text
        assert titles(html) == ["Near", "Three kilometres"]
        assert "3 km" in html.replace("\u202f", " ").replace("\xa0", " ")

    @pytest.mark.parametrize(
        ("browser", "place", "written"),
        [
            ("fr", "Marseille, France", ""),
            ("en", "Marseille, France", "written in: French"),
            ("ar", "مرسيلية، فرنسا", "مكتوب بـ: \u2068الفرنسية\u2069"),
            ("pt", "Marseille, França", "escrito em: Francês"),
        ],
    )
    def test_a_place_and_a_language_are_named_in_that_of_the_reader(
        self, client: FlaskClient, make: Factory, browser: str, place: str, written: str
    ) -> None:
        """On its card and its page; a text in another language says so."""
        view = make.open(locale="fr", **MARSEILLE_FORM)
        headers = {"Accept-Language": browser}
        card = client.get("/listings", headers=headers).text
        page = client.get(f"/listings/{view.public_id}", headers=headers).text
        assert place in card and place in page
        if written:
            assert written in card and written.rpartition(": ")[2].strip("\u2068\u2069") in page
        else:
            assert "écrit en" not in card

    @pytest.mark.parametrize(
        ("browser", "said"),
        [
            ("en-GB", "1.9 mi"),
            ("en-IE", "3 km"),
            ("fr-FR,en-GB;q=0.5", "3 km"),
            ("fr-US", "1,9 mi"),
            ("pt-XK", "3 km"),
        ],
    )
    def test_distances_in_miles_for_those_who_measure_so(
        self, client: FlaskClient, make: Factory, browser: str, said: str
    ) -> None:
        """By the country that the browser names beside the language of the page."""
        make.open(title="Three kilometres", cell=BONAPRISO.cell)
        headers = {"Accept-Language": browser}
        html = client.get(f"/listings?cell={AKWA.hex}&radius_km=10", headers=headers).text
        assert said in html.replace("\u202f", " ").replace("\xa0", " ")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("kind=request", ["Request"]),
            ("kind=offer", ["Offer"]),
            ("category=errands", ["Offer"]),
            ("urgency=2", ["Request"]),
            ("q=REQUE", ["Request"]),
            ("q=nothing+of+the+kind", []),
            (f"place={DOUALA}", ["Request", "Offer"]),
            ("near=Douala", ["Request", "Offer"]),
            (f"place={DOUALA}&near=Douala&kind=offer", ["Offer"]),
            (f"place={DOUALA}&near=Marseille", []),
            (f"place={DOUALA}&near=", ["Request", "Offer"]),
            ("kind=&category=&urgency=&q=&near=&place=&cell=", ["Request", "Offer"]),
        ],
    )
    def test_filters_narrow_the_list(
        self, client: FlaskClient, make: Factory, query: str, expected: list[str]
    ) -> None:
        """Each filter alone and some together."""
        make.open(title="Request")
        make.offer(title="Offer")
        response = client.get(f"/listings?{query}")
        assert response.status_code == 200
        assert sorted(titles(response.text)) == sorted(expected)

    def test_a_name_of_several_places_offers_a_choice(self, reader: FlaskClient) -> None:
        """Each candidate is a link that keeps the other filters."""
        page = Page(reader.get("/listings?near=Saint-Denis&kind=offer&radius_km=40").text)
        links = [
            parse_qs(urlsplit(each["href"]).query) for each in page.all("a", **{"class": "tile"})
        ]
        assert len(links) > 1
        assert all(each["kind"] == ["offer"] and each["radius_km"] == ["40"] for each in links)
        assert len({each["place"][0] for each in links}) == len(links)

    def test_pages_follow_each_other_and_keep_the_filter(
        self, client: FlaskClient, make: Factory
    ) -> None:
        """Twenty a page; next and previous keep what was asked."""
        for number in range(21):
            make.open(title=f"Number {number}")
        first = client.get("/listings?kind=request").text
        following = Page(first).one("a", rel="next")["href"]
        assert parse_qs(urlsplit(following).query) == {"kind": ["request"], "page": ["2"]}
        second = client.get(following).text
        assert titles(second) == ["Number 0"]
        assert "21 listings" in second
        assert not Page(second).all("a", rel="next")
        assert Page(second).all("a", rel="prev")

    BAD = (
        ("kind=treasure", "kind"),
        ("category=treasure", "category"),
        ("urgency=4", "urgency"),
        ("urgency=1_0", "urgency"),
        ("urgency=٢", "urgency"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=10001", "page"),
        ("page=NaN", "page"),
        (f"place={DOUALA}&radius_km=NaN", "radius_km"),
        (f"place={DOUALA}&radius_km=1_0", "radius_km"),
        (f"place={DOUALA}&radius_km=0", "radius_km"),
        (f"place={DOUALA}&radius_km=501", "radius_km"),
        (f"place={DOUALA}&radius_km=١٠", "radius_km"),
        ("place=0", "near"),
        ("place=zzz", "near"),
        ("cell=zzz", "near"),
        ("cell=91,9.7", "near"),
        ("cell=000000000000000", "near"),
        ("near=Zzyzxqwv", "near"),
        ("near=" + "x" * 200, "near"),
        ("near=%E2%80%AEabc", "near"),
        ("near=a%00b", "near"),
        ("q=" + "x" * 101, "q"),
        ("q=a%00b", "q"),
        ("q=%E2%80%AEabc", "q"),
    )

    @pytest.mark.parametrize(("query", "field"), BAD)
    def test_a_bad_filter_names_its_field(
        self, reader: FlaskClient, query: str, field: str
    ) -> None:
        """400, the field in the summary, no list that would pretend to be the answer."""
        response = reader.get(f"/listings?{query}")
        page = Page(response.text)
        assert response.status_code == 400
        assert page.problems() == [field]
        assert not page.all("article")
        on_map = reader.get(f"/listings.geojson?{query}")
        assert on_map.status_code == 400
        assert [each["field"] for each in on_map.json["problems"]] == [field]

    def test_what_was_typed_into_a_filter_stays(self, reader: FlaskClient) -> None:
        """A refused filter is given back as it was."""
        page = Page(reader.get(f"/listings?place={DOUALA}&radius_km=1_0&q=riz").text)
        assert (page.value("radius_km"), page.value("q"), page.value("near")) == (
            "1_0",
            "riz",
            "Douala",
        )

    @pytest.mark.parametrize("query", ["utm_source=mail", "page=1&page=x", "kind=offer&kind=x"])
    def test_what_is_not_a_filter_is_left_alone(self, reader: FlaskClient, query: str) -> None:
        """Only the first value of a name counts, and other names do not."""
        assert reader.get(f"/listings?{query}").status_code == 200

    def test_looking_changes_nothing(self, client: FlaskClient, make: Factory) -> None:
        """Reading twice gives the same answer."""
        view = make.open()
        addresses = ("/listings", f"/listings/{view.public_id}", "/listings.geojson")
        first = [client.get(address).data for address in addresses]
        assert [client.get(address).data for address in addresses] == first


class TestInformation:
    """Official information comes first where it is about the reader's place."""

    @pytest.fixture
    def consulate(self, make: Factory) -> str:
        office = make.organisation("A consulate")
        return make.information(office, title="Open on Saturday").public_id

    def test_it_leads_the_list_of_a_place_it_covers(
        self, client: FlaskClient, make: Factory, consulate: str
    ) -> None:
        """Before what people post, with its organisation."""
        make.open(title="Request")
        html = client.get(f"/listings?place={DOUALA}").text
        assert titles(html)[:2] == ["Open on Saturday", "Request"]
        assert "A consulate" in html

    def test_it_is_not_shown_elsewhere(self, client: FlaskClient, consulate: str) -> None:
        """A reader in Marseille does not see that of Cameroon."""
        html = client.get(f"/listings?cell={MARSEILLE.hex}").text
        assert "Open on Saturday" not in html

    def test_it_comes_before_the_counterparts(
        self, client: FlaskClient, make: Factory, consulate: str
    ) -> None:
        """On the page of a listing too."""
        request = make.open()
        make.offer(title="An offer")
        html = client.get(f"/listings/{request.public_id}").text
        assert titles(html) == ["Open on Saturday", "An offer"]

    def test_its_own_page_has_no_counterparts(self, client: FlaskClient, consulate: str) -> None:
        """Information asks and gives nothing."""
        html = client.get(f"/listings/{consulate}").text
        assert "Cameroon" in html
        assert "Who can help" not in html


class TestOne:
    """The page of one listing."""

    def test_it_shows_what_where_and_until_when(self, client: FlaskClient, make: Factory) -> None:
        """Words, area, dates, languages, badges."""
        view = make.open(title="A title", text="Line one\nLine two", urgency=3)
        html = client.get(f"/listings/{view.public_id}").text
        for part in (
            "A title",
            "Line one\nLine two",
            "Douala, Cameroon",
            "French",
            "Groceries",
            "Request",
            "today",
            "10 km",
        ):
            assert part in html, part

    def test_it_shows_no_contact_and_no_position(self, client: FlaskClient, make: Factory) -> None:
        """No address, and the area as a hexagon, no point."""
        view = make.open(email="secret@example.org")
        page = Page(client.get(f"/listings/{view.public_id}").text)
        html = client.get(f"/listings/{view.public_id}").text
        assert "secret@example.org" not in html
        hexagon = next(each for each in page.all("div") if "data-hexagon" in each)
        assert '"Polygon"' in hexagon["data-hexagon"]

    def test_each_counterpart_comes_with_its_reasons(
        self, client: FlaskClient, make: Factory
    ) -> None:
        """Distance, category and urgency in words, on both sides."""
        request = make.open(title="A request", urgency=3)
        offer = make.offer(title="An offer")
        for own, other in ((request, "An offer"), (offer, "A request")):
            html = client.get(f"/listings/{own.public_id}").text
            assert titles(html) == [other]
            plain = html.replace("\u202f", " ").replace("\xa0", " ")
            assert "3 km · same category · today" in plain

    def test_remote_offers_stand_in_for_near_ones(self, client: FlaskClient, make: Factory) -> None:
        """Second in the order of fallbacks."""
        request = make.open()
        make.offer(title="From afar", reach=Reach.WORLD, **MARSEILLE_FORM)
        html = client.get(f"/listings/{request.public_id}").text
        assert "From far away" in html
        assert titles(html) == ["From afar"]
        assert "remote: worldwide" in html

    def test_the_nearest_beyond_the_radius_is_marked(
        self, client: FlaskClient, make: Factory
    ) -> None:
        """Third in the order of fallbacks."""
        request = make.open(radius_km=1.0)
        make.offer(title="Too far")
        html = client.get(f"/listings/{request.public_id}").text
        assert "farther than the distance asked for" in html
        assert "beyond the radius" in html

    def test_with_nobody_the_reader_can_be_told(self, client: FlaskClient, make: Factory) -> None:
        """Last in the order of fallbacks."""
        html = client.get(f"/listings/{make.open().public_id}").text
        assert "Be told when somebody comes" in html

    def test_an_ended_listing_says_so(
        self, client: FlaskClient, make: Factory, board: Board
    ) -> None:
        """Its page stays, without counterparts; the list drops it."""
        with board.db.read() as session:
            ends_at = now(session) + timedelta(hours=1)
        view = make.open(title="Soon over", ends_at=ends_at)
        board.db.clock_offset = timedelta(days=2)
        html = client.get(f"/listings/{view.public_id}").text
        assert "This listing is over" in html
        assert "Who can help" not in html
        assert "Soon over" not in client.get("/listings").text

    def test_the_page_after_publishing_says_so(self, client: FlaskClient, make: Factory) -> None:
        """The poster lands on the listing with a word on top."""
        address = f"/listings/{make.open().public_id}"
        assert "Your listing is on the board." in client.get(f"{address}?published=1").text
        assert "Your listing is on the board." not in client.get(address).text


class TestGeoJSON:
    """The listings of the map."""

    def test_each_listing_is_the_hexagon_of_its_cell(
        self, client: FlaskClient, make: Factory
    ) -> None:
        """Seven corners, longitude first, and what the popup shows."""
        view = make.open(title="On the map")
        answer = client.get("/listings.geojson")
        assert answer.mimetype == "application/geo+json"
        (feature,) = answer.json["features"]
        (ring,) = feature["geometry"]["coordinates"]
        assert (len(ring), ring[0]) == (7, ring[-1])
        corners = {(round(lng, 5), round(lat, 5)) for lat, lng in AKWA.boundary()}
        assert {tuple(corner) for corner in ring} == corners
        properties = feature["properties"]
        assert properties["title"] == "On the map"
        assert properties["address"] == f"/listings/{view.public_id}"
        assert (properties["kind"], properties["category"], properties["group"]) == (
            "request",
            "groceries",
            "daily",
        )

    def test_nothing_is_finer_than_the_cell(self, client: FlaskClient, make: Factory) -> None:
        """Two positions of one cell give one answer."""
        lat, lng = AKWA.center
        for number, shift in enumerate((0.0, 0.001)):
            make.open(title="Same", cell=Place.at(lat + shift, lng, 9).cell, email=f"{number}@a.fr")
        first, second = client.get("/listings.geojson").json["features"]
        for part in ("id", "address"):
            for feature in (first, second):
                feature.pop(part, None)
                feature["properties"].pop(part, None)
        assert first == second

    def test_remote_listings_without_a_place_are_left_to_the_list(
        self, client: FlaskClient, make: Factory
    ) -> None:
        """What has no cell has no hexagon."""
        make.offer(reach=Reach.WORLD, cell=None, country="", place_name="")
        answer = client.get("/listings.geojson").json
        assert (answer["features"], answer["total"]) == ([], 1)


def test_the_map_of_the_pages_loads_no_shapes(app: Flask, make: Factory) -> None:
    """It draws the cells by itself; everybody else has them by default."""
    view = make.open()
    client = app.test_client()
    (whole,) = client.get("/listings.geojson").json["features"]
    (light,) = client.get("/listings.geojson?shapes=0").json["features"]
    assert whole["geometry"]["type"] == "Polygon"
    assert light == {**whole, "geometry": None}
    assert light["properties"]["cell"] == view.cell
