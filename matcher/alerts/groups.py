"""Groups of records in the arena: one more at the end, one less in the middle.

Each alert knows where its records stand: in a cell that is not split its row has the position; in
a split cell a block of the arena has one position for each of its categories, in their order.
"""

import numpy as np

from matcher.alerts.arena import give_block, has_free_block, size_for, take_block, units_of
from matcher.alerts.layout import (
    ARENA,
    GROUP_BLOCK,
    GROUP_BYTES,
    GROUP_COUNT,
    GROUP_SIZE,
    GROUP_SPLIT,
    LANES,
    LARGEST_CATEGORY,
    RECORD_ROW,
    ROW_BYTES,
    ROW_GATE,
    ROW_MASK,
    ROW_POSITION,
    ROWS,
    SCRATCH,
    SHELF_SHIFT,
    SHELVES,
    UNIT,
)
from matcher.alerts.tiles import read_record, row_in_tiles, write_record
from matcher.compiled import (
    compiled,
    inlined,
    load_i64,
    load_u32,
    popcount,
    store_i64,
    store_u32,
)

#: How a group of a cell that is not split is called where a category is asked for.
MIXED = -1

#: A group that grows to the size where it is split has moved at most so often.
MOST_MOVES = 8

# Blocks of records are of one tile, or of larger sizes, which are whole tiles but for the next.
_TILE_SIZE = 5

_SHELF_UNITS = SHELVES * GROUP_BYTES // UNIT
_SHELF_SIZE = 7

# Blocks of fewer records are never made smaller.
_SMALLEST_SHRUNK = 4 * LANES


@inlined
def count_bits(mask: int) -> int:
    """How many bits are set."""
    return popcount(np.uint64(mask))


@inlined
def lowest_bit(mask: int) -> int:
    """Number of the lowest bit that is set; there must be one."""
    return count_bits((mask & -mask) - 1)


@inlined
def below(bit: int) -> int:
    """All bits below one."""
    return (1 << bit) - 1


@inlined
def position_units(mask: int) -> int:
    """Units that the positions of an alert with these categories take in a split cell."""
    return (count_bits(mask) + 7) >> 3


@inlined
def loose_record(words: int) -> int:
    """Address of three records in passing: one that is moved within a group, one that goes from
    a category to its shelves, and one that goes from a mixed cell to categories.
    """
    return load_i64(words + SCRATCH) + UNIT


@inlined
def subgroup(words: int, group: int, number: int) -> int:
    """Address of a group in the table that a split one has."""
    table = load_i64(words + ARENA) + UNIT * load_u32(group + GROUP_BLOCK)
    return table + GROUP_BYTES * number


@inlined
def _shelf_of_record(words: int, group: int, record: int) -> int:
    """Address of the group on whose shelf a record belongs, in a split one of a category."""
    return subgroup(words, group, load_u32(record + RECORD_ROW) >> SHELF_SHIFT)


@inlined
def _place_of_position(words: int, row: int, bit: int) -> int:
    """Address of the position of a row's record in the group of a category."""
    at = load_i64(words + ROWS) + ROW_BYTES * row
    if bit == MIXED:
        return at + ROW_POSITION
    rank = count_bits(load_i64(at + ROW_MASK) & below(bit))
    return load_i64(words + ARENA) + UNIT * load_u32(at + ROW_POSITION) + 4 * rank


@inlined
def _copy(source: int, target: int, units: int) -> None:
    for at in range(0, UNIT * units, 8):
        store_i64(target + at, load_i64(source + at))


@inlined
def room_of(group: int) -> int:
    """How many records fit into the block of a group."""
    size = load_u32(group + GROUP_SIZE)
    return units_of(size - 1) if size > 0 else 0


@inlined
def _next_size(group: int) -> int:
    """Size of the next larger block, in whole tiles."""
    size = load_u32(group + GROUP_SIZE) - 1
    return max(size + 1, _TILE_SIZE) if size != _TILE_SIZE else _TILE_SIZE + 2


@inlined
def units_wanted(group: int) -> int:
    """Units that the move to a larger block takes for one more record; 0 when there is room."""
    full = load_u32(group + GROUP_COUNT) == room_of(group)
    return units_of(_next_size(group)) + 1 if full else 0


@compiled
def _move(words: int, group: int, size: int) -> None:
    """Move the records of a group to a block of another size."""
    arena, count = load_i64(words + ARENA), load_u32(group + GROUP_COUNT)
    block, old_size = load_u32(group + GROUP_BLOCK), load_u32(group + GROUP_SIZE)
    target = take_block(words, size)
    if old_size > 0:
        units = (count + LANES - 1) // LANES * LANES
        _copy(arena + UNIT * block, arena + UNIT * target, units)
        give_block(words, block, old_size - 1)
    store_u32(group + GROUP_BLOCK, target)
    store_u32(group + GROUP_SIZE, size + 1)


