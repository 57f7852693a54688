"""Polygons on the globe: read from GeoJSON and refused when doubtful, and found by a point.

Edges are straight in latitude and longitude, and do not cross ±180: an area that does is split
there into a MultiPolygon. Longitudes 180 and -180 are the same meridian.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import shapely
from rtree.index import Index as RTree
from shapely.geometry import MultiPolygon, Polygon

from matcher.errors import FieldError, check_int64
from matcher.place import EARTH_RADIUS_M, check_coordinates

#: What parse_polygon gives.
Area: TypeAlias = Polygon | MultiPolygon

# Half the globe, less what rounding may lose: exactly half is refused for certain.
_TOO_LARGE_M2 = 2 * math.pi * EARTH_RADIUS_M**2 * (1 - 1e-12)
_LARGEST_STEP = 180.0
_FEWEST_POSITIONS = 4

_Ring = list[tuple[float, float]]


class AreaFault(StrEnum):
    """Why an area is refused."""

    #: Not a GeoJSON Polygon or MultiPolygon, nor a Feature of one.
    TYPE = "type"
    #: No polygon in it.
    EMPTY = "empty"
    #: Coordinates that are not lists of positions [longitude, latitude].
    POSITION = "position"
    #: A coordinate that is not a finite number in range.
    NUMBER = "number"
    #: A ring of fewer than four positions.
    TOO_FEW = "too_few"
    #: More positions in all than are allowed.
    TOO_MANY = "too_many"
    #: A ring whose last position is not its first.
    UNCLOSED = "unclosed"
    #: An edge over 180 degrees of longitude or more.
    EDGE = "edge"
    #: A polygon that crosses or touches itself, or a hole outside of it.
    INVALID = "invalid"
    #: As large as half the globe, or larger.
    TOO_LARGE = "too_large"


class AreaError(ValueError):
    """A polygon that is refused; none is ever mended."""

    def __init__(self, code: AreaFault, detail: str) -> None:
        super().__init__(detail)
        #: Which rule is broken; compares equal to its text.
        self.code = code
        #: One English sentence: what was wrong and what is accepted.
        self.detail = detail


def parse_polygon(geojson: object, max_vertices: int = 500) -> Area:
    """The shapely geometry (x = lng, y = lat) of a GeoJSON object, or AreaError.

    Takes a Polygon or MultiPolygon, or a Feature of one, as `json.loads` gives it, with at most
    `max_vertices` positions in all (the closing ones count). An altitude is checked and left out.
    """
    kind, coordinates = _coordinates(geojson)
    budget = max_vertices
    polygons: list[Area] = []
    for polygon in [coordinates] if kind == "Polygon" else coordinates:
        rings: list[_Ring] = []
        for ring in _items(polygon, "a polygon must be a list of rings"):
            positions = _items(ring, "a ring must be a list of positions")
            budget -= len(positions)
            if budget < 0:
                detail = f"an area must have at most {max_vertices} positions in all"
                raise AreaError(AreaFault.TOO_MANY, detail)
            rings.append(_ring(positions))
        if not rings:
            raise AreaError(AreaFault.EMPTY, "a polygon must have a ring")
        polygons.append(Polygon(rings[0], rings[1:]))
    return _validated(polygons[0] if kind == "Polygon" else MultiPolygon(polygons))


def covers(geometry: Area, lat: float, lng: float) -> bool:
    """Whether the point, in degrees, lies in the area or on its boundary. Raises PlaceError."""
    check_coordinates(lat, lng)
    return any(bool(shapely.intersects_xy(geometry, x, y)) for x, y in _points_xy(lat, lng))


def area_m2(geometry: Area) -> float:
    """Area in square metres on the sphere, edges being straight in latitude and longitude."""
    polygons = geometry.geoms if isinstance(geometry, MultiPolygon) else (geometry,)
    steradians = 0.0
    for polygon in polygons:
        steradians += _ring_steradians(polygon.exterior.coords)
        steradians -= sum(_ring_steradians(hole.coords) for hole in polygon.interiors)
    return steradians * EARTH_RADIUS_M**2


class AreaIndex:
    """Areas by id, and which of them cover a point."""

    def __init__(self) -> None:
        self._areas: dict[int, Area] = {}
        self._tree = RTree(interleaved=True)

    def __len__(self) -> int:
        return len(self._areas)

    def __contains__(self, area_id: object) -> bool:
        return area_id in self._areas

    def upsert(self, area_id: int, geometry: Area) -> None:
        """Put in an area of parse_polygon, or replace the one of the same id."""
        check_int64(FieldError, "id", area_id)
        self.remove(area_id)
        shapely.prepare(geometry)
        self._areas[area_id] = geometry
        self._tree.insert(area_id, geometry.bounds)

    def remove(self, area_id: int) -> bool:
        """Take out an area; False, and no change, when there is none of this id."""
        geometry = self._areas.pop(area_id, None)
        if geometry is None:
            return False
        self._tree.delete(area_id, geometry.bounds)
        return True

    def covering(self, lat: float, lng: float) -> list[int]:
        """Ids, ascending, of the areas that cover a point in degrees. Raises PlaceError."""
        check_coordinates(lat, lng)
        found: set[int] = set()
        for x, y in _points_xy(lat, lng):
            ids = list(self._tree.intersection((x, y, x, y)))
            inside = shapely.intersects_xy(np.array([self._areas[i] for i in ids]), x, y)
            found.update(area_id for area_id, hit in zip(ids, inside, strict=True) if hit)
        return sorted(found)


def _points_xy(lat: float, lng: float) -> Iterator[tuple[float, float]]:
    """The point in shapely's order x, y, and again from the other side of ±180."""
    yield lng, lat
    if abs(lng) == 180:
        yield -lng, lat


