"""The blocks of leaves: taken apart into scratch arrays, and put together again.

A leaf that is full, or has no room left in a part, is unpacked, and packed anew into one block or
two. The same packing builds the whole index.
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
    signed,
    store_f64,
    store_i32,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
    store_u64,
)
from matcher.index.layout import (
    ARENA,
    ARENA_USED,
    ASKING_FLAG,
    ASKS,
    BLOCK_ASKING,
    BLOCK_AT_CELLS,
    BLOCK_AT_FLAGS,
    BLOCK_AT_POSTINGS,
    BLOCK_AT_PRECISION,
    BLOCK_AT_ROWS,
    BLOCK_BITS,
    BLOCK_CELLS,
    BLOCK_GROUPS,
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
    ENTRY_LAMBDA,
    ENTRY_PHI,
    ENTRY_PRECISION,
    FLAG_SIDE_SHIFT,
    FLAG_URGENCY,
    FREE,
    GIVES,
    LEAF_POSTINGS,
    LEAF_ROWS,
    LEAVES,
    ROW_BYTES,
    UNIT,
)

# --- scratch of a change
_CELL_SLOTS = 1024
LOOSE_ENTRIES = 0  # the rows of a leaf as entries
LOOSE_ORDER = LOOSE_ENTRIES + ENTRY_BYTES * LEAF_ROWS  # int32: which to pack, in which order
LOOSE_KEYS = LOOSE_ORDER + 4 * LEAF_ROWS  # 8 bytes each, for choosing a split
_CELL = LOOSE_KEYS + 8 * LEAF_ROWS  # uint16: number of the cell of each packed row
_SLOTS = _CELL + 2 * LEAF_ROWS  # uint16: hash table of cells
_GROUPS = _SLOTS + 2 * _CELL_SLOTS  # uint16 [512]: counters, then ends, of groups
LOOSE_PATH = _GROUPS + 2 * 512  # int64 [2], see tree.descend
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
    rows = block + load_u16(block + BLOCK_AT_ROWS)
    flags = block + load_u16(block + BLOCK_AT_FLAGS)
    for row in range(count):
        entry = scratch + LOOSE_ENTRIES + ENTRY_BYTES * row
        copy_bytes(rows + ROW_BYTES * row, entry, ROW_BYTES)
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
def _same_cell(entry: int, other: int) -> bool:
    return (
        load_i64(entry + ENTRY_PHI) == load_i64(other + ENTRY_PHI)
        and load_i64(entry + ENTRY_LAMBDA) == load_i64(other + ENTRY_LAMBDA)
        and load_u8(entry + ENTRY_PRECISION) == load_u8(other + ENTRY_PRECISION)
    )


@compiled
def _number_cells(entries: int, order: int, count: int, scratch: int) -> int:
    """Number the different cells as they come, note that of each row; how many there are."""
    slots, numbers = scratch + _SLOTS, scratch + _CELL
    for at in range(0, 2 * _CELL_SLOTS, 8):
        store_i64(slots + at, -1)
    cells = 0
    for at in range(count):
        entry = entries + ENTRY_BYTES * load_i32(order + 4 * at)
        mixed = load_u64(entry + ENTRY_PHI) ^ load_u64(entry + ENTRY_LAMBDA) << np.uint64(1)
        slot = signed(mixed * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(54))
        while True:
            other = load_u16(slots + 2 * slot)
            if other == 0xFFFF:
                store_u16(slots + 2 * slot, at)
                store_u16(numbers + 2 * at, cells)
                cells += 1
                break
            if _same_cell(entry, entries + ENTRY_BYTES * load_i32(order + 4 * other)):
                store_u16(numbers + 2 * at, load_u16(numbers + 2 * other))
                break
            slot = (slot + 1) & (_CELL_SLOTS - 1)
    return cells


@inlined
def _counter(entry: int, number: int, scratch: int) -> int:
    """Address of the counter of the group of an entry's category."""
    side = side_of_groups(load_u8(entry + ENTRY_FLAGS))
    return scratch + _GROUPS + 2 * (side << 8 | load_u8(entry + ENTRY_CATEGORIES + number))


@compiled
def _count_postings(entries: int, order: int, count: int, scratch: int) -> int:
    """Count the rows of each group; how many postings there are in all."""
    for at in range(0, 2 * 512, 8):
        store_i64(scratch + _GROUPS + at, 0)
    postings = 0
    for at in range(count):
        entry = entries + ENTRY_BYTES * load_i32(order + 4 * at)
        for number in range(load_u8(entry + ENTRY_COUNT)):
            counter = _counter(entry, number, scratch)
            store_u16(counter, load_u16(counter) + 1)
            postings += 1
    return postings


