"""Listings on their way into the leaves and out of them: entries of 56 bytes."""

import math

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from matcher.index.layout import ENTRY_BYTES, NO_CELL

#: As in layout: a row and what its leaf knows of it.
ENTRY = np.dtype(
    [
        ("id", "<i8"),
        ("owner", "<i4"),
        ("starts", "<u4"),
        ("ends", "<u4"),
        ("traits", "<u4"),
        ("phi", "<f8"),
        ("lambda", "<f8"),
        ("precision", "u1"),
        ("flags", "u1"),
        ("count", "u1"),
        ("categories", "u1", (5,)),
        ("pool", "<i8"),
    ]
)
if ENTRY.itemsize != ENTRY_BYTES:
    raise AssertionError("entries and layout differ")

Entries = NDArray[np.void]


def center(cell: int | None) -> tuple[float, float, int]:
    """Latitude and longitude of a cell's centre in radians, and its resolution."""
    if not cell:
        return 0.0, 0.0, NO_CELL
    lat, lng = h3.cell_to_latlng(cell)
    # Bits 52 to 55 of an H3 index (h3geo.org, "H3Index Bit Layout").
    return math.radians(lat), math.radians(lng), cell >> 52 & 15


def cell_at(phi: float, lambda_: float, precision: int) -> int | None:
    """The cell of which `center` gave these: the centre of a cell lies in it."""
    if precision == NO_CELL:
        return None
    return int(h3.latlng_to_cell(math.degrees(phi), math.degrees(lambda_), precision))
