"""Suggestions, names of areas and of towns on the map, and the labelled grid."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from board.context import Board
from board.geocoding import Suggestion
from board.places import SettledPlace
from matcher.place import Place
from tests.factories import AKWA
from tests.web.conftest import Page, Poster, english
from web.app import create_app

DOUALA = 2232593


@pytest.mark.parametrize(
    ("text", "name", "country"),
    [
        ("Douala", "Douala", "Cameroon"),
        ("londres", "London", "United Kingdom"),
        ("برلين", "Berlin", "Germany"),
        ("Genève", "Geneva", "Switzerland"),
    ],
)
def test_a_name_in_any_language_is_suggested(
    reader: FlaskClient, text: str, name: str, country: str
) -> None:
    """The best first, named in the reader's language, with what tells it from namesakes."""
    first = reader.get("/places", query_string={"q": text}).json["places"][0]
    assert first["name"] == name
    assert country in first["detail"]
    assert Place.from_hex(first["cell"]).resolution <= 7


@pytest.mark.parametrize("text", ["", "  ", "Zzyzxqwv", "\x00", "%", '"', "x" * 500, "\u202e"])
def test_what_is_no_name_suggests_nothing(reader: FlaskClient, text: str) -> None:
    """An empty list, never an error."""
    response = reader.get("/places", query_string={"q": text})
    assert (response.status_code, response.json) == (200, {"places": []})


def test_an_area_has_a_name(reader: FlaskClient) -> None:
    """What the page shows after "near me"."""
    found = reader.get(f"/places?cell={AKWA.hex}").json
    assert found["cell"] == AKWA.hex
    assert (found["name"], found["detail"]) == ("Douala", "Cameroon")


def test_a_place_is_found_by_its_number(reader: FlaskClient) -> None:
    """What the map opens at."""
    assert reader.get(f"/places?place={DOUALA}").json["name"] == "Douala"


@pytest.mark.parametrize("address", ["/places", "/places/grid"])
@pytest.mark.parametrize(
    "query",
    [
        "cell=zzz",
        "cell=91,9.7",
        "cell=NaN",
        "cell=000000000000000",
        "place=0",
        "place=1_0",
        "place=%D9%A2",
        "place=99999999999999999999",
        "place=-1",
    ],
)
def test_what_is_no_place_is_not_found(reader: FlaskClient, address: str, query: str) -> None:
    """404, never a traceback."""
    assert reader.get(f"{address}?{query}").status_code == 404


def test_a_grid_without_a_place_is_not_found(reader: FlaskClient) -> None:
    """The fragment needs something to draw around."""
    assert reader.get("/places/grid").status_code == 404


def test_a_cell_too_coarse_for_a_grid_is_refused(reader: FlaskClient) -> None:
    """400 with the reason as text."""
    response = reader.get(f"/places/grid?cell={Place.at(4, 9.7, 2).hex}")
    assert response.status_code == 400
    assert "too vague" in response.text


def test_the_grid_is_a_drawing_and_as_many_choices(reader: FlaskClient) -> None:
    """One labelled polygon and one radio button for each hexagon, and one for the whole place."""
    page = Page(reader.get(f"/places/grid?place={DOUALA}").text)
    drawn = [each["data-cell"] for each in page.all("g")]
    offered = [each["value"] for each in page.all("input", type="radio", name="cell")]
    assert offered == ["", *drawn]
    assert len(page.all("polygon")) == len(page.texts["text"]) == len(drawn) == 91
    assert page.one("svg", **{"class": "hexgrid"})["aria-label"]
    assert page.value("cell") == ""
    assert all(Place.from_hex(cell).resolution == 7 for cell in drawn)


def test_the_grid_around_a_cell_has_it_chosen(reader: FlaskClient) -> None:
    """A position can be moved to a neighbouring hexagon."""
    page = Page(reader.get(f"/places/grid?cell={AKWA.hex}").text)
    assert page.value("cell") == AKWA.hex
    assert page.one("g", **{"class": "is-chosen"})["data-cell"] == AKWA.hex


@pytest.mark.parametrize("resolution", range(9))
def test_towns_are_named_at_every_zoom(reader: FlaskClient, resolution: int) -> None:
    """A map of any size has names, none twice, in the reader's language."""
    cell = Place.at(48.85, 2.35, resolution).hex
    places = reader.get(f"/places/names?cell={cell}").json["places"]
    assert ("London" if resolution == 0 else "Paris") in {each["name"] for each in places}
    assert len({(each["lat"], each["lng"]) for each in places}) == len(places)


@pytest.mark.parametrize("position", [(90.0, 0.0), (-90.0, 0.0), (0.0, 180.0), (31.05, 5.88)])
def test_the_ends_of_the_earth_have_names_too(
    reader: FlaskClient, position: tuple[float, float]
) -> None:
    """Poles, antimeridian and pentagons break nothing."""
    for resolution in (0, 3, 8):
        cell = Place.at(*position, resolution).hex
        assert reader.get(f"/places/names?cell={cell}").status_code == 200


class OneAnswer:
    """Stands for a finder whose geocoder knows one place."""

    def __init__(self, place: Place = AKWA) -> None:
        self.place = place

    def find(self, text: str, *_: object, **__: object) -> list[Suggestion]:
        """What the geocoder suggests for any text."""
        return [Suggestion("Quai de la Rive, 12", SettledPlace(self.place.cell, "CM", "Douala"))]


@pytest.mark.parametrize("resolution", [5, 6, 7, 8])
def test_a_geocoders_place_of_any_size_can_be_sent_again(board: Board, resolution: int) -> None:
    """Also one that is none of the hexagons of the grid below it: that is "the whole place"."""
    place = AKWA.coarsened(resolution)
    app = create_app(replace(board, finder=OneAnswer(place)))  # type: ignore[arg-type]
    sender = Poster(english(app))
    page = Page(sender.listing(place="Zzyzx-qwv 12").text)
    assert page.value("cell") == place.hex
    again = {name: page.value(name) for name in ("cell", "place_for", "place_id")}
    assert sender.listing(place="Zzyzx-qwv 12", **again).status_code == 303


def test_what_only_the_geocoder_knows_is_shown_before_it_is_taken(board: Board) -> None:
    """The form comes back with the suggestion chosen; sent again, it is stored as its cell."""
    app = create_app(replace(board, finder=OneAnswer()))  # type: ignore[arg-type]
    sender = Poster(english(app))
    first = sender.listing(place="Zzyzx-qwv 12")
    assert first.status_code == 422
    assert "Quai de la Rive, 12" in first.text
    page = Page(first.text)
    assert page.value("cell") == AKWA.hex
    again = sender.listing(place="Zzyzx-qwv 12", cell=AKWA.hex, place_for="Zzyzx-qwv 12")
    assert again.status_code == 303


def test_the_land_around_a_cell_is_one_geometry(reader: FlaskClient) -> None:
    """As GeoJSON, the same in every language, kept by the browser for a day."""
    cell = Place.at(38.0, 24.0, 4).hex
    answers = [reader.get(f"/places/land?cell={cell}&lang={lang}") for lang in ("fr", "ar")]
    geometry = answers[0].json
    assert geometry["type"] == "MultiPolygon"
    assert all(ring[0] == ring[-1] for polygon in geometry["coordinates"] for ring in polygon)
    assert answers[0].data == answers[1].data
    assert answers[0].headers["Cache-Control"] == "private, max-age=86400"
    assert reader.get("/places/land?cell=8").status_code == 404
