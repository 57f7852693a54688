"""How precisely places are kept, what they are called, and the grid to choose from."""

from __future__ import annotations

import itertools
import re
from typing import cast

import h3.api.basic_int as h3
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from board.countries import Countries
from board.gazetteer import Gazetteer, GazetteerPlace
from board.places import (
    GridHexagon,
    SettledPlace,
    grid,
    grid_of_place,
    kept_resolution,
    name_in,
    place_label,
    settle_cell,
    settle_name,
)
from board.validation import Refused
from matcher.place import Place, great_circle_m

DOUALA, BONABERI, GENEVA = 2232593, 2233704, 2660646
IN_DOUALA = (4.0483, 9.7043)
IN_THE_SAHARA = (23.0, 5.0)
IN_THE_PACIFIC = (-48.9, -123.4)


@pytest.fixture(scope="module")
def countries() -> Countries:
    """The borders as shipped."""
    return Countries.load()


class Inhabited:
    """A gazetteer that counts the same inhabitants everywhere and remembers where it was asked."""

    def __init__(self, inhabitants: int) -> None:
        self.inhabitants = inhabitants
        self.asked: list[tuple[float, float, float]] = []

    def inhabitants_near(self, lat: float, lng: float, radius_km: float = 5) -> int:
        self.asked.append((lat, lng, radius_km))
        return self.inhabitants


@pytest.mark.parametrize(
    ("inhabitants", "categories", "resolution", "why"),
    [
        (500, (), 8, "500 inhabitants are enough"),
        (499, (), 7, "fewer are sparse country"),
        (0, ("groceries",), 7, "and so is a desert"),
        (9_000_000, ("groceries", "pets"), 8, "a position in a city"),
        (9_000_000, ("childcare",), 7, "who has children"),
        (9_000_000, ("eldercare",), 7, "who is old"),
        (9_000_000, ("medicine",), 7, "who is ill"),
        (9_000_000, ("health-guidance",), 7, "who is ill"),
        (9_000_000, ("pets", "medicine"), 7, "one of the categories is enough"),
    ],
)
def test_a_position_is_kept_at(
    inhabitants: int, categories: tuple[str, ...], resolution: int, why: str
) -> None:
    """8, or 7 where 8 would tell too much."""
    fake = cast(Gazetteer, Inhabited(inhabitants))
    assert kept_resolution(fake, Place.at(*IN_DOUALA, 8).cell, categories) == resolution, why


@pytest.mark.parametrize("resolution", [7, 8, 9, 12, 15])
def test_sparseness_is_asked_about_whole_cells(resolution: int) -> None:
    """Within 5 km of the centre of the cell of resolution 7, however fine the given one is."""
    fake = Inhabited(500)
    place = Place.at(4.0714, 9.6818, resolution)
    kept_resolution(cast(Gazetteer, fake), place.cell, ())
    assert fake.asked == [(*place.coarsened(7).center, 5)]
    assert place.coarsened(min(8, resolution)).center != Place.at(*IN_DOUALA, 7).center


villages = st.sampled_from([(46.57, 9.65), (44.35, 6.6), (7.36, 12.9), (-16.8, -179.99)])
around = st.tuples(st.floats(-0.12, 0.12), st.floats(-0.12, 0.12))


@given(village=villages, offset=around)
@settings(max_examples=60, deadline=None)
def test_a_cell_on_the_board_says_nothing_of_its_parts(
    gazetteer: Gazetteer, village: tuple[float, float], offset: tuple[float, float]
) -> None:
    """Where one position is kept at 7 for sparseness, every other of that cell is too.

    Otherwise the resolution alone would tell in which parts of the cell somebody is.
    """
    lng = (village[1] + offset[1] + 180) % 360 - 180
    cell = Place.at(village[0] + offset[0], lng, 7).cell
    parts = h3.cell_to_children(cell, 8)
    assert len({kept_resolution(gazetteer, part, ()) for part in parts}) == 1