@inlined
def _with_slack(count: int, slack: int, most: int) -> int:
    """`count` and an eighth more where there is to be slack."""
    return min(count + (count // 8 + 5) * slack, most)


@compiled
def _new_block(words: int, rows: int, cells: int, groups: int, postings: int, slack: int) -> int:
    """First unit of a block with room for so much, its header written, and nothing in it."""
    room_rows = _with_slack(rows, slack, LEAF_ROWS)
    room_cells = _with_slack(cells, slack, LEAF_ROWS)
    room_groups = _with_slack(groups, slack, 512)
    room_postings = _with_slack(postings, slack, LEAF_POSTINGS)
    at_postings = BLOCK_STARTS + 2 * (room_groups + 1)
    at_flags = at_postings + 2 * room_postings
    at_precision = at_flags + room_rows
    at_cells = _rounded(at_precision + room_cells, 8)
    at_rows = at_cells + CELL_BYTES * room_cells
    # What rounding up to whole units leaves is room for rows.
    units = _rounded(at_rows + ROW_BYTES * room_rows, UNIT) // UNIT
    first = take_block(words, units)
    block = load_i64(words + ARENA) + UNIT * first
    size = load_u16(block + BLOCK_SIZE)
    for at in range(0, BLOCK_STARTS, 8):
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
    store_u16(block + BLOCK_STARTS, 0)
    return first


@compiled
def _write_groups(block: int, scratch: int) -> None:
    """Turn the counters of groups into the bits and starts of the block, and into their ends."""
    group = start = 0
    for side in range(2):
        for category in range(256):
            counter = scratch + _GROUPS + 2 * (side << 8 | category)
            count = load_u16(counter)
            if count == 0:
                continue
            word = block + BLOCK_BITS + 32 * side + 8 * (category >> 6)
            store_u64(word, load_u64(word) | np.uint64(1) << np.uint64(category & 63))
            store_u16(block + BLOCK_STARTS + 2 * group, start)
            store_u16(counter, start)
            start += count
            group += 1
        if side == ASKS:
            store_u16(block + BLOCK_ASKING, group)
    store_u16(block + BLOCK_STARTS + 2 * group, start)
    store_u16(block + BLOCK_GROUPS, group)
    store_u16(block + BLOCK_POSTINGS, start)


@compiled
def _write_postings(block: int, entries: int, order: int, count: int, scratch: int) -> None:
    """Write the postings of all groups, urgency descending."""
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    for urgency in range(FLAG_URGENCY, -1, -1):
        for at in range(count):
            entry = entries + ENTRY_BYTES * load_i32(order + 4 * at)
            if load_u8(entry + ENTRY_FLAGS) & FLAG_URGENCY != urgency:
                continue
            posting = load_u16(scratch + _CELL + 2 * at) << 8 | at
            for number in range(load_u8(entry + ENTRY_COUNT)):
                end = _counter(entry, number, scratch)
                store_u16(postings + 2 * load_u16(end), posting)
                store_u16(end, load_u16(end) + 1)


@compiled
def pack(
    words: int, entries: int, order: int, count: int, leaf: int, slack: int, scratch: int
) -> None:
    """Put `count` entries, in the order of the int32 at `order`, into a new block for the leaf.

    With `slack` 1 there is room for an eighth more. The table of ids is not touched.
    """
    cells = _number_cells(entries, order, count, scratch)
    posted = _count_postings(entries, order, count, scratch)
    groups = 0
    for group in range(512):
        groups += load_u16(scratch + _GROUPS + 2 * group) > 0
    unit = _new_block(words, count, cells, groups, posted, slack)
    store_u32(load_i64(words + LEAVES) + 4 * leaf, unit)
    block = load_i64(words + ARENA) + UNIT * unit
    store_u16(block + BLOCK_ROWS, count)
    store_u16(block + BLOCK_CELLS, cells)
    _write_groups(block, scratch)
    _write_postings(block, entries, order, count, scratch)
    at_rows = block + load_u16(block + BLOCK_AT_ROWS)
    at_flags = block + load_u16(block + BLOCK_AT_FLAGS)
    at_cells = block + load_u16(block + BLOCK_AT_CELLS)
    at_precision = block + load_u16(block + BLOCK_AT_PRECISION)
    for at in range(count):
        entry = entries + ENTRY_BYTES * load_i32(order + 4 * at)
        copy_bytes(entry, at_rows + ROW_BYTES * at, ROW_BYTES)
        store_u8(at_flags + at, load_u8(entry + ENTRY_FLAGS))
        cell = load_u16(scratch + _CELL + 2 * at)
        store_f64(at_cells + CELL_BYTES * cell, load_f64(entry + ENTRY_PHI))
        store_f64(at_cells + CELL_BYTES * cell + 8, load_f64(entry + ENTRY_LAMBDA))
        store_u8(at_precision + cell, load_u8(entry + ENTRY_PRECISION))
