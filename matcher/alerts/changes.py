"""Putting one alert in and taking one out, each one compiled call."""

import math

from matcher.alerts.arena import give_block, size_for, take_block
from matcher.alerts.cells import put_into_cell, take_from_cell, units_for
from matcher.alerts.ids import drop_row, note_row, row_of
from matcher.alerts.layout import (
    AREA,
    AREA_BYTES,
    AREA_WKB,
    ARENA,
    ARENA_FULL,
    ARENA_ROOM,
    ARENA_USED,
    CELLS_FULL,
    CELLS_SLOTS,
    CELLS_USED,
    COUNT,
    DONE,
    FULL_BYTES,
    FULL_CATEGORIES,
    FULL_CELL,
    FULLS,
    IDS_FULL,
    IDS_SLOTS,
    NEED,
    RECORD_ID,
    RECORD_INNER,
    RECORD_LANGUAGES,
    RECORD_MASK,
    RECORD_OWNER,
    RECORD_PLACE,
    RECORD_ROW,
    REMOTE,
    ROW_AREA,
    ROW_BYTES,
    ROW_GATE,
    ROW_ID,
    ROW_KEY,
    ROW_LAMBDA,
    ROW_MASK,
    ROW_OWNER,
    ROW_PHI,
    ROW_RADIUS,
    ROWS,
    ROWS_FREE,
    ROWS_FULL,
    ROWS_ROOM,
    ROWS_USED,
    SCRATCH,
    SHELF_SHIFT,
    SHELVES,
    UNIT,
)
from matcher.alerts.outlines import bounds, inner_chord, outer_chord
from matcher.alerts.places import (
    REMOTE_KEY,
    STEPS,
    box_key,
    chord_m,
    circle_key,
    level_of,
    packed_place,
    vector_m,
)
from matcher.compiled import (
    compiled,
    inlined,
    load_f64,
    load_i32,
    load_i64,
    load_u8,
    load_u32,
    store_f64,
    store_i32,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)
from matcher.place import EARTH_RADIUS_M

# What is put in, 8 bytes each.
NEW_ID = 0
NEW_OWNER = 8
NEW_CELL = 16
NEW_LAT = 24  # float64, degrees
NEW_LNG = 32
NEW_RADIUS = 40  # as ROW_RADIUS
NEW_GATE = 48  # as ROW_GATE; above it the number of the set of languages
NEW_LANGUAGES_SHIFT = 32
NEW_MASK = 56
NEW_CATEGORIES = 64  # 256 bits
NEW_WKB = 96  # address
NEW_WKB_BYTES = 104
NEW_BYTES = 112

_WHOLE = 255


@inlined
def radians_of(degrees: float) -> float:
    """math.radians, operation by operation."""
    return degrees * (math.pi / 180)


@inlined
def owner_hash(owner: int) -> int:
    """Eight bits of a member's number."""
    return (owner ^ (owner >> 8) ^ (owner >> 16)) & 0xFF


@inlined
def _area_units(wkb_bytes: int) -> int:
    return (AREA_WKB + wkb_bytes + UNIT - 1) // UNIT


@compiled
def _area_place(wkb: int) -> tuple[int, int, int]:
    """Key, packed place and inner share of the disc around an area."""
    west, south, east, north, wrapped = bounds(wkb)
    key = box_key(west, south, east - west, north - south)
    level = level_of(key)
    lambda_, phi = math.radians((west + east) / 2), math.radians((south + north) / 2)
    rise = math.radians(north - south) / 2
    outer = outer_chord(wkb, phi, lambda_, wrapped, rise)
    inner = inner_chord(wkb, phi, lambda_, wrapped, rise)
    x, y, z = vector_m(phi, lambda_)
    place = packed_place(x, y, z, outer * EARTH_RADIUS_M, level)
    steps = (place >> 48) & 0xFFFF
    share = int(256.0 * inner * EARTH_RADIUS_M * STEPS[level] / steps)
    # See inner_steps: 0…255 stand for 0…127 and 129…256 parts of 256.
    return key, place, min(_WHOLE, share if share < 128 else share - 1)


@compiled
def _set_place(words: int, new: int, row: int, record: int) -> None:
    """Set what depends on the form of an alert, in its row and its record."""
    radius, key, inner = load_i64(new + NEW_RADIUS), REMOTE_KEY, _WHOLE
    place = 0x7FFF << 48
    if radius == AREA:
        size_bytes = load_i64(new + NEW_WKB_BYTES)
        block = take_block(words, size_for(_area_units(size_bytes)))
        at = load_i64(words + ARENA) + UNIT * block
        store_i64(at + AREA_BYTES, size_bytes)
        for i in range(size_bytes):
            store_u8(at + AREA_WKB + i, load_u8(load_i64(new + NEW_WKB) + i))
        store_u32(row + ROW_AREA, block)
        key, place, inner = _area_place(at + AREA_WKB)
    elif radius != REMOTE:
        phi = radians_of(load_f64(new + NEW_LAT))
        lambda_ = radians_of(load_f64(new + NEW_LNG))
        store_f64(row + ROW_PHI, phi)
        store_f64(row + ROW_LAMBDA, lambda_)
        key = circle_key(phi, lambda_, radius)
        x, y, z = vector_m(phi, lambda_)
        place = packed_place(x, y, z, chord_m(radius), level_of(key))
    store_i64(row + ROW_KEY, key)
    store_i64(record + RECORD_PLACE, place)
    store_u8(record + RECORD_INNER, inner)