@pytest.mark.parametrize(
    ("position", "given_resolution", "categories", "coarser", "resolution"),
    [
        (IN_DOUALA, 15, (), None, 8),
        (IN_DOUALA, 9, (), None, 8),
        (IN_DOUALA, 8, (), None, 8),
        (IN_DOUALA, 7, (), None, 7),
        (IN_DOUALA, 5, (), None, 5),
        (IN_DOUALA, 15, (), 8, 8),
        (IN_DOUALA, 15, (), 6, 6),
        (IN_DOUALA, 15, (), 5, 5),
        (IN_DOUALA, 5, (), 8, 5),
        (IN_DOUALA, 15, ("childcare",), None, 7),
        (IN_DOUALA, 15, ("childcare",), 8, 7),
        (IN_DOUALA, 15, ("childcare",), 6, 6),
        (IN_THE_SAHARA, 15, (), None, 7),
        (IN_THE_SAHARA, 8, (), 8, 7),
        (IN_THE_PACIFIC, 15, (), None, 7),
    ],
)
def test_a_cell_is_settled_at(
    gazetteer: Gazetteer,
    countries: Countries,
    position: tuple[float, float],
    given_resolution: int,
    categories: tuple[str, ...],
    coarser: int | None,
    resolution: int,
) -> None:
    """The poster may go coarser; nobody may go finer."""
    place = Place.at(*position, given_resolution)
    settled = settle_cell(gazetteer, countries, place.cell, categories, "fr", coarser=coarser)
    assert Place(settled.cell) == place.coarsened(resolution)


def test_a_settled_place_is_named_and_has_a_country(
    gazetteer: Gazetteer, countries: Countries
) -> None:
    """On land, near the shore and far out at sea."""
    ashore = settle_cell(gazetteer, countries, Place.at(4.0714, 9.6818, 8).cell, (), "fr")
    assert (ashore.country, ashore.name) == ("CM", "Bonabéri")
    at_sea = settle_cell(gazetteer, countries, Place.at(*IN_THE_PACIFIC, 8).cell, (), "fr")
    assert (at_sea.country, at_sea.name) == ("", "")


class Sea:
    """Borders that no point lies in."""

    def of(self, lat: float, lng: float) -> str:
        return ""


@pytest.mark.parametrize(
    ("place_lat", "country"), [(0.0, "ST"), (0.26, "ST"), (0.28, ""), (5.0, "")]
)
def test_off_shore_the_nearest_place_gives_the_country(place_lat: float, country: str) -> None:
    """Within 30 km, and not farther: 0.27 degrees of latitude."""
    cell = Place.at(0.0, 6.5, 8)
    lat, lng = cell.center

    class Coast(Inhabited):
        def nearest(self, *_: object) -> GazetteerPlace:
            return village(lat + place_lat, lng)

    fake = cast(Gazetteer, Coast(9))
    settled = settle_cell(fake, cast(Countries, Sea()), cell.cell, (), "fr")
    assert settled.country == country


def village(lat: float, lng: float) -> GazetteerPlace:
    """A place on an island."""
    return GazetteerPlace(
        id=1,
        name="Praia",
        country="ST",
        lat=lat,
        lng=lng,
        population=9,
        time_zone="Africa/Sao_Tome",
        cell=Place.at(lat, lng, 7).cell,
        resolution=7,
    )


@pytest.mark.parametrize(
    "cell",
    [
        0,
        -1,
        1,
        2**63,
        2**64,
        Place.at(*IN_DOUALA, 4).cell,
        Place.at(*IN_DOUALA, 0).cell,
        cast(int, True),
        cast(int, None),
        cast(int, "88754e6499fffff"),
    ],
)
def test_what_is_no_place_of_a_person_is_refused(
    gazetteer: Gazetteer, countries: Countries, cell: int
) -> None:
    """Numbers that are no cells, and cells as large as a country."""
    with pytest.raises(Refused):
        settle_cell(gazetteer, countries, cell, (), "fr")
    with pytest.raises(Refused):
        grid(gazetteer, cell, "fr")


@pytest.mark.parametrize("coarser", [4, 9, -1, cast(int, True), cast(int, 6.0), cast(int, "6")])
def test_another_precision_is_refused(
    gazetteer: Gazetteer, countries: Countries, coarser: int
) -> None:
    """5 to 8 are accepted, as whole numbers."""
    with pytest.raises(Refused, match="from 5 to 8"):
        settle_cell(gazetteer, countries, Place.at(*IN_DOUALA, 8).cell, (), "fr", coarser=coarser)
    with pytest.raises(Refused, match="from 5 to 8"):
        settle_name(gazetteer, countries, DOUALA, (), "fr", coarser=coarser)


@pytest.mark.parametrize("resolution", [0, 3, 8, 15])
def test_official_information_keeps_its_cell(
    gazetteer: Gazetteer, countries: Countries, resolution: int
) -> None:
    """Any resolution, in any category: it is about an office, not about a home."""
    cell = Place.at(*IN_DOUALA, resolution).cell
    settled = settle_cell(gazetteer, countries, cell, ("medicine",), "fr", official=True)
    assert settled.cell == cell