def _coordinates(geojson: object) -> tuple[str, Sequence[object]]:
    """The type of the geometry and its coordinates, which are not yet checked."""
    if isinstance(geojson, Mapping) and geojson.get("type") == "Feature":
        geojson = geojson.get("geometry")
    if not isinstance(geojson, Mapping) or geojson.get("type") not in ("Polygon", "MultiPolygon"):
        raise AreaError(AreaFault.TYPE, "an area must be a GeoJSON Polygon or MultiPolygon")
    coordinates = _items(geojson.get("coordinates"), "coordinates must be a list")
    if not coordinates:
        raise AreaError(AreaFault.EMPTY, "an area must have at least one polygon")
    return geojson["type"], coordinates


def _items(value: object, detail: str) -> Sequence[object]:
    if not isinstance(value, (list, tuple)):
        raise AreaError(AreaFault.POSITION, detail)
    return value


def _ring(positions: Sequence[object]) -> _Ring:
    """A closed ring as (x, y) pairs, each rule of a single ring checked."""
    if len(positions) < _FEWEST_POSITIONS:
        detail = f"a ring must have at least {_FEWEST_POSITIONS} positions"
        raise AreaError(AreaFault.TOO_FEW, detail)
    ring = [_position(position) for position in positions]
    if ring[0] != ring[-1]:
        raise AreaError(AreaFault.UNCLOSED, "a ring must end with the position it starts with")
    for (x, _), (next_x, _) in pairwise(ring):
        if abs(next_x - x) >= _LARGEST_STEP:
            detail = "an edge must span less than 180 degrees of longitude: split areas at ±180"
            raise AreaError(AreaFault.EDGE, detail)
    return ring


def _position(position: object) -> tuple[float, float]:
    """One position as (x, y) = (lng, lat)."""
    if not isinstance(position, (list, tuple)) or len(position) not in (2, 3):
        detail = "a position must be [longitude, latitude], with or without an altitude"
        raise AreaError(AreaFault.POSITION, detail)
    limits = (("longitude", 180.0), ("latitude", 90.0), ("altitude", 1e9))
    for value, (name, limit) in zip(position, limits, strict=False):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        # NaN fails the comparison, and so do the infinities.
        if not (number and -limit <= value <= limit):
            detail = f"a {name} must be a finite number from {-limit:g} to {limit:g}"
            raise AreaError(AreaFault.NUMBER, detail)
    return float(position[0]), float(position[1])


def _validated(geometry: Area) -> Area:
    """The geometry, if it is valid and small enough."""
    if not shapely.is_valid(geometry):
        detail = "an area must be valid: rings that do not cross, and holes inside of them"
        raise AreaError(AreaFault.INVALID, detail)
    if area_m2(geometry) >= _TOO_LARGE_M2:
        raise AreaError(AreaFault.TOO_LARGE, "an area must be smaller than half the globe")
    return geometry


def _ring_steradians(coordinates: Iterable[tuple[float, ...]]) -> float:
    """Area of a ring on the unit sphere.

    A cylinder around the sphere keeps areas (Archimedes): the area is that of the ring in the
    plane of longitude and sine of latitude, by Green's theorem the integral of sin φ dλ around
    it. Along an edge that is straight in λ and φ, with mean latitude m and half its span h, the
    integral is Δλ · sin m · sin h / h.
    """
    xy = np.radians(np.array(coordinates, dtype=np.float64)[:, :2])
    dlambda = np.diff(xy[:, 0])
    mean = (xy[1:, 1] + xy[:-1, 1]) / 2
    half = (xy[1:, 1] - xy[:-1, 1]) / 2
    # NumPy's sinc(x) is sin(πx) / πx, and 1 at 0.
    return abs(float(np.sum(dlambda * np.sin(mean) * np.sinc(half / np.pi))))
