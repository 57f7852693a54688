"""Loose rows put together into a block: cells shared, groups by side and category."""

import numpy as np

from matcher.compiled import (
    compiled,
    inlined,
    load_f64,
    load_i32,
    load_i64,
    load_u8,
    load_u16,
    load_u64,
    signed,
    store_f64,
    store_i32,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
    store_u64,
)
from matcher.index.blocks import (
    CELL_SLOTS,
    LOOSE_CELLS,
    LOOSE_GROUPS,
    LOOSE_SLOTS,
    new_block,
    side_of_groups,
    write_row,
)
from matcher.index.layout import (
    ARENA,
    ASKS,
    BLOCK_ASKING,
    BLOCK_AT_CELLS,
    BLOCK_AT_FLAGS,
    BLOCK_AT_POSTINGS,
    BLOCK_AT_PRECISION,
    BLOCK_BITS,
    BLOCK_CELLS,
    BLOCK_GROUPS,
    BLOCK_HIGH,
    BLOCK_POSTINGS,
    BLOCK_ROWS,
    BLOCK_STARTS,
    CELL_BYTES,
    ENTRY_BYTES,
    ENTRY_CATEGORIES,
    ENTRY_COUNT,
    ENTRY_FLAGS,
    ENTRY_ID,
    ENTRY_LAMBDA,
    ENTRY_PHI,
    ENTRY_PRECISION,
    FLAG_URGENCY,
    LEAVES,
    UNIT,
)


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
    slots, numbers = scratch + LOOSE_SLOTS, scratch + LOOSE_CELLS
    for at in range(0, 2 * CELL_SLOTS, 8):
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
            slot = (slot + 1) & (CELL_SLOTS - 1)
    return cells


@inlined
def _counter(entry: int, number: int, scratch: int) -> int:
    """Address of the counter of the group of an entry's category."""
    side = side_of_groups(load_u8(entry + ENTRY_FLAGS))
    return scratch + LOOSE_GROUPS + 2 * (side << 8 | load_u8(entry + ENTRY_CATEGORIES + number))


@compiled
def _count_postings(entries: int, order: int, count: int, scratch: int) -> int:
    """Count the rows of each group; how many postings there are in all."""
    for at in range(0, 2 * 512, 8):
        store_i64(scratch + LOOSE_GROUPS + at, 0)
    postings = 0
    for at in range(count):
        entry = entries + ENTRY_BYTES * load_i32(order + 4 * at)
        for number in range(load_u8(entry + ENTRY_COUNT)):
            counter = _counter(entry, number, scratch)
            store_u16(counter, load_u16(counter) + 1)
            postings += 1
    return postings


@compiled
def _write_groups(block: int, scratch: int) -> None:
    """Turn the counters of groups into the bits and starts of the block, and into their ends."""
    group = start = 0
    for side in range(2):
        for category in range(256):
            counter = scratch + LOOSE_GROUPS + 2 * (side << 8 | category)
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
            posting = load_u16(scratch + LOOSE_CELLS + 2 * at) << 8 | at
            for number in range(load_u8(entry + ENTRY_COUNT)):
                end = _counter(entry, number, scratch)
                store_u16(postings + 2 * load_u16(end), posting)
                store_u16(end, load_u16(end) + 1)


@inlined
def _is_wide(entries: int, order: int, count: int) -> bool:
    """Whether the upper words of the ids differ."""
    for at in range(1, count):
        entry = entries + ENTRY_BYTES * load_i32(order + 4 * at)
        first = entries + ENTRY_BYTES * load_i32(order)
        if load_i32(entry + ENTRY_ID + 4) != load_i32(first + ENTRY_ID + 4):
            return True
    return False


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
        groups += load_u16(scratch + LOOSE_GROUPS + 2 * group) > 0
    wide = _is_wide(entries, order, count)
    unit = new_block(words, count, cells, groups, posted, wide, slack)
    store_u32(load_i64(words + LEAVES) + 4 * leaf, unit)
    block = load_i64(words + ARENA) + UNIT * unit
    store_u16(block + BLOCK_ROWS, count)
    store_u16(block + BLOCK_CELLS, cells)
    _write_groups(block, scratch)
    _write_postings(block, entries, order, count, scratch)
    if count > 0:
        first = entries + ENTRY_BYTES * load_i32(order)
        store_i32(block + BLOCK_HIGH, load_i32(first + ENTRY_ID + 4))
    at_flags = block + load_u16(block + BLOCK_AT_FLAGS)
    at_cells = block + load_u16(block + BLOCK_AT_CELLS)
    at_precision = block + load_u16(block + BLOCK_AT_PRECISION)
    for at in range(count):
        entry = entries + ENTRY_BYTES * load_i32(order + 4 * at)
        write_row(block, at, entry)
        store_u8(at_flags + at, load_u8(entry + ENTRY_FLAGS))
        cell = load_u16(scratch + LOOSE_CELLS + 2 * at)
        store_f64(at_cells + CELL_BYTES * cell, load_f64(entry + ENTRY_PHI))
        store_f64(at_cells + CELL_BYTES * cell + 8, load_f64(entry + ENTRY_LAMBDA))
        store_u8(at_precision + cell, load_u8(entry + ENTRY_PRECISION))
