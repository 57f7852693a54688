"""Putting one listing into the leaves and taking it out again."""

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
    store_f64,
    store_i32,
    store_i64,
    store_u8,
    store_u16,
    store_u64,
)
from matcher.index.blocks import (
    LOOSE_ENTRIES,
    LOOSE_ORDER,
    LOOSE_PATH,
    enlarge,
    give_block,
    has_group,
    move_row,
    rank,
    side_of_groups,
    unpack,
    write_row,
)
from matcher.index.ids import block_of, find_slot, handle_of, id_in, point, put, take_out
from matcher.index.layout import (
    ARENA_UNITS,
    ARENA_USED,
    BLOCK_ASKING,
    BLOCK_AT_CELLS,
    BLOCK_AT_FLAGS,
    BLOCK_AT_HIGHS,
    BLOCK_AT_POSTINGS,
    BLOCK_AT_PRECISION,
    BLOCK_BITS,
    BLOCK_CELLS,
    BLOCK_GROUPS,
    BLOCK_HIGH,
    BLOCK_POSTINGS,
    BLOCK_REMOVED,
    BLOCK_ROOM_CELLS,
    BLOCK_ROOM_GROUPS,
    BLOCK_ROOM_POSTINGS,
    BLOCK_ROOM_ROWS,
    BLOCK_ROWS,
    BLOCK_STARTS,
    BLOCK_UNITS,
    CELL_BYTES,
    DONE,
    ENTRY_BYTES,
    ENTRY_CATEGORIES,
    ENTRY_COUNT,
    ENTRY_FLAGS,
    ENTRY_ID,
    ENTRY_LAMBDA,
    ENTRY_PHI,
    ENTRY_POOL,
    ENTRY_PRECISION,
    FLAG_URGENCY,
    IDS_SLOTS,
    LEAF_ROWS,
    LEAVES,
    LEAVES_MOST,
    LEAVES_USED,
    MORE_ROOM,
    NODES_MOST,
    NODES_USED,
    ROWS,
    TOO_DEEP,
)
from matcher.index.packing import pack
from matcher.index.tree import descend, split_leaf

# The share of slots in use at which the table of ids must grow: 15 of 16.
_FULLEST = 16


@inlined
def has_room(words: int) -> bool:
    """Whether a listing can be put in without growing any array."""
    return (
        load_i64(words + ARENA_USED) + 3 * BLOCK_UNITS <= load_i64(words + ARENA_UNITS)
        and load_i64(words + LEAVES_USED) + 1 < load_i64(words + LEAVES_MOST)
        and load_i64(words + NODES_USED) + 1 < load_i64(words + NODES_MOST)
        and (load_i64(words + ROWS) + 1) * (_FULLEST + 1) < load_i64(words + IDS_SLOTS) * _FULLEST
    )


@inlined
def depth_limit(words: int) -> int:
    """How deep a leaf of a tree that is balanced well enough may be."""
    leaves, bits = load_i64(words + LEAVES_USED), 0
    while leaves > 0:
        leaves >>= 1
        bits += 1
    return 2 * bits + 8


@compiled
def room_for_change(words: int) -> bool:
    """has_room, for callers that are not compiled."""
    return has_room(words)


@compiled
def rows_of(words: int, leaf: int) -> int:
    """How many rows a leaf has."""
    return load_u16(block_of(words, leaf) + BLOCK_ROWS)


@compiled
def new_leaf(words: int, scratch: int) -> int:
    """Number of an empty leaf outside of the tree; there must be room."""
    leaf = load_i64(words + LEAVES_USED)
    store_i64(words + LEAVES_USED, leaf + 1)
    entries, order = scratch + LOOSE_ENTRIES, scratch + LOOSE_ORDER
    pack(words, entries, order, 0, leaf, 1, scratch)
    return leaf


@compiled
def pack_leaf(words: int, entries: int, order: int, count: int, scratch: int) -> int:
    """Number of a new leaf outside of the tree with these entries; there must be room."""
    leaf = load_i64(words + LEAVES_USED)
    store_i64(words + LEAVES_USED, leaf + 1)
    pack(words, entries, order, count, leaf, 0, scratch)
    return leaf


