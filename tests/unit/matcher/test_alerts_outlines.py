"""Areas in kernels: sides are never told wrongly, and discs never promise too much."""

import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.alerts import Alert, AlertIndex
from matcher.alerts.outlines import (
    DOUBTFUL,
    INSIDE,
    OUTSIDE,
    bounds,
    inner_chord,
    outer_chord,
    side_of,
)
from matcher.areas import Area, AreaError, parse_polygon
from matcher.place import Place
from tests import reference
from tests.unit.matcher import worlds
from tests.unit.matcher.worlds import listing

# Points fall on edges and corners, around ±180 and the pole.
_lngs = st.sampled_from([-180.0, -179.0, -178.5, -177.0, 0.0, 1.0, 2.5, 4.0, 177.0, 178.5, 180.0])
_lats = st.sampled_from([-90.0, -89.0, -1.0, 0.0, 1.0, 2.5, 4.0, 87.0, 88.5, 90.0])
_positions = st.tuples(_lngs, _lats)


class Outline:
    """An area as the kernels read it."""

    def __init__(self, area: Area) -> None:
        self.area = area
        self._bytes = np.frombuffer(
            shapely.to_wkb(area, output_dimension=2, byte_order=1), dtype=np.uint8
        )
        self.address: int = self._bytes.ctypes.data

    def covers(self, lat: float, lng: float) -> bool:
        """The truth in rational numbers."""
        return reference.covers(self.area.__geo_interface__, lat, lng)

    def center(self) -> tuple[float, float, bool, float]:
        """Centre in radians, whether longitudes go on beyond 180, and half the height."""
        west, south, east, north, wrapped = bounds(self.address)
        phi, lambda_ = math.radians((south + north) / 2), math.radians((west + east) / 2)
        return phi, lambda_, wrapped, math.radians(north - south) / 2


@st.composite
def areas(draw: st.DrawFn) -> Area:
    """One to three triangles, some with a hole or touching each other."""
    polygons = []
    for _ in range(draw(st.integers(1, 3))):
        corners = draw(st.lists(_positions, min_size=3, max_size=6, unique=True))
        rings = [[*corners, corners[0]]]
        if draw(st.booleans()):
            (x, y), size = np.mean(corners[:3], axis=0), draw(st.sampled_from([0.1, 0.5]))
            hole = [(x - size, y - size), (x + size, y - size), (x, y + size)]
            rings.append([*hole, hole[0]])
        polygons.append(rings)
    try:
        return parse_polygon({"type": "MultiPolygon", "coordinates": polygons})
    except AreaError:
        x, y = polygons[0][0][0][0] * 0.9, polygons[0][0][0][1] * 0.9
        corners = [(x, y), (x + 7, y), (x + 7, y + 5), (x, y + 5)]
        return parse_polygon({"type": "Polygon", "coordinates": [[*corners, corners[0]]]})


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_side_is_true_or_doubtful(st_data: st.DataObject) -> None:
    """On the grid, between its lines, and on edges; on corners there is no doubt."""
    outline = Outline(st_data.draw(areas()))
    for _ in range(10):
        lat = st_data.draw(st.one_of(_lats, st.floats(-90, 90)))
        lng = st_data.draw(st.one_of(_lngs, st.floats(-180, 180)))
        truth = INSIDE if outline.covers(lat, lng) else OUTSIDE
        assert side_of(outline.address, lat, lng) in (truth, DOUBTFUL)


