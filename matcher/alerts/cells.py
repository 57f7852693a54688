"""Cells by their key, and the alerts in them.

A cell is a slot of a hash table. Few alerts stand in one group; many are split into a group for
each bit of their categories, so that a question reads only those that may concern it.
"""

from matcher.alerts.arena import give_block, size_for, take_block
from matcher.alerts.groups import (
    MIXED,
    MOST_MOVES,
    count_bits,
    drop_table,
    loose_record,
    lowest_bit,
    make_table,
    position_units,
    put_into_category,
    put_record,
    subgroup,
    take_from_category,
    take_record,
    units_for_category,
    units_wanted,
)
from matcher.alerts.ids import scattered
from matcher.alerts.layout import (
    ARENA,
    CELL_BYTES,
    CELL_GROUP,
    CELL_KEY,
    CELL_TOTAL,
    CELLS,
    CELLS_SLOTS,
    CELLS_USED,
    GROUP_BLOCK,
    GROUP_BYTES,
    GROUP_COUNT,
    GROUP_SIZE,
    GROUP_SPLIT,
    LANES,
    LARGEST_MIXED,
    LEVELS,
    RECORD_MASK,
    RECORD_ROW,
    ROW_BYTES,
    ROW_KEY,
    ROW_MASK,
    ROW_POSITION,
    ROWS,
    SHELF_SHIFT,
    TILE_MASKS,
    UNIT,
)
from matcher.alerts.places import level_of
from matcher.alerts.tiles import read_record, tile_of
from matcher.compiled import compiled, inlined, load_i64, load_u32, store_i64, store_u32

_BITS = 64
_TABLE_UNITS = _BITS * GROUP_BYTES // UNIT
_TABLE_SIZE = 9
# Room for what a removal may free, or a cell that is made anew may take.
_SPARE_UNITS = 4 * LANES


@inlined
def first_slot(words: int, key: int) -> int:
    """Address of the slot where the search for a cell begins."""
    return load_i64(words + CELLS) + CELL_BYTES * scattered(key, load_i64(words + CELLS_SLOTS))


@inlined
def slot_from(words: int, slot: int, key: int) -> int:
    """The slot of a cell, or the empty one where it would stand, searching from a slot."""
    table = load_i64(words + CELLS)
    end = table + CELL_BYTES * load_i64(words + CELLS_SLOTS)
    while load_i64(slot + CELL_KEY) != key and load_i64(slot + CELL_KEY) != 0:
        slot += CELL_BYTES
        if slot == end:
            slot = table
    return slot


@inlined
def _position_size(mask: int) -> int:
    return size_for(position_units(mask))


@compiled
def _units_for_split(words: int, cell: int) -> int:
    """At most so many units are taken when a cell is split."""
    count = load_u32(cell + CELL_GROUP + GROUP_COUNT)
    start = load_i64(words + ARENA) + UNIT * load_u32(cell + CELL_GROUP + GROUP_BLOCK)
    bits = 0
    for i in range(count):
        bits += count_bits(load_i64(tile_of(start, i) + TILE_MASKS + 8 * (i % LANES)))
    # A growing group leaves all its smaller blocks behind, together less than three times its
    # last one, which is less than half as large again as its records, or one tile; and a unit
    # may be lost before each block.
    return _TABLE_UNITS + 6 * bits + 2 * count + _BITS * (LANES + MOST_MOVES)


@compiled
def units_for(words: int, key: int, mask: int, shelf: int) -> int:
    """At most so many units are taken when a record with this mask is put into a cell."""
    cell = slot_from(words, first_slot(words, key), key)
    if load_i64(cell + CELL_KEY) == 0:
        return _SPARE_UNITS
    units = _SPARE_UNITS + 2 * position_units(mask)
    if load_u32(cell + CELL_GROUP + GROUP_SPLIT) == 0:
        if load_u32(cell + CELL_TOTAL) < LARGEST_MIXED:
            return units + units_wanted(cell + CELL_GROUP)
        return units + _units_for_split(words, cell) + (6 + LANES) * count_bits(mask)
    while mask != 0:
        group = subgroup(words, cell + CELL_GROUP, lowest_bit(mask))
        units += units_for_category(words, group, shelf)
        mask &= mask - 1
    return units


