"""Many listings on their way into the index: from columns to entries, in the order of cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from matcher.centers import FUNCTIONS, centers_one_by_one, write_center
from matcher.columns import ARRAYS, ListingColumns
from matcher.compiled import (
    compiled,
    inlined,
    load_f64,
    load_i32,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_f64,
    store_i32,
    store_i64,
    store_u8,
    store_u32,
)
from matcher.index import layout
from matcher.index.entries import ENTRY, Entries
from matcher.index.layout import (
    ENTRY_BYTES,
    ENTRY_CATEGORIES,
    ENTRY_COUNT,
    ENTRY_ENDS,
    ENTRY_FLAGS,
    ENTRY_ID,
    ENTRY_LAMBDA,
    ENTRY_OWNER,
    ENTRY_PHI,
    ENTRY_POOL,
    ENTRY_PRECISION,
    ENTRY_STARTS,
    ENTRY_TRAITS,
    FLAG_SEVERAL,
    FLAG_SIDE_SHIFT,
    NO_CELL,
)
from matcher.index.pools import pool_of
from matcher.index.traits import number_traits
from matcher.listing import CATEGORIES_PER_LISTING
from matcher.taxonomy import Kind, side_of

if TYPE_CHECKING:
    from matcher.index.store import Store

# What the kernel gets: two functions of H3, then addresses of arrays, a row of each a listing.
_TO_CENTER = 0
_TO_DEGREES = 8
_DEGREES = 16  # float64 [2] in the order of entries; 0 where the functions are known
_SIDES = 24  # uint8 [256], by kind
_SETS = 32  # int64, numbers of the sets of languages
_ID = 40  # int64
_OWNER = 48  # int32 code
_STARTS = 56  # uint32 code
_ENDS = 64  # uint32 code
_KIND = 72  # uint8
_URGENCY = 80  # uint8
_REACH = 88  # uint8
_CELL = 96  # int64
_RADIUS = 104  # int32
_COUNTRY = 112  # uint16
_LANGUAGES = 120  # uint32
_CATEGORIES = 128  # uint8 [5]

_DTYPES = {
    "id": np.int64,
    "kind": np.uint8,
    "urgency": np.uint8,
    "reach": np.uint8,
    "cell": np.int64,
    "radius_m": np.int32,
    "country": np.uint16,
    "languages": np.uint32,
    "categories": np.uint8,
}
# The arrays in the order in which the kernel looks for them.
_ORDER = (
    *("degrees", "sides", "sets", "id", "owner", "starts", "ends", "kind", "urgency", "reach"),
    *("cell", "radius_m", "country", "languages", "categories"),
)
# The same product as math.radians.
_RADIANS = math.pi / 180
_pool_of = inlined(pool_of)


def _sides() -> NDArray[np.uint8]:
    sides = np.zeros(256, dtype=np.uint8)
    for kind in Kind:
        sides[kind] = side_of(kind)
    return sides


_SIDE_OF = _sides()


@inlined
def _place(fields: int, number: int, cell: int, entry: int) -> bool:
    """Fill in the centre of a cell; False when H3 refuses it."""
    store_u8(entry + ENTRY_PRECISION, NO_CELL)
    store_f64(entry + ENTRY_PHI, 0.0)
    store_f64(entry + ENTRY_LAMBDA, 0.0)
    if cell == 0:
        return True
    at, degrees = entry + ENTRY_PHI, load_i64(fields + _DEGREES)
    if degrees != 0:
        at = degrees + 16 * number
    elif not write_center(load_i64(fields), load_i64(fields + _TO_DEGREES), cell, at):
        return False
    phi, lambda_ = load_f64(at) * _RADIANS, load_f64(at + 8) * _RADIANS
    store_f64(entry + ENTRY_PHI, phi)
    store_f64(entry + ENTRY_LAMBDA, lambda_)
    # Bits 52 to 55 of an H3 index (h3geo.org, "H3Index Bit Layout").
    store_u8(entry + ENTRY_PRECISION, cell >> 52 & 15)
    return True


@inlined
def _categorise(categories: int, entry: int) -> int:
    """Copy the categories, of which the last is repeated to fill up; how many there are."""
    count, last = 0, -1
    for i in range(CATEGORIES_PER_LISTING):
        category = load_u8(categories + i)
        store_u8(entry + ENTRY_CATEGORIES + i, category)
        count += category != last
        last = category
    store_u8(entry + ENTRY_COUNT, count)
    return count


@compiled
def _code(words: int, fields: int, order: int, entries: int, first: int, count: int) -> int:
    """Write entries first…count-1 of the rows that the int64 at `order` name.

    How many are done when there is no room for traits, or -1 when H3 refuses a cell.
    """
    kinds, cells = load_i64(fields + _KIND), load_i64(fields + _CELL)
    before, before_at = 0, 0
    for i in range(first, count):
        row, entry = load_i64(order + 8 * i), entries + ENTRY_BYTES * i
        kind, country = load_u8(kinds + row), load_u16(load_i64(fields + _COUNTRY) + 2 * row)
        reach = load_u8(load_i64(fields + _REACH) + row)
        languages = load_u32(load_i64(fields + _LANGUAGES) + 4 * row)
        languages = load_i64(load_i64(fields + _SETS) + 8 * languages)
        radius_m = load_i32(load_i64(fields + _RADIUS) + 4 * row)
        traits = number_traits(words, radius_m, languages, country, kind, reach)
        if traits < 0:
            return i
        cell = load_i64(cells + 8 * row)
        if cell == before and before != 0:
            store_f64(entry + ENTRY_PHI, load_f64(before_at + ENTRY_PHI))
            store_f64(entry + ENTRY_LAMBDA, load_f64(before_at + ENTRY_LAMBDA))
            store_u8(entry + ENTRY_PRECISION, load_u8(before_at + ENTRY_PRECISION))
        elif not _place(fields, i, cell, entry):
            return -1
        before, before_at = cell, entry
        store_i64(entry + ENTRY_ID, load_i64(load_i64(fields + _ID) + 8 * row))
        store_i32(entry + ENTRY_OWNER, load_i32(load_i64(fields + _OWNER) + 4 * row))
        store_u32(entry + ENTRY_STARTS, load_u32(load_i64(fields + _STARTS) + 4 * row))
        store_u32(entry + ENTRY_ENDS, load_u32(load_i64(fields + _ENDS) + 4 * row))
        store_u32(entry + ENTRY_TRAITS, traits)
        categories = load_i64(fields + _CATEGORIES) + CATEGORIES_PER_LISTING * row
        several = FLAG_SEVERAL if _categorise(categories, entry) > 1 else 0
        side = load_u8(load_i64(fields + _SIDES) + kind)
        urgency = load_u8(load_i64(fields + _URGENCY) + row)
        store_u8(entry + ENTRY_FLAGS, urgency | several | side << FLAG_SIDE_SHIFT)
        store_i64(entry + ENTRY_POOL, _pool_of(side, reach, country))
    return count


def entries_of(store: Store, columns: ListingColumns) -> Entries:
    """The columns as entries, by cell ascending: neighbours stand together.

    Raises LanguagesFull and CodesFull.
    """
    count = len(columns)
    order = np.argsort(columns.cell)
    sets = np.array([store.language_set(each) for each in columns.language_sets], dtype=np.int64)
    arrays = _checked(columns)
    arrays["sides"], arrays["sets"] = _SIDE_OF, sets
    arrays["owner"] = store.owners.codes(columns.owner)
    arrays["starts"] = store.times.codes(columns.starts)
    arrays["ends"] = store.times.codes(columns.ends)
    if not FUNCTIONS[0]:
        arrays["degrees"] = _degrees(columns.cell[order])
    fields = np.array([*FUNCTIONS, *_addresses(arrays)], dtype=np.int64)
    entries, done = np.empty(count, dtype=ENTRY), 0
    at = fields.ctypes.data, order.ctypes.data, entries.ctypes.data
    while (done := _code(store.address, *at, done, count)) < count:
        if done < 0:
            # Says which cell it refuses.
            centers_one_by_one(columns.cell[columns.cell != 0])
            raise AssertionError("a cell is refused by one way to its centre alone")
        store.make_room_for_traits(2 * store.get_word(layout.TRAITS_MOST))
    return entries


def _checked(columns: ListingColumns) -> dict[str, NDArray[np.generic]]:
    """The columns that the kernel reads, as it reads them: it would not notice the end of one."""
    count = len(columns)
    for name in ARRAYS:
        shape = (count, CATEGORIES_PER_LISTING) if name == "categories" else (count,)
        if getattr(columns, name).shape != shape:
            raise ValueError(f"{name} must have the shape {shape}")
    if count and int(columns.languages.max()) >= len(columns.language_sets):
        raise ValueError("languages must be positions in language_sets")
    return {
        name: np.ascontiguousarray(getattr(columns, name), dtype=dtype)
        for name, dtype in _DTYPES.items()
    }


def _addresses(arrays: dict[str, NDArray[np.generic]]) -> list[int]:
    """Where the arrays are, as the kernel looks for them; 0 for none."""
    return [arrays[name].ctypes.data if name in arrays else 0 for name in _ORDER]


def _degrees(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """The centres of cells, one call of the package each; 0 stands for none."""
    degrees = np.zeros((len(cells), 2))
    held = cells != 0
    degrees[held] = centers_one_by_one(cells[held])
    return degrees
