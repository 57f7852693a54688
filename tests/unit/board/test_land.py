"""The land around a view: the same as that of the whole atlas, and little of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, shape

from board.countries import Countries
from board.land import ATLAS, AtlasMissing, Land, square
from matcher.place import Place


@pytest.fixture(scope="module")
def land() -> Land:
    """The atlas, read once."""
    return Land.load()


def drawn(land: Land, cell: Place) -> MultiPolygon:
    """What the map would draw."""
    return shape({"type": "MultiPolygon", "coordinates": land.around(cell)})


@pytest.mark.parametrize(
    ("place", "lat", "lng", "on_land"),
    [
        ("Yaoundé", 3.867, 11.517, True),
        ("off Douala", 3.0, 8.0, False),
        ("Saint-Denis, Réunion", -20.95, 55.5, True),
        ("the middle of Fiji, across the seam", -16.55, 179.35, True),
        ("Wrangel, across the seam", 71.2, -179.5, True),
        ("the South Pole", -84.0, 0.0, True),
        ("Lesotho, a hole of South Africa", -29.5, 28.2, True),
        ("the Caspian Sea", 42.0, 50.5, False),
    ],
)
@pytest.mark.parametrize("resolution", [2, 4])
def test_land_is_where_land_is(
    land: Land, place: str, lat: float, lng: float, on_land: bool, resolution: int
) -> None:
    """Islands, seams, poles, holes."""
    cell = Place.at(lat, lng, resolution)
    # Longitudes are continuous around the middle of the cell.
    turned = [lng + turn for turn in (-360, 0, 360)]
    near = min(turned, key=lambda each: abs(each - cell.center[1]))
    assert drawn(land, cell).intersects(shapely.Point(near, lat)) == on_land, place


@settings(deadline=None, max_examples=60)
@given(lat=st.floats(-80, 80), lng=st.floats(-180, 180), resolution=st.integers(0, 6))
@example(lat=-17.0, lng=180.0, resolution=3)
@example(lat=66.0, lng=-180.0, resolution=1)
def test_what_is_cut_out_is_the_atlas_there(
    land: Land, lat: float, lng: float, resolution: int
) -> None:
    """In area, against every polygon of the atlas; and nothing lies beyond the square."""
    cell = Place.at(lat, lng, resolution)
    west, south, east, north = square(cell)
    cut = [
        shapely.clip_by_rect(land._polygons, west + turn, south, east + turn, north)
        for turn in (-360, 0, 360)
    ]
    expected = float(shapely.area(cut).sum())
    found = land.around(cell)
    whole = (east - west) * (north - south)
    area = sum(shapely.Polygon(shell, holes).area for shell, *holes in found)
    assert area == pytest.approx(expected, abs=0.02 * whole)
    for shell, *_ in found:
        for x, y in shell:
            assert west - 0.001 <= x <= east + 0.001
            assert south - 0.001 <= y <= north + 0.001


@pytest.mark.parametrize(("resolution", "kilobytes"), [(7, 1), (4, 3), (2, 30), (1, 120)])
def test_a_view_weighs_little(land: Land, resolution: int, kilobytes: float) -> None:
    """Of the Aegean, which has more coast than most."""
    text = json.dumps(land.around(Place.at(38.0, 24.0, resolution)))
    assert len(gzip.compress(text.encode())) < kilobytes * 1000


def test_the_atlas_agrees_with_the_borders(land: Land) -> None:
    """Another source, which draws coasts generously: it calls land what is land here."""
    countries = Countries.load()
    points = [(lat, lng) for lat in range(-55, 70, 5) for lng in range(-175, 180, 5)]
    ashore = [
        (lat, lng)
        for lat, lng in points
        if drawn(land, Place.at(lat, lng, 3)).intersects(shapely.Point(lng, lat))
    ]
    assert len(ashore) > 400
    assert [point for point in ashore if not countries.of(*point)] == []


@pytest.mark.parametrize("content", ["", "{}", '{"transform": 1}', "[]"])
def test_a_file_that_is_no_atlas_is_named(tmp_path: Path, content: str) -> None:
    """With what to do."""
    path = tmp_path / "countries.json"
    with pytest.raises(AtlasMissing, match="npm install"):
        Land.load(path)
    path.write_text(content)
    with pytest.raises(AtlasMissing, match=r"countries\.json"):
        Land.load(path)
    assert ATLAS.is_file()
