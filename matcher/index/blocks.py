"""The blocks of leaves: taken apart into scratch arrays, and put together again.

A leaf that has no room left in a part moves to a larger block. A full one is unpacked, and packed
anew into two, see packing.py; the same packing builds the whole index.
"""

import numpy as np

from matcher.compiled import (
    compiled,
    inlined,
    load_f64,
    load_i32,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    load_u64,
    popcount,
    store_f64,
    store_i32,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)
from matcher.index.ids import block_of, id_in
from matcher.index.layout import (
    ARENA,
    ARENA_USED,
    ASKING_FLAG,
    ASKS,
    BLOCK_ASKING,
    BLOCK_AT_CELLS,
    BLOCK_AT_FLAGS,
    BLOCK_AT_HIGHS,
    BLOCK_AT_POSTINGS,
    BLOCK_AT_PRECISION,
    BLOCK_AT_ROWS,
    BLOCK_BITS,
    BLOCK_CELLS,
    BLOCK_GROUPS,
    BLOCK_HIGH,
    BLOCK_POSTINGS,
    BLOCK_ROOM_CELLS,
    BLOCK_ROOM_GROUPS,
    BLOCK_ROOM_POSTINGS,
    BLOCK_ROOM_ROWS,
    BLOCK_ROWS,
    BLOCK_SIZE,
    BLOCK_STARTS,
    BLOCK_UNITS,
    CELL_BYTES,
    ENTRY_BYTES,
    ENTRY_CATEGORIES,
    ENTRY_COUNT,
    ENTRY_FLAGS,
    ENTRY_ID,
    ENTRY_LAMBDA,
    ENTRY_OWNER,
    ENTRY_PHI,
    ENTRY_PRECISION,
    FLAG_SIDE_SHIFT,
    FREE,
    GIVES,
    LEAF_POSTINGS,
    LEAF_ROWS,
    LEAVES,
    ROW_BYTES,
    ROW_LOW,
    ROW_OWNER,
    UNIT,
)

# --- scratch of a change
CELL_SLOTS = 1024
LOOSE_ENTRIES = 0  # the rows of a leaf as entries
LOOSE_ORDER = LOOSE_ENTRIES + ENTRY_BYTES * LEAF_ROWS  # int32: which to pack, in which order
LOOSE_KEYS = LOOSE_ORDER + 4 * LEAF_ROWS  # 8 bytes each, for choosing a split
LOOSE_CELLS = LOOSE_KEYS + 8 * LEAF_ROWS  # uint16: number of the cell of each packed row
LOOSE_SLOTS = LOOSE_CELLS + 2 * LEAF_ROWS  # uint16: hash table of cells
LOOSE_GROUPS = LOOSE_SLOTS + 2 * CELL_SLOTS  # uint16 [512]: counters, then ends, of groups
LOOSE_PATH = LOOSE_GROUPS + 2 * 512  # int64 [2], see tree.descend
LOOSE_BYTES = LOOSE_PATH + 16


@inlined
def side_of_groups(flags: int) -> int:
    """On which side the groups of a row with these flags stand."""
    return ASKS if flags >> FLAG_SIDE_SHIFT == ASKING_FLAG else GIVES


@inlined
def rank(block: int, side: int, category: int) -> int:
    """Number of the group of (side, category) in its block, or where it would stand."""
    bits = block + BLOCK_BITS + 32 * side
    before = load_u16(block + BLOCK_ASKING) * side
    for word in range(category >> 6):
        before += popcount(load_u64(bits + 8 * word))
    below = (np.uint64(1) << np.uint64(category & 63)) - np.uint64(1)
    return before + popcount(load_u64(bits + 8 * (category >> 6)) & below)


@inlined
def has_group(block: int, side: int, category: int) -> bool:
    """Whether the block has rows of (side, category)."""
    word = load_u64(block + BLOCK_BITS + 32 * side + 8 * (category >> 6))
    return bool((word >> np.uint64(category & 63)) & np.uint64(1) != np.uint64(0))


@inlined
def copy_bytes(source: int, target: int, count: int) -> None:
    """Copy `count` bytes, a multiple of 8, between places that do not overlap."""
    for at in range(0, count, 8):
        store_i64(target + at, load_i64(source + at))


@inlined
def copy_part(source: int, target: int, count: int) -> None:
    """Copy any number of bytes between places that do not overlap."""
    whole = count & ~7
    copy_bytes(source, target, whole)
    for at in range(whole, count):
        store_u8(target + at, load_u8(source + at))


