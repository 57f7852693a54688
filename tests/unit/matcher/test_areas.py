"""Polygons are taken as they are or refused, and found by the points that they cover."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, mapping

from matcher.areas import AreaError, AreaFault, AreaIndex, area_m2, covers, parse_polygon
from matcher.errors import FieldError
from matcher.place import EARTH_RADIUS_M, PlaceError
from tests import reference

NAN, INFINITY = float("nan"), float("inf")
SPHERE_M2 = 4 * math.pi * EARTH_RADIUS_M**2

SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]
BOW_TIE = [[0, 0], [4, 4], [4, 0], [0, 4], [0, 0]]


def polygon(*rings: Any) -> dict[str, Any]:
    """A GeoJSON Polygon."""
    return {"type": "Polygon", "coordinates": list(rings)}


def multi(*polygons: Any) -> dict[str, Any]:
    """A GeoJSON MultiPolygon."""
    return {"type": "MultiPolygon", "coordinates": list(polygons)}


def with_first(position: Any) -> dict[str, Any]:
    """A square whose first and last position is replaced."""
    return polygon([position, *SQUARE[1:-1], position])


def circle(positions: int) -> list[list[float]]:
    """A closed ring of so many positions."""
    turns = [2 * math.pi * i / (positions - 1) for i in range(positions - 1)]
    ring = [[10 * math.cos(turn), 10 * math.sin(turn)] for turn in turns]
    return [*ring, ring[0]]


def band(south: float, north: float, west: float = -180, east: float = 180) -> list[list[float]]:
    """A ring between two parallels, in steps of 60 degrees or less."""
    steps = 6
    lngs = [west + (east - west) * i / steps for i in range(steps + 1)]
    ring = [[lng, south] for lng in lngs] + [[lng, north] for lng in reversed(lngs)]
    return [*ring, ring[0]]


@pytest.mark.parametrize(
    ("geojson", "kind"),
    [
        (polygon(SQUARE), Polygon),
        (polygon(SQUARE[::-1]), Polygon),
        (polygon(SQUARE, HOLE), Polygon),
        (multi([SQUARE]), MultiPolygon),
        (multi([SQUARE, HOLE], [[[9, 9], [9, 8], [8, 8], [9, 9]]]), MultiPolygon),
        ({"type": "Feature", "properties": {}, "geometry": polygon(SQUARE)}, Polygon),
        (with_first([0, 0, 12.5]), Polygon),
        (mapping(Polygon(SQUARE)), Polygon),
        (polygon(circle(500)), Polygon),
        (polygon(band(0.1, 90)), Polygon),
        (polygon([[180, 0], [180, 90], [1, 90], [1, 0], [180, 0]]), Polygon),
    ],
)
def test_sound_areas_are_taken_as_they_are(geojson: dict[str, Any], kind: type) -> None:
    """What is valid keeps its type and its positions."""
    area = parse_polygon(geojson)
    assert type(area) is kind
    first = area.exterior if kind is Polygon else area.geoms[0].exterior
    given = geojson.get("geometry", geojson)["coordinates"]
    ring = given[0] if kind is Polygon else given[0][0]
    assert [list(position) for position in first.coords] == [list(p[:2]) for p in ring]


@pytest.mark.parametrize(
    ("geojson", "code"),
    [
        (None, "type"),
        ("POLYGON ((0 0, 1 0, 1 1, 0 0))", "type"),
        ([SQUARE], "type"),
        ({}, "type"),
        ({"type": "Point", "coordinates": [0, 0]}, "type"),
        ({"type": "FeatureCollection", "features": []}, "type"),
        ({"type": "Feature", "geometry": None}, "type"),
        ({"type": ["Polygon"], "coordinates": [SQUARE]}, "type"),
        ({"type": "Feature", "geometry": {"type": "Feature"}}, "type"),
        ({"type": "Polygon"}, "position"),
        ({"type": "Polygon", "coordinates": {"0": SQUARE}}, "position"),
        (polygon("abcd"), "position"),
        (multi([7]), "position"),
        (with_first([0]), "position"),
        (with_first([0, 0, 0, 0]), "position"),
        (with_first("00"), "position"),
        (with_first(7), "position"),
        (polygon(), "empty"),
        (multi(), "empty"),
        (multi([]), "empty"),
        (multi([SQUARE], []), "empty"),
        (with_first([NAN, 0]), "number"),
        (with_first([0, INFINITY]), "number"),
        (with_first([0, -INFINITY]), "number"),
        (with_first([True, 0]), "number"),
        (with_first(["0", 0]), "number"),
        (with_first([None, 0]), "number"),
        (with_first([0, 90.5]), "number"),
        (with_first([0, -91]), "number"),
        (with_first([180.5, 0]), "number"),
        (with_first([-(10**400), 0]), "number"),
        (with_first([0, 0, NAN]), "number"),
        (polygon([]), "too_few"),
        (multi(SQUARE), "too_few"),
        (polygon([[0, 0], [1, 1], [0, 0]]), "too_few"),
        (polygon(SQUARE, HOLE[:3]), "too_few"),
        (polygon(circle(501)), "too_many"),
        (multi([circle(300)], [circle(300)]), "too_many"),
        (polygon(SQUARE[:-1]), "unclosed"),
        (polygon(SQUARE, HOLE[:-1]), "unclosed"),
        (polygon([[-180, 0], [0, 0], [0, 9], [-180, 9], [-180, 0]]), "edge"),
        (polygon([[179, 0], [-179, 0], [-179, 9], [179, 9], [179, 0]]), "edge"),
        (polygon(BOW_TIE), "invalid"),
        (polygon([[0, 0], [1, 1], [2, 2], [0, 0]]), "invalid"),
        (polygon([[0, 0], [0, 0], [0, 0], [0, 0]]), "invalid"),
        (polygon(SQUARE, [[7, 7], [8, 7], [8, 8], [7, 7]]), "invalid"),
        (multi([SQUARE], [[[2, 2], [6, 2], [6, 6], [2, 2]]]), "invalid"),
        (polygon(band(-90, 90)), "too_large"),
        (polygon(band(0, 90)), "too_large"),
        (polygon(band(-90, 1)), "too_large"),
        (multi([band(30, 90)], [band(-90, -29)]), "too_large"),
    ],
)
def test_doubtful_areas_are_refused_with_a_code(geojson: object, code: str) -> None:
    """None is mended; the code and the sentence say why."""
    with pytest.raises(AreaError) as error:
        parse_polygon(geojson)
    assert error.value.code == code
    assert error.value.code is AreaFault(code)
    assert "must" in error.value.detail
    assert str(error.value) == error.value.detail


def test_every_fault_has_a_case() -> None:
    """The table above leaves no code out."""
    marks = test_doubtful_areas_are_refused_with_a_code.pytestmark  # type: ignore[attr-defined]
    assert {case[1] for case in marks[0].args[1]} == set(AreaFault)


def test_the_cap_on_positions_belongs_to_the_caller() -> None:
    """Positions of all rings count together, the closing ones too."""
    parse_polygon(polygon(SQUARE, HOLE), max_vertices=10)
    with pytest.raises(AreaError, match="at most 9 positions"):
        parse_polygon(polygon(SQUARE, HOLE), max_vertices=9)


@pytest.mark.parametrize(
    ("geojson", "share"),
    [
        (polygon([[0, 0], [90, 0], [90, 90], [0, 90], [0, 0]]), 1 / 8),
        (polygon(band(30, 90)), 1 / 4),
        (polygon(band(-30, 30, 0, 90)), 1 / 8),
        (multi([band(30, 90)], [band(-90, -60)]), 1 / 4 + (1 - math.sin(math.pi / 3)) / 2),
        (
            polygon(band(30, 60, 0, 120), band(40, 50, 30, 60)[::-1]),
            (math.sin(math.pi / 3) - 0.5) / 6
            - (math.sin(math.radians(50)) - math.sin(math.radians(40))) / 24,
        ),
        # Under the line from (0, 0) to (90, 90): the integral of sin λ from 0 to a right angle.
        (polygon([[0, 0], [90, 0], [90, 90], [0, 0]]), 1 / (4 * math.pi)),
    ],
)
def test_areas_known_by_geometry(geojson: dict[str, Any], share: float) -> None:
    """Zones have the area of their cylinder, whichever way they turn."""
    assert area_m2(parse_polygon(geojson)) == pytest.approx(share * SPHERE_M2, rel=1e-12)


@pytest.mark.parametrize(
    ("lat", "lng", "inside"),
    [
        (3, 3, True),
        (0, 0, True),
        (4, 2, True),
        (2, 4, True),
        (1.5, 1.5, False),
        (1, 1.5, True),
        (1, 2, True),
        (4.000001, 2, False),
        (-1, 2, False),
    ],
)
def test_an_area_covers_its_boundary_and_not_its_holes(
    lat: float, lng: float, inside: bool
) -> None:
    """Edges, corners and the edge of a hole belong to it."""
    area = parse_polygon(polygon(SQUARE, HOLE))
    index = AreaIndex()
    index.upsert(1, area)
    assert covers(area, lat, lng) is inside
    assert index.covering(lat, lng) == [1] * inside


@pytest.mark.parametrize("lng", [180, -180])
@pytest.mark.parametrize(("west", "east"), [(170, 180), (-180, -170)])
def test_the_antimeridian_is_found_from_both_sides(lng: float, west: float, east: float) -> None:
    """A point at 180 is a point at -180."""
    area = parse_polygon(polygon(band(-20, 20, west, east)))
    index = AreaIndex()
    index.upsert(1, area)
    assert covers(area, 0, lng)
    assert index.covering(0, lng) == [1]
    assert not covers(area, 21, lng)
    assert index.covering(21, lng) == []


def test_edges_are_straight_in_latitude_and_longitude() -> None:
    """An edge along a parallel stays on it, where the great circle would leave it."""
    area = parse_polygon(polygon([[0, 40], [60, 40], [60, 50], [0, 50], [0, 40]]))
    assert covers(area, 49.999, 30)
    assert not covers(area, 50.001, 30)


@pytest.mark.parametrize(("lat", "lng"), [(NAN, 0), (0, True), (91, 0), (0, 181)])
def test_bad_points_are_refused(lat: float, lng: float) -> None:
    """A point that is none is in no area, and says so."""
    with pytest.raises(PlaceError):
        covers(parse_polygon(polygon(SQUARE)), lat, lng)
    with pytest.raises(PlaceError):
        AreaIndex().covering(lat, lng)


def test_an_empty_index_covers_nothing() -> None:
    """Neither asking nor removing fails for want of areas."""
    index = AreaIndex()
    assert index.covering(0, 0) == []
    assert index.remove(1) is False
    assert len(index) == 0
    with pytest.raises(FieldError, match="id must be"):
        index.upsert(2**63, parse_polygon(polygon(SQUARE)))


# Coordinates on a coarse grid, so that points fall on edges and corners, around ±180 and the pole.
_lngs = st.sampled_from([-180, -179, -178.5, -177, 0, 1, 2.5, 4, 177, 178.5, 179, 180])
_lats = st.sampled_from([-90, -89, -87.5, -1, 0, 1, 2.5, 4, 87, 88.5, 90])
_triangles = st.lists(st.tuples(_lngs, _lats), min_size=3, max_size=6, unique=True)


@st.composite
def areas(draw: st.DrawFn) -> dict[str, Any]:
    """A sound GeoJSON area, of one ring or of two polygons."""
    rings = draw(st.lists(_triangles, min_size=1, max_size=2))
    closed = [[[list(position) for position in (*ring, ring[0])]] for ring in rings]
    geojson = multi(*closed) if len(closed) > 1 else polygon(*closed[0])
    try:
        parse_polygon(geojson)
    except AreaError:
        corner = [draw(_lngs) * 0.9, draw(_lats) * 0.9]
        geojson = polygon(band(corner[1], corner[1] + 5, corner[0], corner[0] + 7))
    return geojson


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_covering_areas_are_those_of_the_reference(st_data: st.DataObject) -> None:
    """After any sequence of insertions and removals, at any point of the grid and between."""
    index, stored = AreaIndex(), dict[int, dict[str, Any]]()
    for _ in range(st_data.draw(st.integers(0, 10))):
        area_id = st_data.draw(st.integers(-3, 3))
        if st_data.draw(st.integers(0, 3)) == 0:
            assert index.remove(area_id) is (stored.pop(area_id, None) is not None)
        else:
            stored[area_id] = st_data.draw(areas())
            index.upsert(area_id, parse_polygon(stored[area_id]))
    assert len(index) == len(stored)
    for _ in range(10):
        lat = st_data.draw(st.one_of(_lats, st.floats(-90, 90)))
        lng = st_data.draw(st.one_of(_lngs, st.floats(-180, 180)))
        found = [key for key, area in sorted(stored.items()) if reference.covers(area, lat, lng)]
        assert index.covering(lat, lng) == found
        assert all(covers(parse_polygon(stored[key]), lat, lng) for key in found)
