"""Listings on their way into the leaves and out of them: entries of 56 bytes."""

import math

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from matcher.centers import centers
from matcher.columns import ListingColumns
from matcher.index.layout import ENTRY_BYTES, FLAG_SEVERAL, FLAG_SIDE_SHIFT, NO_CELL
from matcher.index.pools import ANYWHERE, SIDELESS
from matcher.taxonomy import Kind, Reach, Side, side_of

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

#: Pool of what its place decides.
TREE = -3

_SIDES = np.zeros(256, dtype=np.uint8)
for _kind in Kind:
    _SIDES[_kind] = side_of(_kind)


def center(cell: int | None) -> tuple[float, float, int]:
    """Latitude and longitude of a cell's centre in radians, and its resolution."""
    if not cell:
        return 0.0, 0.0, NO_CELL
    lat, lng = h3.cell_to_latlng(cell)
    # Bits 52 to 55 of an H3 index (h3geo.org, "H3Index Bit Layout").
    return math.radians(lat), math.radians(lng), cell >> 52 & 15


def _centers(
    cells: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]]:
    """`center` of many cells; 0 stands for none."""
    held = cells != 0
    if held.all():
        degrees = centers(cells)
    else:
        degrees = np.zeros((len(cells), 2))
        degrees[held] = centers(cells[held])
    # The same product as math.radians: degrees times pi / 180. In place: it is many megabytes.
    phi, lambda_ = np.radians(degrees, out=degrees).T
    precision = (cells >> 52 & 15).astype(np.uint8)
    precision[~held] = NO_CELL
    return phi, lambda_, precision


def cell_at(phi: float, lambda_: float, precision: int) -> int | None:
    """The cell of which `center` gave these: the centre of a cell lies in it."""
    if precision == NO_CELL:
        return None
    return int(h3.latlng_to_cell(math.degrees(phi), math.degrees(lambda_), precision))


def pools_of(
    kind: NDArray[np.uint8], reach: NDArray[np.uint8], country: NDArray[np.uint16]
) -> NDArray[np.int32]:
    """The pool of each listing, as pools.pool_of; TREE where its place decides."""
    pools = np.where(reach == Reach.COUNTRY, country.astype(np.int32), np.int32(ANYWHERE))
    pools[reach == Reach.LOCAL] = TREE
    pools[_SIDES[kind] == Side.NONE] = SIDELESS
    return pools.astype(np.int32)


def entries_of(
    columns: ListingColumns,
    *,
    owner: NDArray[np.int32],
    starts: NDArray[np.uint32],
    ends: NDArray[np.uint32],
    traits: NDArray[np.uint32],
) -> Entries:
    """Entries of columns whose coded fields are given."""
    cells, which = np.unique(columns.cell, return_inverse=True)
    entries = np.zeros(len(columns), dtype=ENTRY)
    # Straight into the entries: one more array of each would be the peak of memory.
    for name, values in zip(("phi", "lambda", "precision"), _centers(cells), strict=True):
        entries[name] = values[which]
    del cells, which, values
    entries["id"] = columns.id
    entries["owner"], entries["starts"], entries["ends"] = owner, starts, ends
    entries["traits"] = traits
    categories = columns.categories
    # The last category is repeated to fill up.
    count = (categories[:, 1:] != categories[:, :-1]).sum(axis=1, dtype=np.uint8) + np.uint8(1)
    entries["count"] = count
    entries["categories"] = categories
    flags = np.where(count > 1, np.uint8(FLAG_SEVERAL), np.uint8(0))
    flags |= columns.urgency
    flags |= _SIDES[columns.kind] << np.uint8(FLAG_SIDE_SHIFT)
    entries["flags"] = flags
    entries["pool"] = -1
    return entries
