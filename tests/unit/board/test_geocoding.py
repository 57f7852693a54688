"""An online geocoder helps when it answers, and never harms when it does not."""

from __future__ import annotations

import json
import logging
import socket
import struct
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from board.countries import Countries
from board.gazetteer import Gazetteer
from board.geocoding import GeocoderAway, OnlineGeocoder, PlaceFinder
from board.places import settle_name
from config.settings import Settings
from matcher.place import Place
from tests.geocoder import Geocoder, features, online, redirect, status

DOUALA = 2232593


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Nothing, as long as the test runs."""
    cast(Geocoder, handler.server).over.wait(30)


def reset(handler: BaseHTTPRequestHandler) -> None:
    """The connection is reset."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, so that no single read is late."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    over = cast(Geocoder, handler.server).over
    while not over.wait(0.02):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Less than was announced."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"features": [')


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Geocoder]:
    """A geocoder that answers 500 until told otherwise."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Geocoder.running() as geocoder:
        yield geocoder


@pytest.fixture(scope="module")
def countries() -> Countries:
    """The borders as shipped."""
    return Countries.load()


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def cells(finder: PlaceFinder, text: str, *categories: str) -> list[int]:
    """Resolution of each suggestion."""
    return [Place(each.place.cell).resolution for each in finder.find(text, categories, "fr")]


GARBAGE = [
    b"",
    b"<html>",
    b"[]",
    b"{}",
    b"null",
    b"17",
    b'"features"',
    b"\xff\xfe",
    b'{"features": null}',
    b'{"features": 3}',
    b'{"features": [null]}',
    b'{"features": [{}]}',
    b'{"features": [{"geometry": {"coordinates": []}, "properties": {}}]}',
    b'{"features": [{"geometry": {"coordinates": ["a", "b"]}, "properties": {}}]}',
    b'{"features": [{"geometry": {"coordinates": [9.7, 4.05]}, "properties": null}]}',
    b'{"features": [{"geometry": {"coordinates": [NaN, NaN]}, "properties": {}}]}',
    b'{"features": [{"geometry": {"coordinates": [999, 999]}, "properties": {}}]}',
    b'{"features": [{"geometry": {"coordinates": [9.7, 1e999]}, "properties": {}}]}',
    b"[" * 100_000,
    b" " * 1_100_000,
]

FAILURES = {
    "hangs": hang,
    "resets": reset,
    "drips": drip,
    "is cut short": cut,
    **{f"answers {code}": status(code, b"{}") for code in (400, 403, 404, 429, 500, 503)},
    **{f"answers garbage {i}": status(200, body) for i, body in enumerate(GARBAGE)},
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("service", ["photon", "nominatim", "ban"])
def test_a_geocoder_that_fails_leaves_the_gazetteer(
    gazetteer: Gazetteer, countries: Countries, server: Geocoder, service: str, failure: str
) -> None:
    """Whatever it does, the places of the gazetteer are suggested, within its time limit."""
    server.answer = FAILURES[failure]
    finder = PlaceFinder(gazetteer, countries, online(server, service, timeout_s=0.15))
    found = finder.find("douala", (), "fr")
    assert found[0].place == settle_name(gazetteer, countries, DOUALA, (), "fr")
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_leaves_the_gazetteer(
    gazetteer: Gazetteer, countries: Countries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection is a failure like another."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        domain = f"127.0.0.1:{closed.getsockname()[1]}"
    geocoder = OnlineGeocoder("photon", domain, scheme="http")
    found = PlaceFinder(gazetteer, countries, geocoder).find("douala", (), "fr")
    assert found[0].label == "Douala"


@pytest.mark.parametrize(
    ("sort", "categories", "resolution"),
    [
        ("house", (), 8),
        ("street", (), 8),
        ("house", ("childcare",), 7),
        ("district", (), 7),
        ("locality", (), 7),
        ("city", (), 5),
        ("something new", (), 5),
    ],
)
def test_what_was_found_says_how_precisely_it_is_kept(
    gazetteer: Gazetteer,
    countries: Countries,
    server: Geocoder,
    sort: str,
    categories: tuple[str, ...],
    resolution: int,
) -> None:
    """An address as a position, a quarter at 7, the name of a town as that of the gazetteer."""
    server.answer = features((4.05, 9.70, sort))
    finder = PlaceFinder(gazetteer, countries, online(server))
    (found,) = finder.find("Rue Joffre 12", categories, "fr")
    assert found.place.cell == Place.at(4.05, 9.70, resolution).cell
    assert found.place.country == "CM"


@pytest.mark.parametrize("sort", ["house", "district", "city", "amenity"])
@pytest.mark.parametrize(
    ("lat", "lng"),
    # In a large town, where towns of two sizes meet, at a village, on an island at ±180.
    [(4.05, 9.70), (46.2, 6.15), (45.91, 6.12), (44.35, 6.6), (-16.8, 179.99)],
)
def test_one_position_has_one_cell_at_each_resolution(
    gazetteer: Gazetteer, countries: Countries, server: Geocoder, sort: str, lat: float, lng: float
) -> None:
    """The answer's cell is an ancestor of "near me"'s, and alike for its whole neighbourhood.

    Cut otherwise at each resolution, two answers about one person would meet in a sliver; judged
    by the position, the resolution would tell on which side of a line it lies.
    """
    near = Place.at(lat, lng, 8)
    finder = PlaceFinder(gazetteer, countries, online(server))
    found = []
    for step in range(12):
        at = Place.at(lat + step * 0.003, min(lng + step * 0.003, 180), 8)
        server.answer = features((*at.center, sort))
        (answer,) = finder.find("12 rue X", (), "fr", limit=1)
        kept = Place(answer.place.cell)
        assert kept == at.coarsened(kept.resolution)
        found.append((at, kept))
    inside = {kept for at, kept in found if at.coarsened(kept.resolution) == found[0][1]}
    assert inside == {found[0][1]} and found[0][0] == near


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    gazetteer: Gazetteer, countries: Countries, server: Geocoder, code: int
) -> None:
    """Whatever it points to, only the server that the operator named is asked."""
    with Geocoder.running() as canary:
        server.answer = redirect(code, f"http://{canary.domain}/latest/meta-data")
        found = PlaceFinder(gazetteer, countries, online(server)).find("douala", (), "fr")
    assert found[0].label == "Douala"
    assert (len(server.asked), canary.asked) == (1, [])


def test_an_address_is_never_the_name_of_the_place(
    gazetteer: Gazetteer, countries: Countries, server: Geocoder
) -> None:
    """Who typed sees the address; what may be kept is named after its cell."""
    server.answer = features((4.05, 9.70, "house"))
    (found,) = PlaceFinder(gazetteer, countries, online(server)).find("Rue Joffre 12", (), "fr")
    assert "Joffre" in found.label
    assert found.place.name == "Douala"


def test_countries_and_regions_are_no_places_of_a_person(
    gazetteer: Gazetteer, countries: Countries, server: Geocoder
) -> None:
    """They are left out."""
    server.answer = features((4.05, 9.70, "country"), (4.05, 9.70, "state"))
    assert PlaceFinder(gazetteer, countries, online(server)).find("xyzzy", (), "fr") == []


def test_the_gazetteer_keeps_half_of_the_suggestions(
    gazetteer: Gazetteer, countries: Countries, server: Geocoder
) -> None:
    """So that a geocoder of one country hides no town of another."""
    server.answer = features(*((48.0 + i / 10, 2.0, "street") for i in range(20)))
    found = PlaceFinder(gazetteer, countries, online(server)).find("paris", (), "fr", limit=8)
    assert [Place(each.place.cell).resolution for each in found[:4]] == [8] * 4
    assert len(found) == 8
    assert found[4].label == "Paris"


def test_one_place_is_suggested_once(
    gazetteer: Gazetteer, countries: Countries, server: Geocoder
) -> None:
    """When both know it."""
    server.answer = features((4.04827, 9.70428, "city"))
    found = PlaceFinder(gazetteer, countries, online(server)).find("douala", (), "fr")
    assert [each.place.name for each in found].count("Douala") == 1


@pytest.mark.parametrize(
    ("service", "locale", "path", "language"),
    [
        ("photon", "fr", "/api", "fr"),
        ("photon", "ar", "/api", None),
        ("ban", "fr", "/search", None),
    ],
)
def test_the_service_is_asked_in_its_own_way(
    server: Geocoder, service: str, locale: str, path: str, language: str | None
) -> None:
    """Photon refuses languages that it does not know; BAN has one."""
    server.answer = features((48.85, 2.35, "house"))
    found = online(server, service).locate("8 rue X", locale, 4)
    assert [(each.lat, each.lng, each.sort) for each in found] == [(48.85, 2.35, "house")]
    asked = urlsplit(server.asked[0][0])
    query = parse_qs(asked.query)
    assert asked.path.rstrip("/") == path
    assert query["q"] == ["8 rue X"]
    assert query.get("lang", [None]) == [language]


def test_nominatim_answers_in_a_form_of_its_own(server: Geocoder) -> None:
    """A list, with numbers as texts and the sort under another name."""
    answer = [
        {"lat": "4.05", "lon": "9.70", "display_name": "Akwa", "addresstype": "suburb"},
        {"lat": "91", "lon": "9.70", "display_name": "Nowhere", "addresstype": "city"},
    ]
    server.answer = status(200, json.dumps(answer).encode())
    found = online(server, "nominatim").locate("akwa", "ar", 4)
    assert [(each.label, each.lat, each.lng, each.sort) for each in found] == [
        ("Akwa", 4.05, 9.7, "suburb")
    ]
    assert parse_qs(urlsplit(server.asked[0][0]).query)["accept-language"] == ["ar"]


def test_the_visitor_stays_unknown(server: Geocoder) -> None:
    """Only the program's name goes with the text."""
    server.answer = features((48.85, 2.35, "house"))
    online(server).locate("8 rue X", "fr", 4)
    headers = {name.lower(): value for name, value in server.asked[0][1].items()}
    assert set(headers) == {"host", "user-agent", "accept-encoding", "connection"}
    assert headers["user-agent"] == "entraide"