@inlined
def read_row(block: int, row: int, entry: int) -> None:
    """Fill in what an entry has of its row."""
    at = block + load_u16(block + BLOCK_AT_ROWS) + ROW_BYTES * row
    store_i64(entry + ENTRY_ID, id_in(block, row))
    copy_bytes(at + ROW_OWNER, entry + ENTRY_OWNER, ROW_BYTES - ROW_OWNER)


@inlined
def write_row(block: int, row: int, entry: int) -> None:
    """Fill in a row of an entry; where the block has no room for upper words it has that of all."""
    at = block + load_u16(block + BLOCK_AT_ROWS) + ROW_BYTES * row
    store_u32(at + ROW_LOW, load_u32(entry + ENTRY_ID))
    copy_bytes(entry + ENTRY_OWNER, at + ROW_OWNER, ROW_BYTES - ROW_OWNER)
    highs = load_u16(block + BLOCK_AT_HIGHS)
    if highs != 0:
        store_i32(block + highs + 4 * row, load_i32(entry + ENTRY_ID + 4))


@inlined
def move_row(block: int, source: int, target: int) -> None:
    """Overwrite a row by another of the block."""
    rows, highs = block + load_u16(block + BLOCK_AT_ROWS), load_u16(block + BLOCK_AT_HIGHS)
    copy_part(rows + ROW_BYTES * source, rows + ROW_BYTES * target, ROW_BYTES)
    if highs != 0:
        store_i32(block + highs + 4 * target, load_i32(block + highs + 4 * source))


@inlined
def _rounded(count: int, step: int) -> int:
    return (count + step - 1) // step * step


@compiled
def take_block(words: int, units: int) -> int:
    """First unit of a block of this size; the caller has made sure that there is room.

    A free one may be larger. Its BLOCK_SIZE is set.
    """
    heads, arena = load_i64(words + FREE), load_i64(words + ARENA)
    for size in range(units, BLOCK_UNITS + 1):
        first = load_u32(heads + 4 * size)
        if first != 0:
            store_u32(heads + 4 * size, load_u32(arena + UNIT * first))
            store_u16(arena + UNIT * first + BLOCK_SIZE, size)
            return first
    first = load_i64(words + ARENA_USED)
    store_i64(words + ARENA_USED, first + units)
    store_u16(arena + UNIT * first + BLOCK_SIZE, units)
    return first


@compiled
def give_block(words: int, first: int) -> None:
    """Make a block free for others of the same size."""
    heads, block = load_i64(words + FREE), load_i64(words + ARENA) + UNIT * first
    units = load_u16(block + BLOCK_SIZE)
    store_u32(block, load_u32(heads + 4 * units))
    store_u32(heads + 4 * units, first)


@compiled
def unpack(block: int, scratch: int) -> int:
    """Take the rows of a block apart into LOOSE_ENTRIES, in their order; gives their number."""
    count = load_u16(block + BLOCK_ROWS)
    flags = block + load_u16(block + BLOCK_AT_FLAGS)
    for row in range(count):
        entry = scratch + LOOSE_ENTRIES + ENTRY_BYTES * row
        read_row(block, row, entry)
        store_u8(entry + ENTRY_FLAGS, load_u8(flags + row))
        store_u8(entry + ENTRY_COUNT, 0)
        store_i32(scratch + LOOSE_ORDER + 4 * row, row)
    group = 0
    for side in range(2):
        for category in range(256):
            if has_group(block, side, category):
                _unpack_group(block, scratch, group, category)
                group += 1
    return count


@inlined
def _unpack_group(block: int, scratch: int, group: int, category: int) -> None:
    """Give the rows of a group its category, and their cells."""
    cells = block + load_u16(block + BLOCK_AT_CELLS)
    precisions = block + load_u16(block + BLOCK_AT_PRECISION)
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    starts = block + BLOCK_STARTS + 2 * group
    for at in range(load_u16(starts), load_u16(starts + 2)):
        posting = load_u16(postings + 2 * at)
        entry = scratch + LOOSE_ENTRIES + ENTRY_BYTES * (posting & 255)
        number = load_u8(entry + ENTRY_COUNT)
        store_u8(entry + ENTRY_CATEGORIES + number, category)
        store_u8(entry + ENTRY_COUNT, number + 1)
        cell = cells + CELL_BYTES * (posting >> 8)
        store_f64(entry + ENTRY_PHI, load_f64(cell))
        store_f64(entry + ENTRY_LAMBDA, load_f64(cell + 8))
        store_u8(entry + ENTRY_PRECISION, load_u8(precisions + (posting >> 8)))


