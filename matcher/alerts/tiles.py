"""Records in tiles of eight, lane by lane."""

from matcher.alerts.layout import (
    LANES,
    RECORD_ID,
    RECORD_INNER,
    RECORD_LANGUAGES,
    RECORD_MASK,
    RECORD_OWNER,
    RECORD_PLACE,
    RECORD_ROW,
    SHELF_SHIFT,
    TILE_BYTES,
    TILE_IDS,
    TILE_INNER,
    TILE_LANGUAGES,
    TILE_MASKS,
    TILE_OWNERS,
    TILE_ROWS,
    TILE_X,
)
from matcher.compiled import (
    compiled,
    inlined,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)

# x, y, z and radius, each in a row of its own.
_PLACE_ROW = 16
_PLACE_NUMBERS = 4


@inlined
def tile_of(start: int, number: int) -> int:
    """Address of the tile of a record."""
    return start + TILE_BYTES * (number // LANES)


@inlined
def row_in_tiles(start: int, number: int) -> int:
    """The row of a record, without its shelf."""
    word = load_u32(tile_of(start, number) + TILE_ROWS + 4 * (number % LANES))
    return word & ((1 << SHELF_SHIFT) - 1)


@compiled
def write_record(start: int, number: int, record: int) -> None:
    """Put a record into its lane."""
    tile, lane = tile_of(start, number), number % LANES
    for i in range(_PLACE_NUMBERS):
        at = tile + TILE_X + _PLACE_ROW * i + 2 * lane
        store_u16(at, load_u16(record + RECORD_PLACE + 2 * i))
    store_u32(tile + TILE_ROWS + 4 * lane, load_u32(record + RECORD_ROW))
    store_u16(tile + TILE_LANGUAGES + 2 * lane, load_u16(record + RECORD_LANGUAGES))
    store_u8(tile + TILE_OWNERS + lane, load_u8(record + RECORD_OWNER))
    store_u8(tile + TILE_INNER + lane, load_u8(record + RECORD_INNER))
    store_i64(tile + TILE_MASKS + 8 * lane, load_i64(record + RECORD_MASK))
    store_i64(tile + TILE_IDS + 8 * lane, load_i64(record + RECORD_ID))


@compiled
def read_record(start: int, number: int, record: int) -> None:
    """Take a record out of its lane."""
    tile, lane = tile_of(start, number), number % LANES
    for i in range(_PLACE_NUMBERS):
        at = tile + TILE_X + _PLACE_ROW * i + 2 * lane
        store_u16(record + RECORD_PLACE + 2 * i, load_u16(at))
    store_u32(record + RECORD_ROW, load_u32(tile + TILE_ROWS + 4 * lane))
    store_u16(record + RECORD_LANGUAGES, load_u16(tile + TILE_LANGUAGES + 2 * lane))
    store_u8(record + RECORD_OWNER, load_u8(tile + TILE_OWNERS + lane))
    store_u8(record + RECORD_INNER, load_u8(tile + TILE_INNER + lane))
    store_i64(record + RECORD_MASK, load_i64(tile + TILE_MASKS + 8 * lane))
    store_i64(record + RECORD_ID, load_i64(tile + TILE_IDS + 8 * lane))