def test_after_a_failure_the_geocoder_is_left_alone_for_a_while(server: Geocoder) -> None:
    """Nobody waits for it twice in half a minute, and then it is asked again."""
    clock = Clock()
    geocoder = online(server, clock=clock)
    for now in (0.0, 1.0, 29.9):
        clock.now = now
        with pytest.raises(GeocoderAway):
            geocoder.locate("akwa", "fr", 4)
    assert len(server.asked) == 1
    clock.now = 30.1
    server.answer = features((4.05, 9.70, "suburb"))
    assert len(geocoder.locate("akwa", "fr", 4)) == 1


def test_nothing_typed_is_logged(server: Geocoder, caplog: pytest.LogCaptureFixture) -> None:
    """Neither by us nor by geopy, which logs addresses when it may."""
    caplog.set_level(logging.DEBUG)
    server.answer = features((4.05, 9.70, "house"))
    geocoder = online(server)
    geocoder.locate("secretstreet", "fr", 4)
    server.answer = status(500)
    with pytest.raises(GeocoderAway):
        geocoder.locate("secretstreet", "fr", 4)
    assert "gave no answer" in caplog.text
    assert "secretstreet" not in caplog.text


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", 0),
        ("  ", 0),
        ("\x00\ud800", 0),
        ("a" * 10_000, 0),
        ("akwa\x00\r\nHost: x", 1),
        ("\ud800akwa", 1),
        ("' OR 1=1 &limit=9#", 1),
    ],
)
def test_hostile_texts_never_raise(
    gazetteer: Gazetteer, countries: Countries, server: Geocoder, text: str, asked: int
) -> None:
    """What can be no address is not even asked for."""
    server.answer = features((4.05, 9.70, "house"))
    PlaceFinder(gazetteer, countries, online(server)).find(text, (), "fr")
    assert len(server.asked) == asked
    assert all(parse_qs(urlsplit(path).query)["limit"] == ["4"] for path, _ in server.asked)


@pytest.mark.parametrize(("geocoder", "is_online"), [(None, False), ("photon", True)])
def test_the_operator_decides(
    gazetteer: Gazetteer,
    countries: Countries,
    server: Geocoder,
    tmp_path: Any,
    geocoder: str | None,
    is_online: bool,
) -> None:
    """Off by default; with GEOCODER the named server is asked, over HTTPS only."""
    variables = {"ENTRAIDE_HOME": str(tmp_path), "GEOCODER_DOMAIN": server.domain}
    if geocoder:
        variables["GEOCODER"] = geocoder
    settings = Settings.from_mapping(variables)
    finder = PlaceFinder.from_settings(settings, gazetteer, countries)
    server.answer = features((4.05, 9.70, "house"))
    assert (finder._online is not None) == is_online
    assert cells(finder, "douala")[0] == 5
    assert server.asked == [], "plain HTTP was spoken"
