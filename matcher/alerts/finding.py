"""The groups of records that a question has to look through.

Memory is slow to answer and quick to deliver: everything is asked for well before it is needed,
one stage for all cells, then for all their categories, then for all their shelves.
"""

from matcher.alerts.cells import first_slot, slot_from
from matcher.alerts.groups import below, lowest_bit, subgroup
from matcher.alerts.layout import (
    ARENA,
    ASKED_LAT,
    ASKED_LNG,
    ASKED_MASK,
    ASKED_SHELVES,
    CELL_GROUP,
    CELL_TOTAL,
    GROUP_BLOCK,
    GROUP_BYTES,
    GROUP_COUNT,
    GROUP_SPLIT,
    LEVEL_COUNT,
    LEVELS,
    NOTE_AVOIDED,
    NOTE_BYTES,
    NOTE_GROUP,
    NOTE_LEVEL,
    NOTE_PLAIN,
    NOTED_CELLS,
    NOTED_GROUPS,
    NOTED_SHELVED,
    NOTED_SPLIT,
    REMOTE_LEVEL,
    REMOTES,
    SCRATCH,
    SHELVES,
    UNIT,
)
from matcher.alerts.places import REMOTE_KEY, column_of, key_of, line_of
from matcher.compiled import compiled, inlined, load_f64, load_i64, load_u32, prefetch, store_i64

_LINE = 64
_LAST_BIT = 63
# The bit of alerts on any category, which have no other.
_ANY = 1
# Of a group so many bytes are asked for at first; the processor itself asks for what follows.
_AHEAD = 4 * _LINE
_SHELVES_BYTES = SHELVES * GROUP_BYTES


@inlined
def _note(notes: int, count: int, group: int, avoided: int, level: int) -> int:
    at = notes + NOTE_BYTES * count
    store_i64(at + NOTE_GROUP, group)
    store_i64(at + NOTE_AVOIDED, avoided)
    store_i64(at + NOTE_LEVEL, level)
    return count + 1


@inlined
def _note_cell(words: int, cells: int, count: int, key: int, level: int) -> int:
    slot = first_slot(words, key)
    prefetch(slot)
    return _note(cells, count, slot, key, level)


@compiled
def _note_cells(words: int, cells: int, placed: bool, remote: bool) -> int:
    """Note the cells in which alerts around the point stand, and that of remote help."""
    count, lat, lng = 0, load_f64(words + ASKED_LAT), load_f64(words + ASKED_LNG)
    for level in range(LEVEL_COUNT if placed else 0):
        if load_i64(words + LEVELS + 8 * level) == 0:
            continue
        column, line = column_of(level, lng), line_of(level, lat)
        for south in range(2 if line > 0 else 1):
            for west in range(2 if level > 0 else 1):
                key = key_of(level, column - west, line - south)
                count = _note_cell(words, cells, count, key, level)
    if remote and load_i64(words + REMOTES) > 0:
        count = _note_cell(words, cells, count, REMOTE_KEY, REMOTE_LEVEL)
    return count


@inlined
def _ask_for_block(words: int, group: int, most: int) -> None:
    start = load_i64(words + ARENA) + UNIT * load_u32(group + GROUP_BLOCK)
    for at in range(0, min(most, UNIT * load_u32(group + GROUP_COUNT)), _LINE):
        prefetch(start + at)


@inlined
def _note_categories(words: int, split: int, count: int, group: int, asked: int, level: int) -> int:
    """Note the groups of a split cell that the listing's categories have."""
    left = asked
    while left != 0:
        bit = lowest_bit(left)
        each = subgroup(words, group, bit)
        prefetch(each)
        # An alert counts only in the group of the first category in common.
        avoided = asked & below(bit) & ~_ANY
        # The last bit is that of several categories: there it is always looked at again.
        plain = NOTE_PLAIN if avoided == 0 and bit != _LAST_BIT else 0
        count = _note(split, count, each, avoided, level | plain)
        left &= left - 1
    return count


@inlined
def _note_shelves(words: int, groups: int, count: int, note: int, shelves: int) -> int:
    """Note the shelves of a category on which there are alerts that may be hit."""
    group, left = load_i64(note + NOTE_GROUP), shelves
    while left != 0:
        each = subgroup(words, group, lowest_bit(left))
        if load_u32(each + GROUP_COUNT) > 0:
            _ask_for_block(words, each, _AHEAD)
            avoided, level = load_i64(note + NOTE_AVOIDED), load_i64(note + NOTE_LEVEL)
            count = _note(groups, count, each, avoided, level)
        left &= left - 1
    return count


@compiled
def note_groups(words: int, placed: bool, remote: bool) -> int:
    """Note all groups in which alerts may be hit; how many they are."""
    scratch, asked = load_i64(words + SCRATCH), load_i64(words + ASKED_MASK)
    cells, split, shelved = scratch + NOTED_CELLS, scratch + NOTED_SPLIT, scratch + NOTED_SHELVED
    groups, count, split_count, shelved_count = scratch + NOTED_GROUPS, 0, 0, 0
    for i in range(_note_cells(words, cells, placed, remote)):
        note = cells + NOTE_BYTES * i
        level = load_i64(note + NOTE_LEVEL)
        cell = slot_from(words, load_i64(note + NOTE_GROUP), load_i64(note + NOTE_AVOIDED))
        if load_u32(cell + CELL_TOTAL) == 0:
            continue
        group = cell + CELL_GROUP
        if load_u32(group + GROUP_SPLIT) == 0:
            _ask_for_block(words, group, 2 * _AHEAD)
            count = _note(groups, count, group, 0, level)
        else:
            split_count = _note_categories(words, split, split_count, group, asked, level)
    for i in range(split_count):
        note = split + NOTE_BYTES * i
        group = load_i64(note + NOTE_GROUP)
        avoided, level = load_i64(note + NOTE_AVOIDED), load_i64(note + NOTE_LEVEL)
        if load_u32(group + GROUP_COUNT) == 0:
            continue
        if load_u32(group + GROUP_SPLIT) == 0:
            _ask_for_block(words, group, 2 * _AHEAD)
            count = _note(groups, count, group, avoided, level)
        else:
            table = subgroup(words, group, 0)
            for at in range(0, _SHELVES_BYTES, _LINE):
                prefetch(table + at)
            shelved_count = _note(shelved, shelved_count, group, avoided, level)
    shelves = load_i64(words + ASKED_SHELVES)
    for i in range(shelved_count):
        count = _note_shelves(words, groups, count, shelved + NOTE_BYTES * i, shelves)
    return count
