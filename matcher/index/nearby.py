"""What is around a place: listings within a radius, and the nearest that only distance refuses."""

import math

import numpy as np

from matcher.compiled import (
    compiled,
    inlined,
    load_f64,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    load_u64,
    store_i64,
)
from matcher.index.best import HEAP_COUNT, HEAP_ITEMS, HEAP_K, offer, write_out
from matcher.index.blocks import has_group, rank
from matcher.index.distance import near_square, whole_metres
from matcher.index.ids import block_of, id_in
from matcher.index.layout import (
    BLOCK_AT_CELLS,
    BLOCK_AT_FLAGS,
    BLOCK_AT_POSTINGS,
    BLOCK_AT_PRECISION,
    BLOCK_AT_ROWS,
    BLOCK_BITS,
    BLOCK_STARTS,
    CELL_BYTES,
    FLAG_URGENCY,
    LEAF_BIT,
    NO_CELL,
    NODE_BYTES,
    NODE_CHILD,
    NODES,
    ROOT,
    ROW_BYTES,
    ROW_ENDS,
    TRAIT_RADIUS,
    TRAIT_REACH,
)
from matcher.index.question import (
    COSINE,
    KIN_AT,
    KIN_COUNT,
    LAMBDA,
    NOW,
    PHI,
    RADIUS,
    SIDE,
    URGENCY,
    K,
    time_of,
    trait_of,
)
from matcher.index.scan import (
    HEAP,
    METRES_SHIFT,
    PRECISION_SHIFT,
    REACH_SHIFT,
    SEEN,
    STACK,
    URGENCY_SHIFT,
    bit,
    clear_bits,
    is_open,
    passes_filters,
    set_bit,
)
from matcher.index.tree import square_bound
from matcher.place import EARTH_RADIUS_M

# --- what a search around a place asks for; the rest is in the question
#: 256 bits: categories, none for any; then the least urgency.
WANTED = 0
LEAST_URGENCY = 32
WANTED_WORDS = 5


@inlined
def _next_leaf(words: int, question: int, stack: int, top: int, farthest: float) -> int:
    """Open nodes, nearer children first, until a leaf that may be near enough is on top.

    Gives the new height of the stack, which holds that leaf; 0 when there is none.
    """
    phi, lambda_ = load_f64(question + PHI), load_f64(question + LAMBDA)
    cosine = load_f64(question + COSINE)
    while top > 0:
        reference = load_i64(stack + 8 * (top - 1))
        if reference & LEAF_BIT:
            return top
        top -= 1
        node = load_i64(words + NODES) + NODE_BYTES * reference
        near = square_bound(node, 0, phi, lambda_, cosine)
        far = square_bound(node, 1, phi, lambda_, cosine)
        nearer = 1 if far < near else 0
        if max(near, far) <= farthest:
            store_i64(stack + 8 * top, load_u32(node + NODE_CHILD + 4 * (1 - nearer)))
            top += 1
        if min(near, far) <= farthest:
            store_i64(stack + 8 * top, load_u32(node + NODE_CHILD + 4 * nearer))
            top += 1
    return 0


@inlined
def _square_of(metres: float) -> float:
    """At least the square of the chord of a distance that rounds to `metres`."""
    angle = (metres + 1.0) / EARTH_RADIUS_M
    return angle * angle


@compiled
def find_within(
    words: int,
    question: int,
    scratch: int,
    wanted: int,
    remote: int,
    remote_count: int,
    out: int,
    room: int,
) -> int:
    """How many rows lie in the radius of the question; int64 pairs (id, metres) of the first

    `room` go to `out`, in no order. `remote` names the leaves (uint32) outside of the tree.
    """
    farthest = _square_of(float(load_i64(question + RADIUS)))
    stack, found = scratch + STACK, 0
    store_i64(stack, load_i64(words + ROOT))
    top = _next_leaf(words, question, stack, 1, farthest)
    while top > 0:
        block = block_of(words, load_i64(stack + 8 * (top - 1)) & (LEAF_BIT - 1))
        found = _within_leaf(words, question, scratch, wanted, block, out, room, found)
        top = _next_leaf(words, question, stack, top - 1, farthest)
    for i in range(remote_count):
        block = block_of(words, load_u32(remote + 4 * i))
        found = _within_leaf(words, question, scratch, wanted, block, out, room, found)
    return found


@compiled
def _within_leaf(
    words: int,
    question: int,
    scratch: int,
    wanted: int,
    block: int,
    out: int,
    room: int,
    found: int,
) -> int:
    """Add the rows of a leaf to what was found."""
    any_category = True
    for at in range(0, 32, 8):
        any_category = any_category and load_u64(wanted + WANTED + at) == np.uint64(0)
    clear_bits(scratch + SEEN)
    group = 0
    for side in range(2):
        for word in range(4):
            left = load_u64(block + BLOCK_BITS + 32 * side + 8 * word)
            while left != np.uint64(0):
                lowest = left & (~left + np.uint64(1))
                left ^= lowest
                if any_category or load_u64(wanted + WANTED + 8 * word) & lowest != np.uint64(0):
                    found = _within_group(
                        words, question, scratch, wanted, block, group, out, room, found
                    )
                group += 1
    return found


