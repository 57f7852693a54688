"""A place is an H3 cell; the resolution of the cell is the precision of the place."""

import math
import re
from dataclasses import dataclass
from typing import Self

import h3.api.basic_int as h3

from matcher.errors import FieldError, check_whole

#: Mean radius of the Earth in metres (IUGG mean radius R1).
EARTH_RADIUS_M = 6_371_008.8

#: Region of what has no place; the base cells of H3 are 0 to 121.
REMOTE_REGION = 122

#: Finest resolution that H3 knows.
FINEST_RESOLUTION = 15

_HEX = re.compile(r"[0-9a-fA-F]{15,16}", re.ASCII)


class PlaceError(FieldError):
    """A coordinate, resolution or cell that is not one."""


@dataclass(frozen=True, slots=True)
class Place:
    """An H3 cell. Distances between places are taken between the centres of their cells."""

    #: H3 index as an integer of 64 bits.
    cell: int

    def __post_init__(self) -> None:
        if type(self.cell) is not int or not _is_cell(self.cell):
            raise PlaceError("cell", "the index of an H3 cell")

    @classmethod
    def at(cls, lat: float, lng: float, resolution: int) -> Self:
        """The cell of `resolution` (0 to 15) around a point given in degrees."""
        check_coordinates(lat, lng)
        check_resolution(resolution)
        return cls(h3.latlng_to_cell(float(lat), float(lng), resolution))

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """The cell that `hex` of a place has written: 15 or 16 hexadecimal digits."""
        if not isinstance(text, str) or _HEX.fullmatch(text) is None:
            raise PlaceError("cell", "the index of an H3 cell in hexadecimal digits")
        return cls(int(text, 16))

    @property
    def hex(self) -> str:
        """The cell in lower-case hexadecimal digits, as every H3 library writes it."""
        return f"{self.cell:x}"

    @property
    def resolution(self) -> int:
        """Resolution of the cell, 0 (about 1,300 km a side) to 15 (about half a metre)."""
        return int(h3.get_resolution(self.cell))

    @property
    def center(self) -> tuple[float, float]:
        """Centre of the cell as (lat, lng) in degrees."""
        lat, lng = h3.cell_to_latlng(self.cell)
        return float(lat), float(lng)

    @property
    def region(self) -> int:
        """Number of the H3 base cell that holds the place, 0 to 121."""
        return int(h3.get_base_cell_number(self.cell))

    def boundary(self) -> list[tuple[float, float]]:
        """Corners of the cell as (lat, lng) in degrees, not closed; they may jump at ±180."""
        return [(float(lat), float(lng)) for lat, lng in h3.cell_to_boundary(self.cell)]

    def coarsened(self, resolution: int) -> "Place":
        """The ancestor of the cell at `resolution`, which must not be finer than its own."""
        check_resolution(resolution)
        if resolution > self.resolution:
            raise PlaceError("resolution", f"at most {self.resolution}, that of the cell")
        return Place(h3.cell_to_parent(self.cell, resolution))

    def distance_m(self, other: "Place") -> int:
        """Great-circle distance between the two centres in whole metres (half to even)."""
        return round(great_circle_m(*self.center, *other.center))


def great_circle_m(lat_a: float, lng_a: float, lat_b: float, lng_b: float) -> float:
    """Distance in metres on the sphere of EARTH_RADIUS_M between points given in degrees."""
    degrees = (lat_a, lng_a, lat_b, lng_b)
    return haversine_m(*(math.radians(value) for value in degrees))


def haversine_m(phi_a: float, lambda_a: float, phi_b: float, lambda_b: float) -> float:
    """Distance in metres between points whose latitude phi and longitude lambda are in radians.

    The haversine formula (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984),
    with the arc taken by atan2 so that rounding cannot leave the domain at the antipodes.
    """
    h = math.sin((phi_b - phi_a) / 2) ** 2
    h += math.cos(phi_a) * math.cos(phi_b) * math.sin((lambda_b - lambda_a) / 2) ** 2
    h = min(h, 1.0)
    return 2 * EARTH_RADIUS_M * math.atan2(math.sqrt(h), math.sqrt(1 - h))


def check_coordinates(lat: object, lng: object) -> None:
    """Raise PlaceError unless both are finite numbers, lat within ±90, lng within ±180."""
    _check_degrees("lat", lat, 90)
    _check_degrees("lng", lng, 180)


def check_resolution(resolution: object) -> None:
    """Raise PlaceError unless `resolution` is a whole number from 0 to 15."""
    check_whole(PlaceError, "resolution", resolution, 0, FINEST_RESOLUTION)


def _check_degrees(field: str, value: object, limit: int) -> None:
    """Raise PlaceError unless `value` is a number (never a boolean) within ±limit degrees."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # NaN fails the comparison, and so do the infinities.
    if not (number and -limit <= value <= limit):  # type: ignore[operator]
        raise PlaceError(field, f"a finite number from -{limit} to {limit}")


def _is_cell(cell: int) -> bool:
    return 0 < cell < 2**63 and bool(h3.is_valid_cell(cell))
