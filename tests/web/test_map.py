"""Hexagons on a flat map: cut at the antimeridian, closed over the poles."""

from __future__ import annotations

import h3.api.basic_int as h3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import Point, Polygon

from matcher.place import Place
from web.map import hexagon_geometry, split_at_antimeridian

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
resolutions = st.integers(0, 9)


def polygons(cell: Place) -> list[Polygon]:
    """The parts of a cell on the map, x east and y north."""
    return [
        Polygon([(lng, lat) for lat, lng in part])
        for part in split_at_antimeridian(cell.boundary())
    ]


@given(lat=latitudes, lng=longitudes, resolution=resolutions)
@example(lat=90.0, lng=0.0, resolution=0)
@example(lat=-90.0, lng=0.0, resolution=3)
@example(lat=0.0, lng=180.0, resolution=2)
@example(lat=-16.5, lng=-180.0, resolution=5)
def test_a_cell_is_drawn_within_the_map_and_around_its_centre(
    lat: float, lng: float, resolution: int
) -> None:
    """Valid parts from −180 to 180 that hold the centre of the cell."""
    cell = Place.at(lat, lng, resolution)
    parts = polygons(cell)
    assert parts
    for part in parts:
        assert part.is_valid
        west, south, east, north = part.bounds
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90
    center_lat, center_lng = cell.center
    assert any(part.distance(Point(center_lng, center_lat)) < 1e-6 for part in parts)


@given(lat=latitudes, lng=longitudes, resolution=st.integers(3, 9))
def test_only_a_cell_on_the_seam_is_cut(lat: float, lng: float, resolution: int) -> None:
    """One part, unless the corners lie on both sides of ±180 or around a pole."""
    cell = Place.at(lat, lng, resolution)
    corner_longitudes = [corner_lng for _, corner_lng in cell.boundary()]
    on_seam = max(corner_longitudes) - min(corner_longitudes) > 180
    assert (len(polygons(cell)) > 1) <= on_seam


@pytest.mark.parametrize("latitude", [90.0, -90.0])
@pytest.mark.parametrize("resolution", [0, 2, 5])
def test_a_polar_cell_reaches_its_pole_all_around(latitude: float, resolution: int) -> None:
    """The cell around a pole is a band from −180 to 180."""
    parts = polygons(Place.at(latitude, 0.0, resolution))
    assert sum(part.bounds[2] - part.bounds[0] for part in parts) == pytest.approx(360)
    assert any(part.bounds[3 if latitude > 0 else 1] == latitude for part in parts)


def test_the_grid_of_the_world_covers_the_map_once() -> None:
    """All 122 cells of resolution 0 together have the area of the map."""
    area = sum(part.area for cell in h3.get_res0_cells() for part in polygons(Place(cell)))
    assert area == pytest.approx(360 * 180, rel=0.02)


def test_a_cut_cell_is_a_multipolygon() -> None:
    """GeoJSON says it in the way of RFC 7946."""
    taveuni = Place.at(-16.85, 179.999, 5)
    geometry = hexagon_geometry(taveuni.hex)
    assert geometry["type"] == "MultiPolygon"
    assert all(ring[0] == ring[-1] for (ring,) in geometry["coordinates"])
    assert hexagon_geometry(Place.at(4, 9.7, 7).hex)["type"] == "Polygon"