@compiled
def insert(words: int, scratch: int, entry: int) -> int:
    """Put in a listing whose id is not there; DONE, MORE_ROOM or TOO_DEEP."""
    if not has_room(words):
        return MORE_ROOM
    leaf, status = load_i64(entry + ENTRY_POOL), DONE
    if leaf < 0:
        phi, lambda_ = load_f64(entry + ENTRY_PHI), load_f64(entry + ENTRY_LAMBDA)
        number = load_i64(entry + ENTRY_ID)
        leaf = descend(words, phi, lambda_, number, scratch + LOOSE_PATH)
        if load_u16(block_of(words, leaf) + BLOCK_ROWS) == LEAF_ROWS:
            split_leaf(words, scratch, leaf, load_i64(scratch + LOOSE_PATH))
            leaf = descend(words, phi, lambda_, number, scratch + LOOSE_PATH)
        if load_i64(scratch + LOOSE_PATH + 8) > depth_limit(words):
            status = TOO_DEEP
    _append(words, scratch, leaf, entry)
    store_i64(words + ROWS, load_i64(words + ROWS) + 1)
    return status


@compiled
def insert_many(words: int, scratch: int, entries: int, count: int) -> int:
    """Put in listings one after the other; how many, fewer than `count` where room ran out.

    The status of the last is written to the first word of the path.
    """
    worst = DONE
    for i in range(count):
        status = insert(words, scratch, entries + ENTRY_BYTES * i)
        if status == MORE_ROOM:
            store_i64(scratch + LOOSE_PATH, MORE_ROOM)
            return i
        worst = max(worst, status)
    store_i64(scratch + LOOSE_PATH, worst)
    return count


@inlined
def _cell_of(block: int, entry: int) -> int:
    """Number of the cell of the entry in the block, or how many cells there are."""
    cells = block + load_u16(block + BLOCK_AT_CELLS)
    precisions = block + load_u16(block + BLOCK_AT_PRECISION)
    phi, lambda_ = load_i64(entry + ENTRY_PHI), load_i64(entry + ENTRY_LAMBDA)
    count, precision = load_u16(block + BLOCK_CELLS), load_u8(entry + ENTRY_PRECISION)
    for cell in range(count):
        at = cells + CELL_BYTES * cell
        same = load_i64(at) == phi and load_i64(at + 8) == lambda_
        if same and load_u8(precisions + cell) == precision:
            return cell
    return count


@inlined
def _has_same_high(block: int, entry: int) -> bool:
    """Whether the upper word of the entry's id is that of the block, or becomes so."""
    return load_u16(block + BLOCK_ROWS) == 0 or load_i32(block + BLOCK_HIGH) == load_i32(
        entry + ENTRY_ID + 4
    )


@inlined
def _fits(block: int, entry: int) -> bool:
    """Whether all parts of the block have room for the entry."""
    number = load_u8(entry + ENTRY_COUNT)
    return (
        load_u16(block + BLOCK_ROWS) < load_u16(block + BLOCK_ROOM_ROWS)
        and load_u16(block + BLOCK_CELLS) < load_u16(block + BLOCK_ROOM_CELLS)
        and load_u16(block + BLOCK_GROUPS) + number <= load_u16(block + BLOCK_ROOM_GROUPS)
        and load_u16(block + BLOCK_POSTINGS) + number <= load_u16(block + BLOCK_ROOM_POSTINGS)
        and (load_u16(block + BLOCK_AT_HIGHS) != 0 or _has_same_high(block, entry))
    )


@compiled
def _append(words: int, scratch: int, leaf: int, entry: int) -> None:
    """Add a row to a leaf that has fewer than 256, in a larger block where it must be."""
    block = block_of(words, leaf)
    if not _fits(block, entry) and load_u16(block + BLOCK_REMOVED) > 0:
        old = load_u32(load_i64(words + LEAVES) + 4 * leaf)
        count = unpack(block, scratch)
        entries, order = scratch + LOOSE_ENTRIES, scratch + LOOSE_ORDER
        pack(words, entries, order, count, leaf, 1, scratch)
        give_block(words, old)
        block = block_of(words, leaf)
    if not _fits(block, entry):
        enlarge(words, leaf, not _has_same_high(block, entry))
        block = block_of(words, leaf)
    row, cell = load_u16(block + BLOCK_ROWS), _cell_of(block, entry)
    if cell == load_u16(block + BLOCK_CELLS):
        at = block + load_u16(block + BLOCK_AT_CELLS) + CELL_BYTES * cell
        store_f64(at, load_f64(entry + ENTRY_PHI))
        store_f64(at + 8, load_f64(entry + ENTRY_LAMBDA))
        precision = block + load_u16(block + BLOCK_AT_PRECISION) + cell
        store_u8(precision, load_u8(entry + ENTRY_PRECISION))
        store_u16(block + BLOCK_CELLS, cell + 1)
    flags = load_u8(entry + ENTRY_FLAGS)
    store_u8(block + load_u16(block + BLOCK_AT_FLAGS) + row, flags)
    for i in range(load_u8(entry + ENTRY_COUNT)):
        category = load_u8(entry + ENTRY_CATEGORIES + i)
        side = side_of_groups(flags)
        _post(block, side, category, row | cell << 8, flags & FLAG_URGENCY)
    if row == 0:
        store_i32(block + BLOCK_HIGH, load_i32(entry + ENTRY_ID + 4))
    write_row(block, row, entry)
    store_u16(block + BLOCK_ROWS, row + 1)
    put(words, load_i64(entry + ENTRY_ID), leaf << 8 | row)