@pytest.mark.parametrize(
    ("lat", "lng", "side"),
    [
        (1.0, 1.0, INSIDE),
        (0.0, 1.0, INSIDE),
        (0.0, 0.0, INSIDE),
        (4.0, 2.0, INSIDE),
        (4.1, 2.0, OUTSIDE),
        (2.0, 2.0, DOUBTFUL),
        (math.nextafter(2.0, 3), 2.0, OUTSIDE),
        (math.nextafter(2.0, 1), 2.0, INSIDE),
    ],
)
def test_only_slanted_edges_leave_doubt(lat: float, lng: float, side: int) -> None:
    """A hair beside them there is none."""
    corners = [[0, 0], [4, 0], [4, 4], [2, 4], [2.5, 2.5], [0, 0]]
    outline = Outline(parse_polygon({"type": "Polygon", "coordinates": [corners]}))
    assert side_of(outline.address, lat, lng) in (side, DOUBTFUL)
    assert outline.covers(lat, lng) is (side != OUTSIDE)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_discs_hold_what_they_promise(st_data: st.DataObject) -> None:
    """Within the inner disc all is inside, beyond the outer one nothing."""
    lat, lng = st_data.draw(worlds.points())
    size = st_data.draw(st.sampled_from([1e-4, 0.01, 0.5, 5.0, 20.0]))
    turns = sorted(st_data.draw(st.sets(st.integers(0, 23), min_size=4, max_size=12)))
    reach = [size * st_data.draw(st.floats(0.3, 1)) for _ in turns]
    wide = 1 / max(0.05, math.cos(math.radians(lat)))
    corners = [
        (
            min(180.0, max(-180.0, lng + wide * far * math.cos(turn * math.pi / 12))),
            min(90.0, max(-90.0, lat + far * math.sin(turn * math.pi / 12))),
        )
        for turn, far in zip(turns, reach, strict=True)
    ]
    try:
        outline = Outline(
            parse_polygon({"type": "Polygon", "coordinates": [[*corners, corners[0]]]})
        )
    except AreaError:
        return
    phi, lambda_, wrapped, rise = outline.center()
    inner = inner_chord(outline.address, phi, lambda_, wrapped, rise)
    outer = outer_chord(outline.address, phi, lambda_, wrapped, rise)
    assert inner <= outer
    for _ in range(12):
        far, turn = st_data.draw(st.floats(0, 1.5)) * size, st_data.draw(st.floats(0, 7))
        point = worlds.moved(
            math.degrees(phi),
            math.degrees(lambda_),
            far * math.sin(turn),
            wide * far * math.cos(turn),
        )
        chord = math.dist(_vector(*point), _vector(math.degrees(phi), math.degrees(lambda_)))
        inside = outline.covers(*point)
        assert not (chord < inner and not inside)
        assert not (chord > outer and inside)


def _vector(lat: float, lng: float) -> tuple[float, float, float]:
    phi, lambda_ = math.radians(lat), math.radians(lng)
    flat = math.cos(phi)
    return flat * math.cos(lambda_), flat * math.sin(lambda_), math.sin(phi)


def test_boxes_go_on_beyond_180() -> None:
    """An area that is split there is as narrow as it is, not as wide as the globe."""
    west = [[170, -5], [180, -5], [180, 5], [170, 5], [170, -5]]
    east = [[-180, -5], [-175, -5], [-175, 5], [-180, 5], [-180, -5]]
    outline = Outline(parse_polygon({"type": "MultiPolygon", "coordinates": [[west], [east]]}))
    assert bounds(outline.address) == (170, -5, 185, 5, True)
    phi, lambda_, wrapped, rise = outline.center()
    assert outer_chord(outline.address, phi, lambda_, wrapped, rise) < 0.2


_AROUND: dict[str, list[tuple[float, float]]] = {
    "a corner": [(0, 0), (1, 0), (1, 1)],
    "an edge along a parallel": [(-1, 0), (1, 0), (0, 1)],
    "an edge along a meridian": [(0, -1), (1, 0), (0, 1)],
    "an edge aslant": [(-1, -1), (1, 1), (-1, 1)],
    "all around": [(-1, -1), (1, -1), (0, 1)],
    "beside": [(0.001, -1), (1, 0), (0.001, 1)],
}


@pytest.mark.parametrize("corners", _AROUND.values(), ids=_AROUND.keys())
@pytest.mark.parametrize("point", [*worlds.HOTSPOTS, (48.85, 2.35), (-33.9, 151.2)], ids=str)
def test_areas_that_touch_the_very_centre_of_a_cell(
    corners: list[tuple[float, float]], point: tuple[float, float]
) -> None:
    """A boundary through the listing's point counts as the reference says, to the last bit."""
    cell = Place.at(*point, 8).cell
    lat, lng = Place(cell).center
    size = min(0.5, 90 - abs(lat), 180 - abs(lng))
    ring = [(lng + size * x, lat + size * y) for x, y in corners]
    geojson: dict[str, Any] = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    index, alert = AlertIndex(), Alert(id=1, owner=900, area=parse_polygon(geojson))
    index.upsert(alert)
    one = listing(cell=cell)
    assert list(index.hits(one)) == reference.hits([alert], one)
