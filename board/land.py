"""The land around a view of the map: Natural Earth's countries, cut to what one sees.

The whole file is 230 kB compressed, of which a view of a town needs one hundredth.
Source: npm package world-atlas, Natural Earth 1:50m, TopoJSON (https://github.com/topojson).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

import h3.api.basic_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray

from board.errors import BoardError
from matcher.place import Place

ATLAS: Final = (
    Path(__file__).resolve().parent.parent / "node_modules/world-atlas/countries-50m.json"
)
#: Half the side of what is cut out, in widths of the cell: the map asks for a cell of at least a
#: fifth of its view, in the middle of the view or less than a width from it.
REACH: Final = 3.2
#: Degrees of latitude, in kilometres; and the last one that a Mercator map shows.
_DEGREE_KM: Final = 111.2
_LAST_LATITUDE: Final = 85.06
#: Decimals of a degree: about 100 m, finer than the atlas is.
_DECIMALS: Final = 3

Ring = NDArray[np.float64]


class AtlasMissing(BoardError):
    """The file of the countries is not installed, or is another thing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} holds no countries; install it: npm install")


class Land:
    """Polygons of land, x east and y north in degrees, unrolled across ±180."""

    def __init__(self, polygons: Sequence[shapely.Polygon]) -> None:
        self._polygons = np.asarray(polygons, dtype=object)
        self._tree = shapely.STRtree(self._polygons)

    @classmethod
    def load(cls, path: Path = ATLAS) -> Self:
        """Read the atlas; raises AtlasMissing."""
        try:
            topology = json.loads(path.read_text(encoding="utf-8"))
            return cls(list(_polygons(topology)))
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise AtlasMissing(path) from error

    def around(self, cell: Place) -> list[list[list[tuple[float, float]]]]:
        """Coordinates of a GeoJSON MultiPolygon: the land in a square around a cell's centre.

        Longitudes are continuous around the centre and may leave −180 to 180.
        """
        west, south, east, north = square(cell)
        found: list[list[list[tuple[float, float]]]] = []
        for turn in (-360.0, 0.0, 360.0):
            bounds = (west + turn, south, east + turn, north)
            near = self._polygons[self._tree.query(shapely.box(*bounds))]
            for part in shapely.get_parts(shapely.clip_by_rect(near, *bounds)):
                if part.geom_type == "Polygon" and not part.is_empty:
                    found.append(
                        [_rounded(ring, turn) for ring in (part.exterior, *part.interiors)]
                    )
        return found


def square(cell: Place) -> tuple[float, float, float, float]:
    """West, south, east and north of what the map shows around a cell, a square on its paper."""
    lat, lng = cell.center
    width_km = 2 * h3.average_hexagon_edge_length(cell.resolution, unit="km")
    half = REACH * width_km / _DEGREE_KM
    wide = min(half / max(math.cos(math.radians(lat)), 0.01), 180.0)
    south, north = (
        max(-_LAST_LATITUDE, min(lat + side * half, _LAST_LATITUDE)) for side in (-1, 1)
    )
    return lng - wide, south, lng + wide, north


def _rounded(ring: shapely.LinearRing, turn: float) -> list[tuple[float, float]]:
    return [(round(x - turn, _DECIMALS), round(y, _DECIMALS)) for x, y in ring.coords]


def _polygons(topology: dict[str, Any]) -> Iterator[shapely.Polygon]:
    """Each polygon of each country."""
    scale, translate = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + translate for arc in topology["arcs"]]
    for country in topology["objects"]["countries"]["geometries"]:
        if country["type"] is None:
            continue
        single = country["type"] == "Polygon"
        for rings in [country["arcs"]] if single else country["arcs"]:
            yield from _areas([_unrolled(_stitched(ring, arcs)) for ring in rings])


def _areas(rings: list[Ring]) -> Iterator[shapely.Polygon]:
    """What lies in an odd number of the rings, each turned to where the first one is.

    Antarctica comes as a ring about the pole, with its coast for a hole.
    """
    middle = 0.0
    whole = shapely.Polygon()
    for number, ring in enumerate(rings):
        own = (ring[:, 0].min() + ring[:, 0].max()) / 2
        turn = 360 * round((middle - own) / 360)
        middle = middle if number else own + turn
        area = shapely.make_valid(shapely.Polygon(np.add(ring, (turn, 0.0))))
        whole = whole.symmetric_difference(area) if number else area
    yield from (part for part in shapely.get_parts(whole) if part.geom_type == "Polygon")


def _stitched(ring: Sequence[int], arcs: Sequence[Ring]) -> Ring:
    """The points of a ring: arcs follow one another, a negative number is one turned round (~i)."""
    parts = [arcs[index] if index >= 0 else arcs[~index][::-1] for index in ring]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def _unrolled(ring: Ring) -> Ring:
    """The ring with longitudes that never jump; one around a pole is closed over the pole."""
    lng = np.unwrap(ring[:, 0], period=360.0)
    points = np.column_stack([lng, ring[:, 1]])
    if abs(lng[-1] - lng[0]) > 180:
        pole = math.copysign(90.0, ring[0, 1])
        points = np.vstack([points, [lng[-1], pole], [lng[0], pole], points[:1]])
    return points