@inlined
def _start(words: int, group: int) -> int:
    return load_i64(words + ARENA) + UNIT * load_u32(group + GROUP_BLOCK)


@compiled
def put_record(words: int, group: int, record: int, bit: int) -> None:
    """Add a record to the group of a category (or MIXED). There must be room in the arena."""
    count = load_u32(group + GROUP_COUNT)
    if count == room_of(group):
        _move(words, group, _next_size(group))
    start = _start(words, group)
    write_record(start, count, record)
    store_u32(_place_of_position(words, row_in_tiles(start, count), bit), count)
    store_u32(group + GROUP_COUNT, count + 1)


@compiled
def free_group(words: int, group: int) -> None:
    """Give back the block of a group."""
    size = load_u32(group + GROUP_SIZE)
    if size > 0:
        give_block(words, load_u32(group + GROUP_BLOCK), size - 1)
    store_i64(group + GROUP_BLOCK, 0)
    store_u32(group + GROUP_SIZE, 0)


@compiled
def take_record(words: int, group: int, row: int, bit: int) -> None:
    """Take out the record of a row; the last one of the group takes its place."""
    position = load_u32(_place_of_position(words, row, bit))
    start, last = _start(words, group), load_u32(group + GROUP_COUNT) - 1
    if position != last:
        moved = loose_record(words)
        read_record(start, last, moved)
        write_record(start, position, moved)
        store_u32(_place_of_position(words, row_in_tiles(start, position), bit), position)
    store_u32(group + GROUP_COUNT, last)
    room = room_of(group)
    if last == 0:
        free_group(words, group)
    elif room >= _SMALLEST_SHRUNK and 4 * last <= room:
        # Only into a block that was given back: a removal never needs a larger arena.
        size = max(size_for(2 * last), _TILE_SIZE + 2)
        if has_free_block(words, size):
            _move(words, group, size)


@compiled
def make_table(words: int, group: int, size: int) -> None:
    """Give a group an empty table of groups in place of its records, which the caller keeps."""
    table = take_block(words, size)
    for at in range(0, UNIT * units_of(size), 8):
        store_i64(load_i64(words + ARENA) + UNIT * table + at, 0)
    store_u32(group + GROUP_BLOCK, table)
    store_u32(group + GROUP_SIZE, size + 1)
    store_u32(group + GROUP_SPLIT, 1)


@compiled
def drop_table(words: int, group: int) -> None:
    """Take the table away from a split group whose groups are all empty."""
    free_group(words, group)
    store_u32(group + GROUP_SPLIT, 0)


@compiled
def units_for_category(words: int, group: int, shelf: int) -> int:
    """At most so many units are taken when a record is put into the group of a category."""
    if load_u32(group + GROUP_SPLIT) != 0:
        return units_wanted(subgroup(words, group, shelf))
    if load_u32(group + GROUP_COUNT) < LARGEST_CATEGORY:
        return units_wanted(group)
    # Growing groups leave smaller blocks behind: all together less than 5 times their records,
    # or one tile; and a unit may be lost before each block.
    return _SHELF_UNITS + 6 * (LARGEST_CATEGORY + 1) + SHELVES * (LANES + MOST_MOVES)


@compiled
def put_into_category(words: int, group: int, record: int, bit: int) -> None:
    """Put a record into the group of a category; when that is large, on its shelf."""
    count = load_u32(group + GROUP_COUNT)
    if load_u32(group + GROUP_SPLIT) == 0:
        if count < LARGEST_CATEGORY:
            put_record(words, group, record, bit)
            return
        block, size = load_u32(group + GROUP_BLOCK), load_u32(group + GROUP_SIZE)
        make_table(words, group, _SHELF_SIZE)
        moved = loose_record(words) + UNIT
        for i in range(count):
            read_record(load_i64(words + ARENA) + UNIT * block, i, moved)
            put_record(words, _shelf_of_record(words, group, moved), moved, bit)
        give_block(words, block, size - 1)
    put_record(words, _shelf_of_record(words, group, record), record, bit)
    store_u32(group + GROUP_COUNT, count + 1)


@compiled
def take_from_category(words: int, group: int, row: int, bit: int) -> None:
    """Take the record of a row out of the group of a category."""
    if load_u32(group + GROUP_SPLIT) == 0:
        take_record(words, group, row, bit)
        return
    gate = load_u32(load_i64(words + ROWS) + ROW_BYTES * row + ROW_GATE)
    take_record(words, subgroup(words, group, gate >> SHELF_SHIFT), row, bit)
    count = load_u32(group + GROUP_COUNT) - 1
    store_u32(group + GROUP_COUNT, count)
    if count == 0:
        drop_table(words, group)