@compiled
def _put_split(words: int, cell: int, record: int) -> None:
    """Put a record into the group of each of its categories."""
    mask = load_i64(record + RECORD_MASK)
    number = load_u32(record + RECORD_ROW) & ((1 << SHELF_SHIFT) - 1)
    row = load_i64(words + ROWS) + ROW_BYTES * number
    store_u32(row + ROW_POSITION, take_block(words, _position_size(mask)))
    while mask != 0:
        bit = lowest_bit(mask)
        put_into_category(words, subgroup(words, cell + CELL_GROUP, bit), record, bit)
        mask &= mask - 1


@compiled
def _split(words: int, cell: int) -> None:
    """Put the records of a cell into a group for each category."""
    mixed = cell + CELL_GROUP
    block, size = load_u32(mixed + GROUP_BLOCK), load_u32(mixed + GROUP_SIZE)
    make_table(words, mixed, _TABLE_SIZE)
    record = loose_record(words) + 2 * UNIT
    for i in range(load_u32(mixed + GROUP_COUNT)):
        read_record(load_i64(words + ARENA) + UNIT * block, i, record)
        _put_split(words, cell, record)
    store_u32(mixed + GROUP_COUNT, 0)
    give_block(words, block, size - 1)


@compiled
def put_into_cell(words: int, key: int, record: int) -> None:
    """Put an alert's record into its cell. There must be room in the table and in the arena."""
    cell = slot_from(words, first_slot(words, key), key)
    if load_i64(cell + CELL_KEY) == 0:
        store_i64(cell + CELL_KEY, key)
        store_i64(words + CELLS_USED, load_i64(words + CELLS_USED) + 1)
    total = load_u32(cell + CELL_TOTAL)
    if load_u32(cell + CELL_GROUP + GROUP_SPLIT) == 0 and total >= LARGEST_MIXED:
        _split(words, cell)
    if load_u32(cell + CELL_GROUP + GROUP_SPLIT) == 0:
        put_record(words, cell + CELL_GROUP, record, MIXED)
    else:
        _put_split(words, cell, record)
    store_u32(cell + CELL_TOTAL, total + 1)
    count = words + LEVELS + 8 * level_of(key)
    store_i64(count, load_i64(count) + 1)


@compiled
def take_from_cell(words: int, row: int) -> None:
    """Take all records of a row out of its cell. An empty cell keeps its slot until a move."""
    at = load_i64(words + ROWS) + ROW_BYTES * row
    key, mask = load_i64(at + ROW_KEY), load_i64(at + ROW_MASK)
    cell = slot_from(words, first_slot(words, key), key)
    total = load_u32(cell + CELL_TOTAL) - 1
    store_u32(cell + CELL_TOTAL, total)
    if load_u32(cell + CELL_GROUP + GROUP_SPLIT) == 0:
        take_record(words, cell + CELL_GROUP, row, MIXED)
    else:
        left = mask
        while left != 0:
            bit = lowest_bit(left)
            take_from_category(words, subgroup(words, cell + CELL_GROUP, bit), row, bit)
            left &= left - 1
        give_block(words, load_u32(at + ROW_POSITION), _position_size(mask))
        if total == 0:
            drop_table(words, cell + CELL_GROUP)
    count = words + LEVELS + 8 * level_of(key)
    store_i64(count, load_i64(count) - 1)


@compiled
def count_cells(words: int) -> int:
    """How many cells are not empty."""
    count, cell = 0, load_i64(words + CELLS)
    for _ in range(load_i64(words + CELLS_SLOTS)):
        if load_u32(cell + CELL_TOTAL) > 0:
            count += 1
        cell += CELL_BYTES
    return count


@compiled
def move_cells(words: int, table: int, slots: int) -> None:
    """Move to another table, all 0; empty cells are left behind."""
    old, old_slots = load_i64(words + CELLS), load_i64(words + CELLS_SLOTS)
    store_i64(words + CELLS, table)
    store_i64(words + CELLS_SLOTS, slots)
    used = 0
    for i in range(old_slots):
        cell = old + CELL_BYTES * i
        if load_u32(cell + CELL_TOTAL) > 0:
            key = load_i64(cell + CELL_KEY)
            target = slot_from(words, first_slot(words, key), key)
            for at in range(0, CELL_BYTES, 8):
                store_i64(target + at, load_i64(cell + at))
            used += 1
    store_i64(words + CELLS_USED, used)