@pytest.mark.parametrize(
    ("place_id", "coarser", "expected", "resolution"),
    [
        (DOUALA, None, ("CM", "Douala"), 5),
        (GENEVA, None, ("CH", "Geneva"), 6),
        (GENEVA, 5, ("CH", "Geneva"), 5),
        (GENEVA, 8, ("CH", "Geneva"), 6),
        (BONABERI, None, ("CM", "Bonabéri"), 7),
    ],
)
def test_a_name_is_settled_at(
    gazetteer: Gazetteer,
    countries: Countries,
    place_id: int,
    coarser: int | None,
    expected: tuple[str, str],
    resolution: int,
) -> None:
    """No more precise than the name, whatever is asked for."""
    settled = settle_name(gazetteer, countries, place_id, ("pets",), "en", coarser=coarser)
    assert (settled.country, settled.name) == expected
    assert Place(settled.cell).resolution == resolution


@pytest.mark.parametrize("place_id", [0, -5, 10**30])
def test_an_unknown_name_is_refused(
    gazetteer: Gazetteer, countries: Countries, place_id: int
) -> None:
    """As a choice that was not offered."""
    with pytest.raises(Refused, match="one of the places"):
        settle_name(gazetteer, countries, place_id, (), "fr")
    with pytest.raises(Refused, match="one of the places"):
        grid_of_place(gazetteer, place_id, "fr")


globe = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
lands = st.tuples(st.floats(35, 60), st.floats(-5, 40))


@given(
    point=st.one_of(globe, lands),
    resolution=st.integers(5, 15),
    categories=st.sets(st.sampled_from(["pets", "medicine", "other"])),
    coarser=st.none() | st.integers(5, 8),
)
@settings(max_examples=80, deadline=None)
def test_settling_anywhere_holds_the_rules(
    gazetteer: Gazetteer,
    countries: Countries,
    point: tuple[float, float],
    resolution: int,
    categories: set[str],
    coarser: int | None,
) -> None:
    """Over the whole globe: an ancestor of the cell within the bounds, and settled for good."""
    place = Place.at(*point, resolution)
    settled = settle_cell(gazetteer, countries, place.cell, categories, "es", coarser=coarser)
    kept = Place(settled.cell)
    assert 5 <= kept.resolution <= min(8, resolution, coarser or 8)
    assert kept == place.coarsened(kept.resolution)
    assert "medicine" not in categories or kept.resolution <= 7
    assert settle_cell(gazetteer, countries, settled.cell, categories, "es") == settled