@compiled
def _set_row(words: int, new: int, number: int, record: int) -> None:
    """Fill in a row and the record of an alert."""
    row = load_i64(words + ROWS) + ROW_BYTES * number
    full = load_i64(words + FULLS) + FULL_BYTES * number
    gate, mask = load_i64(new + NEW_GATE), load_i64(new + NEW_MASK)
    store_i64(row + ROW_ID, load_i64(new + NEW_ID))
    store_i64(row + ROW_OWNER, load_i64(new + NEW_OWNER))
    store_i64(row + ROW_MASK, mask)
    store_i32(row + ROW_RADIUS, load_i64(new + NEW_RADIUS))
    store_u32(row + ROW_GATE, gate)
    store_i64(full + FULL_CELL, load_i64(new + NEW_CELL))
    for at in range(0, 32, 8):
        store_i64(full + FULL_CATEGORIES + at, load_i64(new + NEW_CATEGORIES + at))
    store_i64(record + RECORD_MASK, mask)
    store_i64(record + RECORD_ID, load_i64(new + NEW_ID))
    shelf = (gate >> SHELF_SHIFT) & (SHELVES - 1)
    store_u32(record + RECORD_ROW, number | shelf << SHELF_SHIFT)
    store_u16(record + RECORD_LANGUAGES, gate >> NEW_LANGUAGES_SHIFT)
    store_u8(record + RECORD_OWNER, owner_hash(load_i64(new + NEW_OWNER)))
    _set_place(words, new, row, record)


@compiled
def _key_of_new(new: int) -> int:
    """The cell into which an alert will be put."""
    radius = load_i64(new + NEW_RADIUS)
    if radius == REMOTE:
        return REMOTE_KEY
    if radius == AREA:
        west, south, east, north, _ = bounds(load_i64(new + NEW_WKB))
        return box_key(west, south, east - west, north - south)
    phi, lambda_ = radians_of(load_f64(new + NEW_LAT)), radians_of(load_f64(new + NEW_LNG))
    return circle_key(phi, lambda_, radius)


@compiled
def _lack(words: int, new: int) -> int:
    """DONE when there is room for an alert, or what is full."""
    used_up = load_i64(words + ROWS_USED) == load_i64(words + ROWS_ROOM)
    if used_up and load_i64(words + ROWS_FREE) == 0:
        return ROWS_FULL
    # Half of the slots stay empty, so that probes are short.
    if 2 * (load_i64(words + COUNT) + 1) > load_i64(words + IDS_SLOTS):
        return IDS_FULL
    if 2 * (load_i64(words + CELLS_USED) + 1) > load_i64(words + CELLS_SLOTS):
        return CELLS_FULL
    shelf = (load_i64(new + NEW_GATE) >> SHELF_SHIFT) & (SHELVES - 1)
    units = units_for(words, _key_of_new(new), load_i64(new + NEW_MASK), shelf)
    if load_i64(new + NEW_RADIUS) == AREA:
        units += 2 * _area_units(load_i64(new + NEW_WKB_BYTES))
    store_i64(words + NEED, units)
    short = load_i64(words + ARENA_USED) + units > load_i64(words + ARENA_ROOM)
    return ARENA_FULL if short else DONE


@compiled
def _new_row(words: int) -> int:
    free = load_i64(words + ROWS_FREE)
    if free == 0:
        used = load_i64(words + ROWS_USED)
        store_i64(words + ROWS_USED, used + 1)
        return used
    store_i64(words + ROWS_FREE, load_i64(load_i64(words + ROWS) + ROW_BYTES * (free - 1)))
    return free - 1


@compiled
def take_alert(words: int, alert_id: int) -> bool:
    """Take an alert out; False when there is none of this id."""
    number = row_of(words, alert_id)
    if number < 0:
        return False
    row = load_i64(words + ROWS) + ROW_BYTES * number
    take_from_cell(words, number)
    if load_i32(row + ROW_RADIUS) == AREA:
        block = load_u32(row + ROW_AREA)
        size_bytes = load_i64(load_i64(words + ARENA) + UNIT * block + AREA_BYTES)
        give_block(words, block, size_for(_area_units(size_bytes)))
    drop_row(words, number)
    store_i64(row + ROW_ID, load_i64(words + ROWS_FREE))
    store_i64(words + ROWS_FREE, number + 1)
    store_i64(words + COUNT, load_i64(words + COUNT) - 1)
    return True


@compiled
def put_alert(words: int, new: int) -> int:
    """Put an alert in, or replace the one of its id; what is full, and no change, or DONE."""
    lack = _lack(words, new)
    if lack != DONE:
        return lack
    take_alert(words, load_i64(new + NEW_ID))
    number, record = _new_row(words), load_i64(words + SCRATCH)
    _set_row(words, new, number, record)
    note_row(words, number)
    row = load_i64(words + ROWS) + ROW_BYTES * number
    put_into_cell(words, load_i64(row + ROW_KEY), record)
    store_i64(words + COUNT, load_i64(words + COUNT) + 1)
    return DONE


@compiled
def put_alerts(words: int, news: int, first: int, last: int) -> int:
    """Put in the alerts first…last-1 of many until one finds no room.

    Eight times the number of that one (or `last`) plus what is full (or DONE).
    """
    for number in range(first, last):
        lack = put_alert(words, news + NEW_BYTES * number)
        if lack != DONE:
            return number << 3 | lack
    return last << 3 | DONE