@compiled
def _within_group(
    words: int,
    question: int,
    scratch: int,
    wanted: int,
    block: int,
    group: int,
    out: int,
    room: int,
    found: int,
) -> int:
    """Add the rows of a group, each once in a leaf."""
    starts = block + BLOCK_STARTS + 2 * group
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    flags = block + load_u16(block + BLOCK_AT_FLAGS)
    cells = block + load_u16(block + BLOCK_AT_CELLS)
    precisions = block + load_u16(block + BLOCK_AT_PRECISION)
    rows = block + load_u16(block + BLOCK_AT_ROWS)
    for at in range(load_u16(starts), load_u16(starts + 2)):
        posting = load_u16(postings + 2 * at)
        row, cell = posting & 255, posting >> 8
        if load_u8(flags + row) & FLAG_URGENCY < load_i64(wanted + LEAST_URGENCY):
            break
        if load_u8(precisions + cell) == NO_CELL or bit(scratch + SEEN, row):
            continue
        set_bit(scratch + SEEN, row)
        at_row = rows + ROW_BYTES * row
        if time_of(words, load_u32(at_row + ROW_ENDS)) <= load_i64(question + NOW):
            continue
        if not passes_filters(words, question, trait_of(words, at_row)):
            continue
        at_cell = cells + CELL_BYTES * cell
        metres = whole_metres(question, at_cell, near_square(question, at_cell))
        if metres <= load_i64(question + RADIUS):
            if found < room:
                store_i64(out + 16 * found, id_in(block, row))
                store_i64(out + 16 * found + 8, metres)
            found += 1
    return found


@compiled
def scan_beyond(words: int, question: int, scratch: int) -> None:
    """Offer the local rows that fail the rule of distance and no other, scored by -metres.

    The heap is empty and knows its k; the question is local and open.
    """
    heap, stack = scratch + HEAP, scratch + STACK
    farthest = math.inf
    store_i64(stack, load_i64(words + ROOT))
    top = _next_leaf(words, question, stack, 1, farthest)
    while top > 0:
        block = block_of(words, load_i64(stack + 8 * (top - 1)) & (LEAF_BIT - 1))
        _beyond_in_leaf(words, question, scratch, block)
        if load_i64(heap + HEAP_COUNT) == load_i64(heap + HEAP_K):
            farthest = _square_of(float(-load_i64(heap + HEAP_ITEMS)))
        top = _next_leaf(words, question, stack, top - 1, farthest)


@compiled
def _beyond_in_leaf(words: int, question: int, scratch: int, block: int) -> None:
    """Offer the rows of a leaf, each with the category that fits best."""
    side = load_i64(question + SIDE)
    cells = block + load_u16(block + BLOCK_AT_CELLS)
    precisions = block + load_u16(block + BLOCK_AT_PRECISION)
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    flags = block + load_u16(block + BLOCK_AT_FLAGS)
    rows = block + load_u16(block + BLOCK_AT_ROWS)
    clear_bits(scratch + SEEN)
    for i in range(load_i64(question + KIN_COUNT)):
        category = load_u8(load_i64(question + KIN_AT) + i)
        if not has_group(block, side, category):
            continue
        starts = block + BLOCK_STARTS + 2 * rank(block, side, category)
        for at in range(load_u16(starts), load_u16(starts + 2)):
            posting = load_u16(postings + 2 * at)
            row, cell = posting & 255, posting >> 8
            if bit(scratch + SEEN, row):
                continue
            set_bit(scratch + SEEN, row)
            at_row = rows + ROW_BYTES * row
            trait = trait_of(words, at_row)
            if not is_open(words, question, block, row) or not passes_filters(
                words, question, trait
            ):
                continue
            at_cell = cells + CELL_BYTES * cell
            metres = whole_metres(question, at_cell, near_square(question, at_cell))
            if metres <= min(load_i64(question + RADIUS), load_u32(trait + TRAIT_RADIUS)):
                continue
            urgency = load_i64(question + URGENCY)
            if urgency < 0:
                urgency = load_u8(flags + row) & FLAG_URGENCY
            meaning = (metres + 1) << METRES_SHIFT | urgency << URGENCY_SHIFT
            meaning |= load_u8(trait + TRAIT_REACH) << REACH_SHIFT
            meaning |= (load_u8(precisions + cell) & 15) << PRECISION_SHIFT | category
            offer(scratch + HEAP, -metres, id_in(block, row), meaning)


@compiled
def nearest_beyond(words: int, pools: int, question: int, scratch: int, out: int) -> int:
    """Answer with the k nearest: int64 [3, k] ids, -metres, meanings to `out`."""
    heap, k = scratch + HEAP, load_i64(question + K)
    store_i64(heap + HEAP_COUNT, 0)
    store_i64(heap + HEAP_K, k)
    if load_i64(question + KIN_COUNT) > 0:
        scan_beyond(words, question, scratch)
    return write_out(heap, out, out + 8 * k, out + 16 * k)