@given(point=st.one_of(globe, lands), data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_kept_depends_on_the_kept_cell_alone(
    gazetteer: Gazetteer,
    countries: Countries,
    point: tuple[float, float],
    data: st.DataObject,
) -> None:
    """Two positions in one cell of resolution 8 are settled alike: nothing finer shows."""
    cell = Place.at(*point, 8)
    other = Place.at(*cell.center, data.draw(st.integers(8, 15)))
    inside = [Place.at(*point, 15), other]
    settled = {
        settle_cell(gazetteer, countries, each.cell, (), "fr")
        for each in inside
        if each.coarsened(8) == cell
    }
    assert len(settled) == 1


@pytest.mark.parametrize(
    ("lat", "lng", "resolution", "locale", "label"),
    [
        (*IN_DOUALA, 8, "fr", "Douala"),
        (*IN_DOUALA, 5, "fr", "Douala"),
        (*IN_DOUALA, 5, "ar", "دوالا"),
        (51.5, -0.12, 5, "fr", "Londres"),
        (4.0714, 9.6818, 8, "fr", "Bonabéri"),
        (*IN_THE_PACIFIC, 5, "fr", ""),
    ],
)
def test_a_cell_is_called(
    gazetteer: Gazetteer, lat: float, lng: float, resolution: int, locale: str, label: str
) -> None:
    """A coarse cell after its largest town, a fine one after the nearest place."""
    assert place_label(gazetteer, Place.at(lat, lng, resolution).cell, locale) == label


def corners(hexagon: GridHexagon) -> list[tuple[float, float]]:
    """The points of the drawing."""
    pairs = (pair.split(",") for pair in hexagon.points.split())
    return [(float(x), float(y)) for x, y in pairs]


def drawn(hexagons: list[GridHexagon]) -> list[shapely.Polygon]:
    """The hexagons as they are drawn."""
    return [shapely.Polygon(corners(hexagon)) for hexagon in hexagons]


@pytest.mark.parametrize(
    ("place_id", "resolution", "number"), [(DOUALA, 7, 91), (GENEVA, 7, 37), (BONABERI, 8, 19)]
)
def test_the_grid_of_a_town(
    gazetteer: Gazetteer, place_id: int, resolution: int, number: int
) -> None:
    """Around its centre, finer than its name, wide enough for its size."""
    hexagons = grid_of_place(gazetteer, place_id, "fr")
    town = gazetteer.get(place_id, "fr")
    assert town is not None
    assert len(hexagons) == number
    assert {Place(hexagon.cell).resolution for hexagon in hexagons} == {resolution}
    assert Place.at(town.lat, town.lng, resolution).cell in {each.cell for each in hexagons}


def test_a_grid_tells_where_each_hexagon_is(gazetteer: Gazetteer) -> None:
    """By the place in it, or by distance and direction from the nearest one."""
    hexagons = {each.cell: each for each in grid_of_place(gazetteer, DOUALA, "en")}
    middle = hexagons[Place.at(*IN_DOUALA, 7).cell]
    assert (middle.name, middle.town) == ("Douala", True)
    west = hexagons[Place.at(4.0714, 9.6818, 7).cell]
    assert (west.name, west.town) == ("Bonabéri", True)
    others = [each.name for each in hexagons.values() if not each.town]
    pattern = re.compile(r"\d+\skm (north|south)?-?(east|west)? ?of \w+")
    assert others
    assert all(pattern.fullmatch(name) for name in others)
    south_east = hexagons[Place.at(4.0, 9.75, 7).cell]
    assert re.fullmatch(r"\d\skm south-east of Douala", south_east.name)


def test_a_grid_far_from_anything_has_letters_only(gazetteer: Gazetteer) -> None:
    """No place 3,000 km away says where it is."""
    hexagons = grid(gazetteer, Place.at(*IN_THE_PACIFIC, 6).cell, "fr")
    assert {hexagon.name for hexagon in hexagons} == {""}


@pytest.mark.parametrize(
    ("given_resolution", "finest", "resolution"),
    [(5, 8, 7), (6, 8, 7), (7, 8, 8), (8, 8, 8), (12, 8, 8), (7, 7, 7), (8, 7, 7), (5, 7, 7)],
)
def test_a_grid_refines_a_cell(
    gazetteer: Gazetteer, given_resolution: int, finest: int, resolution: int
) -> None:
    """By one step or two, never beyond what may be kept."""
    cell = Place.at(*IN_DOUALA, given_resolution).cell
    hexagons = grid(gazetteer, cell, "fr", finest=finest)
    assert {Place(hexagon.cell).resolution for hexagon in hexagons} == {resolution}


PENTAGON = (64.7, 10.53)
seams = st.tuples(st.sampled_from([-90.0, 90.0, -16.8, 0.0]), st.sampled_from([-180.0, 180.0]))


@given(point=st.one_of(globe, seams, st.just(PENTAGON)), resolution=st.integers(5, 8))
@settings(max_examples=60, deadline=None)
def test_a_grid_is_a_whole_anywhere(
    gazetteer: Gazetteer, point: tuple[float, float], resolution: int
) -> None:
    """In the unit square, without gaps and overlaps, at the poles and across the antimeridian."""
    place = Place.at(*point, resolution)
    hexagons = grid(gazetteer, place.cell, "ar")
    polygons = drawn(hexagons)
    assert len({hexagon.label for hexagon in hexagons}) == len(hexagons)
    box = shapely.MultiPolygon(polygons).bounds
    assert min(box) >= -1e-4
    assert max(box) <= 1 + 1e-4
    assert max(box[2] - box[0], box[3] - box[1]) == pytest.approx(1, abs=1e-3)
    union = shapely.union_all([polygon.buffer(2e-4) for polygon in polygons])
    assert isinstance(union, shapely.Polygon)
    assert not union.interiors
    areas = sum(polygon.area for polygon in polygons)
    assert areas == pytest.approx(union.area, rel=0.03)
    assert all(
        polygon.contains(shapely.Point(each.x, each.y))
        for polygon, each in zip(polygons, hexagons, strict=True)
    )


@given(point=st.one_of(globe, seams, lands), resolution=st.integers(5, 7))
@settings(max_examples=30, deadline=None)
def test_a_grid_covers_the_cell_that_it_refines(
    gazetteer: Gazetteer, point: tuple[float, float], resolution: int
) -> None:
    """Every finer cell whose centre lies in the coarse one can be chosen."""
    place = Place.at(*point, resolution)
    hexagons = grid(gazetteer, place.cell, "fr")
    offered = {hexagon.cell for hexagon in hexagons}
    fine = Place(hexagons[0].cell).resolution
    radius_m = max(great_circle_m(*place.center, *corner) for corner in place.boundary())
    for lat, lng in [place.center, *place.boundary()]:
        inner = Place.at(lat, lng, fine)
        if place.distance_m(inner) <= radius_m and inner.coarsened(resolution) == place:
            assert inner.cell in offered


def test_labels_read_from_the_north_west(gazetteer: Gazetteer) -> None:
    """Letters run to the south, numbers to the east, and stay the same at each call."""
    hexagons = grid_of_place(gazetteer, DOUALA, "fr")
    assert hexagons[0].label == "A1"
    rows: dict[str, list[GridHexagon]] = {}
    for hexagon in hexagons:
        assert re.fullmatch(r"[A-Z][1-9]\d?", hexagon.label)
        rows.setdefault(hexagon.label[0], []).append(hexagon)
    assert list(rows) == sorted(rows)
    for row in rows.values():
        assert [each.label[1:] for each in row] == [str(n) for n in range(1, len(row) + 1)]
        assert [each.x for each in row] == sorted(each.x for each in row)
    means = [sum(each.y for each in row) / len(row) for row in rows.values()]
    assert means == sorted(means)
    assert grid_of_place(gazetteer, DOUALA, "fr") == hexagons


def test_north_is_up_and_east_is_right(gazetteer: Gazetteer) -> None:
    """As on a map."""
    for hexagon in grid_of_place(gazetteer, DOUALA, "fr"):
        lat, lng = Place(hexagon.cell).center
        if abs(lat - IN_DOUALA[0]) > 0.05:
            assert (lat > IN_DOUALA[0]) == (hexagon.y < 0.5)
        if abs(lng - IN_DOUALA[1]) > 0.05:
            assert (lng > IN_DOUALA[1]) == (hexagon.x > 0.5)


def test_a_quarter_is_chosen_from_the_name_of_a_city(
    gazetteer: Gazetteer, countries: Countries
) -> None:
    """From Douala at 5 by a hexagon at 7 to one at 8, without a map."""
    city = settle_name(gazetteer, countries, DOUALA, (), "fr")
    assert Place(city.cell).resolution == 5
    quarter = grid_of_place(gazetteer, DOUALA, "fr")[44]
    settled = settle_cell(gazetteer, countries, quarter.cell, (), "fr")
    assert settled == SettledPlace(quarter.cell, "CM", settled.name)
    corner = grid(gazetteer, quarter.cell, "fr")[3]
    assert Place(settle_cell(gazetteer, countries, corner.cell, (), "fr").cell).resolution == 8


@pytest.mark.parametrize(
    ("name", "point", "locale", "called"),
    [
        ("Londres", (51.51, -0.13), "en", "London"),
        ("London", (51.51, -0.13), "fr", "Londres"),
        ("Londres", (51.51, -0.13), "ar", "لندن"),
        ("لندن", (51.51, -0.13), "es", "Londres"),
        ("LONDRES", (51.9, -0.13), "pt", "Londres"),
        # Another London, in Ontario.
        ("London", (42.98, -81.25), "fr", "London"),
        # Nothing is called so around there.
        ("Londres", IN_THE_SAHARA, "en", "Londres"),
        ("Chez nous", IN_DOUALA, "en", "Chez nous"),
        ("", IN_DOUALA, "en", ""),
    ],
)
def test_a_place_is_called_as_its_reader_calls_it(
    gazetteer: Gazetteer, name: str, point: tuple[float, float], locale: str, called: str
) -> None:
    """Whatever language its poster named it in."""
    assert name_in(gazetteer, name, Place.at(*point, 6).cell, locale) == called


def test_a_name_without_a_cell_stays(gazetteer: Gazetteer) -> None:
    """Of what is somewhere in a country, or nowhere."""
    assert name_in(gazetteer, "Londres", None, "en") == "Londres"


@pytest.mark.parametrize("locale", ["fr", "ar"])
def test_every_large_city_goes_from_language_to_language_and_back(
    gazetteer: Gazetteer, locale: str
) -> None:
    """Of the thousand most populous, each is found again by the name that readers see."""
    for city in itertools.islice(gazetteer.cities(locale=locale), 1_000):
        assert name_in(gazetteer, city.name, city.cell, locale) == city.name
