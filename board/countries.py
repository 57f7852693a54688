"""Which country a point lies in, and what countries are called.

The borders are those of the npm package @rapideditor/country-coder, drawn generously at coasts.
Names are those of Unicode CLDR.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self

import shapely
from babel import Locale
from shapely.geometry import shape

from board.errors import BoardError
from matcher.place import check_coordinates

BORDERS: Final = (
    Path(__file__).resolve().parent.parent
    / "node_modules/@rapideditor/country-coder/src/data/borders.json"
)

#: Wikidata id → code, where the borders follow who holds the ground. The gazetteer and ISO 3166-2
#: list these places elsewhere, and a place must have one country throughout the board.
_LISTED_ELSEWHERE: Final = {"Q7835": "UA", "Q23681": "CY"}


class BordersMissing(BoardError):
    """The file of the borders is not installed, or is another thing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} holds no borders; install it: npm install")


class Countries:
    """The countries of the world and their territories that have a code of their own."""

    def __init__(self, areas: Sequence[tuple[str, shapely.Geometry]]) -> None:
        """Take (code, area) pairs; `load` reads them."""
        # The smallest first: where two overlap, the more particular is meant.
        ordered = sorted(areas, key=lambda pair: (pair[1].area, pair[0]))
        #: ISO 3166-1 alpha-2 codes, and XK for Kosovo.
        self.codes: frozenset[str] = frozenset(code for code, _ in ordered)
        self._code_of = [code for code, _ in ordered]
        geometries = [area for _, area in ordered]
        shapely.prepare(geometries)
        self._areas = geometries
        self._tree = shapely.STRtree(geometries)

    @classmethod
    def load(cls, path: Path = BORDERS) -> Self:
        """Read the borders; raises BordersMissing."""
        try:
            features = json.loads(path.read_text(encoding="utf-8"))["features"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise BordersMissing(path) from error
        every = [feature["properties"] for feature in features]
        official = {p["wikidata"]: p["iso1A2"] for p in every if _has_own_code(p)}
        official |= {p["iso1A2"]: p["iso1A2"] for p in every if _has_own_code(p)}
        coded = (
            (_code(feature["properties"], official), feature["geometry"]) for feature in features
        )
        return cls([(code, shape(geometry)) for code, geometry in coded if code and geometry])

    def of(self, lat: float, lng: float) -> str:
        """Code of the country that a point in degrees lies in; "" at sea and where there is none.

        Overseas territories have codes of their own. Raises matcher.place.PlaceError.
        """
        check_coordinates(lat, lng)
        # The borders are cut at the antimeridian, which belongs to both sides.
        sides = [(lng, lat), (-lng, lat)] if abs(lng) == 180 else [(lng, lat)]
        points = shapely.points(sides)
        found = self._tree.query(points, predicate="intersects")[1]
        return self._code_of[int(found.min())] if found.size else ""

    def cover(self, codes: Collection[str], area: shapely.Geometry) -> bool:
        """Whether an area (x = lng, y = lat) lies within these countries taken together."""
        wanted = [
            each for each, code in zip(self._areas, self._code_of, strict=True) if code in codes
        ]
        return bool(wanted) and bool(shapely.covers(shapely.union_all(wanted), area))

    def bounds(self, codes: Collection[str]) -> tuple[float, float, float, float]:
        """South, west, north and east, in degrees, of these countries; the globe for none."""
        wanted = [
            each for each, code in zip(self._areas, self._code_of, strict=True) if code in codes
        ]
        if not wanted:
            return -60.0, -180.0, 75.0, 180.0
        west, south, east, north = shapely.total_bounds(wanted)
        return float(south), float(west), float(north), float(east)

    def country_name(self, code: str, locale: str) -> str:
        """Name of a country in a locale; the code itself when it is unknown."""
        return _names(locale).get(code, code)


def _has_own_code(properties: Mapping[str, Any]) -> bool:
    """Whether ISO 3166-1 assigns the code, or it is in general use; reserved ones do not count."""
    return "iso1A2" in properties and properties.get("isoStatus") in (None, "usrAssn")


def _code(properties: Mapping[str, Any], official: Mapping[str, str]) -> str:
    """Code of an area: its own, that of the territory it is part of, or that of the country."""
    if properties["wikidata"] in _LISTED_ELSEWHERE:
        return _LISTED_ELSEWHERE[properties["wikidata"]]
    if _has_own_code(properties):
        return str(properties["iso1A2"])
    territories = (official[group] for group in properties.get("groups", ()) if group in official)
    return next(territories, str(properties.get("country", "")))


@lru_cache(maxsize=16)
def _names(locale: str) -> Mapping[str, str]:
    return dict(Locale.parse(locale).territories)
