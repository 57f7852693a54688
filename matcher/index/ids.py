"""The table from ids to rows: open addressing with linear probing, four bytes a slot.

A slot holds where the row is and some bits of the hash of its id, so that few rows are looked at
in vain. The ids themselves are kept in the rows only.
"""

from typing import Any

import numpy as np

from matcher.compiled import (
    compiled,
    inlined,
    load_i32,
    load_i64,
    load_u16,
    load_u32,
    signed,
    store_i64,
    store_u32,
)
from matcher.index.layout import (
    ARENA,
    BLOCK_AT_HIGHS,
    BLOCK_AT_ROWS,
    BLOCK_HIGH,
    BLOCK_ROWS,
    GREATEST_ID,
    IDS,
    IDS_SLOTS,
    LEAVES,
    LEAVES_USED,
    ROW_BYTES,
    ROW_LOW,
    ROWS,
    TAG_BITS,
    UNIT,
)

_TAG_MASK = (1 << TAG_BITS) - 1


@inlined
def mixed(number: int) -> Any:
    """The finalizer of splitmix64 (G. Steele et al., OOPSLA 2014), uint64: one to one."""
    z = np.uint64(number) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inlined
def _slot(hashed: Any, slots: int) -> int:
    """A slot for the upper 32 bits of the hash, evenly (D. Lemire, 2019), without division."""
    return signed(((hashed >> np.uint64(32)) * np.uint64(slots)) >> np.uint64(32))


@inlined
def _tag(hashed: Any) -> int:
    return signed(hashed & np.uint64(_TAG_MASK))


@inlined
def block_of(words: int, leaf: int) -> int:
    """Address of the block of a leaf."""
    return load_i64(words + ARENA) + UNIT * load_u32(load_i64(words + LEAVES) + 4 * leaf)


@inlined
def id_in(block: int, row: int) -> int:
    """Id of a row of a block."""
    low = load_u32(block + load_u16(block + BLOCK_AT_ROWS) + ROW_BYTES * row + ROW_LOW)
    highs = load_u16(block + BLOCK_AT_HIGHS)
    high = load_i32(block + BLOCK_HIGH if highs == 0 else block + highs + 4 * row)
    return high << 32 | low


@inlined
def _id_of(words: int, handle: int) -> int:
    """Id of the row leaf << 8 | row."""
    return id_in(block_of(words, handle >> 8), handle & 255)


@compiled
def find_slot(words: int, number: int) -> int:
    """Address of the slot of an id, or -1."""
    table, slots = load_i64(words + IDS), load_i64(words + IDS_SLOTS)
    if number > load_i64(words + GREATEST_ID):
        return -1
    hashed = mixed(number)
    slot, tag = _slot(hashed, slots), _tag(hashed)
    while True:
        entry = load_u32(table + 4 * slot)
        if entry == 0:
            return -1
        if entry & _TAG_MASK == tag and _id_of(words, (entry >> TAG_BITS) - 1) == number:
            return table + 4 * slot
        slot += 1
        if slot == slots:
            slot = 0


@compiled
def handle_of(words: int, number: int) -> int:
    """leaf << 8 | row of an id, or -1."""
    slot = find_slot(words, number)
    return -1 if slot < 0 else (load_u32(slot) >> TAG_BITS) - 1


@compiled
def put(words: int, number: int, handle: int) -> None:
    """Enter an id that is not in the table."""
    store_i64(words + GREATEST_ID, max(load_i64(words + GREATEST_ID), number))
    table, slots = load_i64(words + IDS), load_i64(words + IDS_SLOTS)
    hashed = mixed(number)
    slot = _slot(hashed, slots)
    while load_u32(table + 4 * slot) != 0:
        slot += 1
        if slot == slots:
            slot = 0
    store_u32(table + 4 * slot, (handle + 1) << TAG_BITS | _tag(hashed))


@inlined
def point(slot: int, handle: int) -> None:
    """Let the slot of an id, which stays where it is, lead to another row."""
    store_u32(slot, (handle + 1) << TAG_BITS | (load_u32(slot) & _TAG_MASK))


@compiled
def take_out(words: int, number: int) -> None:
    """Drop an id whose row is still there; those behind it in the row of slots close up."""
    table, slots = load_i64(words + IDS), load_i64(words + IDS_SLOTS)
    hole = (find_slot(words, number) - table) // 4
    slot = hole
    while True:
        slot = slot + 1 if slot + 1 < slots else 0
        entry = load_u32(table + 4 * slot)
        if entry == 0:
            break
        home = _slot(mixed(_id_of(words, (entry >> TAG_BITS) - 1)), slots)
        # The entry may move into the hole unless its home lies behind it (cyclically).
        if (slot - home) % slots >= (slot - hole) % slots:
            store_u32(table + 4 * hole, entry)
            hole = slot
    store_u32(table + 4 * hole, 0)


@compiled
def enter_all(words: int) -> None:
    """Fill an empty table with the ids of all rows."""
    rows = 0
    for leaf in range(load_i64(words + LEAVES_USED)):
        block = block_of(words, leaf)
        count = load_u16(block + BLOCK_ROWS)
        for row in range(count):
            put(words, id_in(block, row), leaf << 8 | row)
        rows += count
    store_i64(words + ROWS, rows)