@inlined
def _post(block: int, side: int, category: int, posting: int, urgency: int) -> None:
    """Add a posting to its group, behind those that are as urgent."""
    group = rank(block, side, category)
    if not has_group(block, side, category):
        _open_group(block, side, category, group)
    starts = block + BLOCK_STARTS
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    flags = block + load_u16(block + BLOCK_AT_FLAGS)
    place = load_u16(starts + 2 * group + 2)
    total = load_u16(block + BLOCK_POSTINGS)
    first = load_u16(starts + 2 * group)
    while place > first:
        before = load_u16(postings + 2 * (place - 1))
        if load_u8(flags + (before & 255)) & FLAG_URGENCY >= urgency:
            break
        place -= 1
    for at in range(total, place, -1):
        store_u16(postings + 2 * at, load_u16(postings + 2 * (at - 1)))
    store_u16(postings + 2 * place, posting)
    for later in range(group + 1, load_u16(block + BLOCK_GROUPS) + 1):
        store_u16(starts + 2 * later, load_u16(starts + 2 * later) + 1)
    store_u16(block + BLOCK_POSTINGS, total + 1)


@inlined
def _open_group(block: int, side: int, category: int, group: int) -> None:
    """Make an empty group at its place in the order of groups."""
    starts, groups = block + BLOCK_STARTS, load_u16(block + BLOCK_GROUPS)
    for later in range(groups + 1, group, -1):
        store_u16(starts + 2 * later, load_u16(starts + 2 * (later - 1)))
    word = block + BLOCK_BITS + 32 * side + 8 * (category >> 6)
    store_u64(word, load_u64(word) | np.uint64(1) << np.uint64(category & 63))
    store_u16(block + BLOCK_GROUPS, groups + 1)
    if side == 0:
        store_u16(block + BLOCK_ASKING, load_u16(block + BLOCK_ASKING) + 1)


@compiled
def remove(words: int, number: int) -> int:
    """Take out a listing; the leaf where it was, or -1 when there is none of this id.

    Groups that become empty and cells without rows stay until the leaf is packed again.
    """
    handle = handle_of(words, number)
    if handle < 0:
        return -1
    leaf, row = handle >> 8, handle & 255
    block = block_of(words, leaf)
    last = load_u16(block + BLOCK_ROWS) - 1
    if last != row:
        # The last row takes the place of the removed one; first its id is pointed there.
        last_id = id_in(block, last)
        take_out(words, number)
        last_slot = find_slot(words, last_id)
        point(last_slot, leaf << 8 | row)
        move_row(block, last, row)
        flags = block + load_u16(block + BLOCK_AT_FLAGS)
        store_u8(flags + row, load_u8(flags + last))
    else:
        take_out(words, number)
    _unpost(block, row, last)
    store_u16(block + BLOCK_ROWS, last)
    store_u16(block + BLOCK_REMOVED, load_u16(block + BLOCK_REMOVED) + 1)
    store_i64(words + ROWS, load_i64(words + ROWS) - 1)
    return leaf


@inlined
def _unpost(block: int, row: int, last: int) -> None:
    """Drop the postings of a row, and let those of the last row name it instead."""
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    starts = block + BLOCK_STARTS
    kept = 0
    start = 0
    for group in range(load_u16(block + BLOCK_GROUPS)):
        end = load_u16(starts + 2 * group + 2)
        for at in range(start, end):
            posting = load_u16(postings + 2 * at)
            if posting & 255 == row:
                continue
            if posting & 255 == last:
                posting = posting & 0xFF00 | row
            store_u16(postings + 2 * kept, posting)
            kept += 1
        start = end
        store_u16(starts + 2 * group + 2, kept)
    store_u16(block + BLOCK_POSTINGS, kept)


@compiled
def remove_many(words: int, numbers: int, count: int) -> int:
    """Take out the listings of int64 [count] ids that are there; how many were."""
    removed = 0
    for i in range(count):
        removed += remove(words, load_i64(numbers + 8 * i)) >= 0
    return removed