@inlined
def _with_slack(count: int, slack: int, most: int) -> int:
    """`count` and an eighth more where there is to be slack."""
    return min(count + (count // 8 + 5) * slack, most)


@compiled
def new_block(
    words: int, rows: int, cells: int, groups: int, postings: int, wide: bool, slack: int
) -> int:
    """First unit of a block with room for so much, its header written, and nothing in it.

    `wide` with room for upper words of ids; with `slack` 1 there is room for an eighth more.
    """
    room_rows = _with_slack(rows, slack, LEAF_ROWS)
    room_cells = _with_slack(cells, slack, LEAF_ROWS)
    room_groups = _with_slack(groups, slack, 512)
    room_postings = _with_slack(postings, slack, LEAF_POSTINGS)
    at_postings = BLOCK_STARTS + 2 * (room_groups + 1)
    at_flags = at_postings + 2 * room_postings
    at_precision = at_flags + room_rows
    at_cells = _rounded(at_precision + room_cells, 8)
    at_rows = at_cells + CELL_BYTES * room_cells
    at_highs = at_rows + ROW_BYTES * room_rows
    units = _rounded(at_highs + 4 * room_rows * int(wide), UNIT) // UNIT
    first = take_block(words, units)
    block = load_i64(words + ARENA) + UNIT * first
    size = load_u16(block + BLOCK_SIZE)
    for at in range(0, BLOCK_STARTS + 2, 8):
        store_i64(block + at, 0)
    store_u16(block + BLOCK_SIZE, size)
    store_u16(block + BLOCK_ROOM_ROWS, room_rows)
    store_u16(block + BLOCK_ROOM_CELLS, room_cells)
    store_u16(block + BLOCK_ROOM_GROUPS, room_groups)
    store_u16(block + BLOCK_ROOM_POSTINGS, room_postings)
    store_u16(block + BLOCK_AT_POSTINGS, at_postings)
    store_u16(block + BLOCK_AT_FLAGS, at_flags)
    store_u16(block + BLOCK_AT_PRECISION, at_precision)
    store_u16(block + BLOCK_AT_CELLS, at_cells)
    store_u16(block + BLOCK_AT_ROWS, at_rows)
    store_u16(block + BLOCK_AT_HIGHS, at_highs if wide else 0)
    return first


@inlined
def _copy_section(old: int, block: int, where: int, count: int) -> None:
    """Copy `count` bytes of a part whose beginning stands in the header at `where`."""
    copy_part(old + load_u16(old + where), block + load_u16(block + where), count)


@compiled
def enlarge(words: int, leaf: int, wide: bool) -> None:
    """Move the rows of a leaf to a block with room for an eighth more in all parts.

    With room for upper words of ids if `wide`, or if there was before.
    """
    old, unit = block_of(words, leaf), load_u32(load_i64(words + LEAVES) + 4 * leaf)
    rows, cells = load_u16(old + BLOCK_ROWS), load_u16(old + BLOCK_CELLS)
    groups, postings = load_u16(old + BLOCK_GROUPS), load_u16(old + BLOCK_POSTINGS)
    highs = load_u16(old + BLOCK_AT_HIGHS)
    larger = new_block(words, rows, cells, groups, postings, wide or highs != 0, 1)
    store_u32(load_i64(words + LEAVES) + 4 * leaf, larger)
    block = load_i64(words + ARENA) + UNIT * larger
    copy_bytes(old + BLOCK_ROWS, block + BLOCK_ROWS, BLOCK_ROOM_ROWS - BLOCK_ROWS)
    store_u16(block + BLOCK_ASKING, load_u16(old + BLOCK_ASKING))
    copy_part(old + BLOCK_BITS, block + BLOCK_BITS, BLOCK_STARTS + 2 * (groups + 1) - BLOCK_BITS)
    _copy_section(old, block, BLOCK_AT_POSTINGS, 2 * postings)
    _copy_section(old, block, BLOCK_AT_FLAGS, rows)
    _copy_section(old, block, BLOCK_AT_PRECISION, cells)
    _copy_section(old, block, BLOCK_AT_CELLS, CELL_BYTES * cells)
    _copy_section(old, block, BLOCK_AT_ROWS, ROW_BYTES * rows)
    if highs != 0:
        _copy_section(old, block, BLOCK_AT_HIGHS, 4 * rows)
    elif wide:
        at_highs = block + load_u16(block + BLOCK_AT_HIGHS)
        for row in range(rows):
            store_i32(at_highs + 4 * row, load_i32(old + BLOCK_HIGH))
    give_block(words, unit)
