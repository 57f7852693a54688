"""A drawing of labelled hexagons around a place, to choose one from without a map."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

import h3.api.basic_int as h3
from babel.units import format_unit

from board.gazetteer import Gazetteer
from board.i18n import N_, translations
from board.validation import Refused
from matcher.place import EARTH_RADIUS_M, Place, PlaceError, great_circle_m

Point = tuple[float, float]

#: Resolution of what is refined → (resolution of the hexagons, rings of them around the middle):
#: enough to cover the coarser cell, and a town that is known by its centre only.
_GRIDS: Final = {5: (7, 5), 6: (7, 3), 7: (8, 2), 8: (8, 2)}
_COARSEST, _FINEST = min(_GRIDS), max(_GRIDS)

#: Farther than this no place helps to tell where a hexagon is.
_NAMED_M: Final = 100_000

_DIRECTIONS: Final = (
    N_("%(distance)s north of %(place)s"),
    N_("%(distance)s north-east of %(place)s"),
    N_("%(distance)s east of %(place)s"),
    N_("%(distance)s south-east of %(place)s"),
    N_("%(distance)s south of %(place)s"),
    N_("%(distance)s south-west of %(place)s"),
    N_("%(distance)s west of %(place)s"),
    N_("%(distance)s north-west of %(place)s"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridHexagon:
    """One hexagon of a grid. The drawing fills a unit square, x to the east, y to the south."""

    #: H3 cell.
    cell: int
    #: A1, A2 … in reading order from the north-west, rows by letters.
    label: str
    #: Where it is, as in "Bonabéri" or "6 km north-east of Douala"; "" far from any place.
    name: str
    #: Whether `name` is that of a place inside it.
    town: bool
    #: Corners, as the `points` of an SVG polygon takes them: "x,y x,y …".
    points: str
    #: Middle, where the label goes.
    x: float
    y: float


def grid(gazetteer: Gazetteer, cell: int, locale: str, finest: int = _FINEST) -> list[GridHexagon]:
    """Hexagons to refine a cell of resolution 5 to 8 with; a finer one is coarsened to 8 first.

    Cells of 5 and 6 are refined to 7, those of 7 and 8 to 8, and none beyond `finest`. Raises
    Refused for what is no such cell.
    """
    try:
        place = Place(cell)
    except PlaceError:
        raise Refused(N_("This is not a place on the map.")) from None
    if place.resolution < _COARSEST:
        raise Refused(N_("This place is too vague; choose a town or a smaller area."))
    place = place.coarsened(min(place.resolution, _FINEST))
    return _grid(gazetteer, place.center, place.resolution, locale, finest)


def grid_of_place(
    gazetteer: Gazetteer, place_id: int, locale: str, finest: int = _FINEST
) -> list[GridHexagon]:
    """Hexagons to refine a place of the gazetteer with, around its centre. Raises Refused."""
    found = gazetteer.get(place_id, locale)
    if found is None:
        raise Refused(N_("Choose one of the places of the list."))
    return _grid(gazetteer, (found.lat, found.lng), found.resolution, locale, finest)


def _grid(
    gazetteer: Gazetteer, center: Point, resolution: int, locale: str, finest: int
) -> list[GridHexagon]:
    hexagon_resolution, rings = _GRIDS[resolution]
    middle = Place.at(*center, min(hexagon_resolution, finest))
    cells = [Place(cell) for cell in h3.grid_disk(middle.cell, rings)]
    plane = _Plane(middle.center, cells)
    hexagons = []
    for place, label in _labelled(cells, plane):
        name, town = _where(gazetteer, place, locale)
        x, y = plane.point(place.center)
        points = " ".join("{:.4f},{:.4f}".format(*plane.point(at)) for at in place.boundary())
        hexagons.append(
            GridHexagon(
                cell=place.cell,
                label=label,
                name=name,
                town=town,
                points=points,
                x=round(x, 4),
                y=round(y, 4),
            )
        )
    return hexagons


class _Plane:
    """The plane that touches the Earth at the middle of a grid, scaled to a unit square.

    Over some ten kilometres this is the equirectangular projection to within a pixel, and it has
    no seam at ±180 and works at the poles.
    """

    def __init__(self, middle: Point, cells: Iterable[Place]) -> None:
        self._phi, self._theta = (math.radians(degrees) for degrees in middle)
        self._least, self._scale = (0.0, 0.0), 1.0
        corners = [self.point(corner) for cell in cells for corner in cell.boundary()]
        xs, ys = zip(*corners, strict=True)
        size = max(max(xs) - min(xs), max(ys) - min(ys))
        # The shorter side is centred.
        self._least = ((min(xs) + max(xs) - size) / 2, (min(ys) + max(ys) - size) / 2)
        self._scale = 1 / size

    def point(self, at: Point) -> Point:
        """(x, y) of a point given as (lat, lng) in degrees."""
        phi, theta = math.radians(at[0]), math.radians(at[1]) - self._theta
        east = math.cos(phi) * math.sin(theta)
        north = math.cos(self._phi) * math.sin(phi)
        north -= math.sin(self._phi) * math.cos(phi) * math.cos(theta)
        return (east - self._least[0]) * self._scale, (-north - self._least[1]) * self._scale

    @property
    def unit_m(self) -> float:
        """Length of a side of the square in metres."""
        return EARTH_RADIUS_M / self._scale


def _labelled(cells: list[Place], plane: _Plane) -> list[tuple[Place, str]]:
    """The cells in reading order with their labels.

    The rows of H3 are rarely level: a row of labels is a band of the drawing, as high as the rows
    of a level grid would be.
    """
    centers = {place: plane.point(place.center) for place in cells}
    top = min(y for _, y in centers.values())
    row_height = 1.5 * _edge_m(cells) / plane.unit_m
    bands: dict[int, list[Place]] = {}
    for place, (_, y) in centers.items():
        bands.setdefault(int((y - top) / row_height), []).append(place)
    return [
        (place, f"{ascii_uppercase[row]}{column}")
        for row, band in enumerate(bands[key] for key in sorted(bands))
        for column, place in enumerate(sorted(band, key=lambda place: centers[place][0]), 1)
    ]


def _edge_m(cells: list[Place]) -> float:
    """Mean distance from the centre of a cell to its corners."""
    lengths = [
        great_circle_m(*place.center, *corner) for place in cells for corner in place.boundary()
    ]
    return sum(lengths) / len(lengths)


def _where(gazetteer: Gazetteer, place: Place, locale: str) -> tuple[str, bool]:
    """Words for where a cell is, and whether they are the name of a place inside it."""
    near = gazetteer.nearest(*place.center, locale)
    if near is None:
        return "", False
    if Place.at(near.lat, near.lng, place.resolution) == place:
        return near.name, True
    distance_m = great_circle_m(near.lat, near.lng, *place.center)
    if distance_m > _NAMED_M:
        return "", False
    kilometres = max(1, round(distance_m / 1000))
    length = format_unit(kilometres, "length-kilometer", "short", locale=locale)
    eighth = round(_bearing((near.lat, near.lng), place.center) / 45) % 8
    words = translations(locale).gettext(_DIRECTIONS[eighth])
    return words % {"distance": length, "place": near.name}, False


def _bearing(start: Point, end: Point) -> float:
    """Initial bearing of the great circle from one point to another in degrees from north."""
    phi_a, phi_b = math.radians(start[0]), math.radians(end[0])
    dlambda = math.radians(end[1] - start[1])
    east = math.sin(dlambda) * math.cos(phi_b)
    north = math.cos(phi_a) * math.sin(phi_b)
    north -= math.sin(phi_a) * math.cos(phi_b) * math.cos(dlambda)
    return math.degrees(math.atan2(east, north)) % 360
