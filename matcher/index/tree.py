"""The tree over the leaves: a k-d tree on latitude and longitude whose boxes hold all members.

Boxes are bounds in latitude and longitude, a little too wide, never too narrow; how far a point is
from a box is bounded below without trigonometry. Neither poles nor the antimeridian are special:
a box that wraps does not arise, and distances in longitude are taken the shorter way round.
"""

import math

import numpy as np

from matcher.compiled import (
    compiled,
    inlined,
    load_f32,
    load_f64,
    load_i32,
    load_i64,
    load_u16,
    load_u32,
    signed,
    store_f32,
    store_f64,
    store_i32,
    store_i64,
    store_u32,
)
from matcher.index.blocks import LOOSE_ENTRIES, LOOSE_KEYS, LOOSE_ORDER, give_block, unpack
from matcher.index.ids import block_of, find_slot, mixed, point
from matcher.index.layout import (
    BLOCK_AT_CELLS,
    BLOCK_CELLS,
    BY_ID,
    BY_LAMBDA,
    BY_PHI,
    CELL_BYTES,
    ENTRY_BYTES,
    ENTRY_ID,
    ENTRY_LAMBDA,
    ENTRY_PHI,
    LEAF_BIT,
    LEAVES,
    LEAVES_USED,
    NODE_AXIS,
    NODE_BOX,
    NODE_BYTES,
    NODE_CHILD,
    NODE_COSINE,
    NODE_SPLIT,
    NODES,
    NODES_USED,
    ROOT,
)
from matcher.index.packing import pack

# Wider than half a step of float32 up to pi, so that rounding leaves every member inside.
_MARGIN = 2.5e-7


@inlined
def half_chord_bound(angle: float) -> float:
    """At most 2·sin(angle / 2) for 0 ≤ angle ≤ pi: its Taylor series cut after a negative term."""
    return angle * (1.0 - angle * angle * (1.0 / 24.0))


@inlined
def _outside(value: float, least: float, greatest: float) -> float:
    return max(max(least - value, value - greatest), 0.0)


@inlined
def square_bound(node: int, child: int, phi: float, lambda_: float, cosine: float) -> float:
    """At most the square of the chord (on the unit sphere) from a point to any member.

    chord² = 4 sin²(Δφ/2) + 4 cos φ₁ cos φ₂ sin²(Δλ/2), each factor at its least in the box.
    """
    box = node + NODE_BOX + 16 * child
    rise = half_chord_bound(_outside(phi, load_f32(box), load_f32(box + 4)))
    least, greatest = load_f32(box + 8), load_f32(box + 12)
    run = _outside(lambda_, least, greatest)
    if run > 0.0:
        # The other way round may be shorter.
        other = (
            least + 2 * math.pi - lambda_
            if lambda_ > greatest
            else lambda_ + 2 * math.pi - greatest
        )
        run = half_chord_bound(max(min(run, other), 0.0))
        return rise * rise + cosine * load_f32(node + NODE_COSINE + 4 * child) * run * run
    return rise * rise


@inlined
def _least_cosine(least: float, greatest: float) -> float:
    """At most the cosine of any latitude between the two."""
    return max(math.cos(max(abs(least), abs(greatest))) - _MARGIN, 0.0)


@inlined
def set_box(
    node: int,
    child: int,
    least_phi: float,
    most_phi: float,
    least_lambda: float,
    most_lambda: float,
) -> None:
    """Write the box of a child around members within these bounds."""
    box = node + NODE_BOX + 16 * child
    store_f32(box, least_phi - _MARGIN)
    store_f32(box + 4, most_phi + _MARGIN)
    store_f32(box + 8, least_lambda - _MARGIN)
    store_f32(box + 12, most_lambda + _MARGIN)
    store_f32(node + NODE_COSINE + 4 * child, _least_cosine(least_phi, most_phi))


@inlined
def _widen(node: int, child: int, phi: float, lambda_: float) -> None:
    """Let the box of a child hold one more point."""
    box = node + NODE_BOX + 16 * child
    if phi - _MARGIN < load_f32(box) or phi + _MARGIN > load_f32(box + 4):
        store_f32(box, min(load_f32(box), phi - _MARGIN))
        store_f32(box + 4, max(load_f32(box + 4), phi + _MARGIN))
        cosine = _least_cosine(load_f32(box), load_f32(box + 4))
        store_f32(node + NODE_COSINE + 4 * child, cosine)
    if lambda_ - _MARGIN < load_f32(box + 8):
        store_f32(box + 8, lambda_ - _MARGIN)
    if lambda_ + _MARGIN > load_f32(box + 12):
        store_f32(box + 12, lambda_ + _MARGIN)


@inlined
def bit_of_id(number: int, bit: int) -> int:
    """A bit of the hash of an id, which parts listings of one place evenly."""
    return signed(mixed(number) >> np.uint64(bit) & np.uint64(1))


@inlined
def side_of_split(node: int, phi: float, lambda_: float, number: int) -> int:
    """The child, 0 or 1, to which a listing belongs."""
    axis = load_i32(node + NODE_AXIS)
    if axis == BY_ID:
        return bit_of_id(number, int(load_f64(node + NODE_SPLIT)))
    value = phi if axis == BY_PHI else lambda_
    return 1 if value > load_f64(node + NODE_SPLIT) else 0


@compiled
def descend(words: int, phi: float, lambda_: float, number: int, path: int) -> int:
    """The leaf for a listing; boxes on the way are widened to hold it.

    Writes to `path` (int64 [2]) the reference's address and the depth of the leaf.
    """
    at = words + ROOT
    reference, depth = load_i64(at), 0
    nodes = load_i64(words + NODES)
    while reference & LEAF_BIT == 0:
        node = nodes + NODE_BYTES * reference
        child = side_of_split(node, phi, lambda_, number)
        _widen(node, child, phi, lambda_)
        at = node + NODE_CHILD + 4 * child
        reference = load_u32(at)
        depth += 1
    store_i64(path, at)
    store_i64(path + 8, depth)
    return reference & (LEAF_BIT - 1)


@inlined
def set_reference(words: int, at: int, reference: int) -> None:
    """Write a reference where `descend` found one: the root is a whole word."""
    if at == words + ROOT:
        store_i64(at, reference)
    else:
        store_u32(at, reference)


@compiled
def members_box(words: int, leaf: int, node: int, child: int) -> None:
    """Set the box of a child that is a leaf from the leaf's cells."""
    block = block_of(words, leaf)
    cells = block + load_u16(block + BLOCK_AT_CELLS)
    count = load_u16(block + BLOCK_CELLS)
    if count == 0:
        set_box(node, child, 0.0, 0.0, 0.0, 0.0)
        return
    least_phi = most_phi = load_f64(cells)
    least_lambda = most_lambda = load_f64(cells + 8)
    for cell in range(1, count):
        phi, lambda_ = load_f64(cells + CELL_BYTES * cell), load_f64(cells + CELL_BYTES * cell + 8)
        least_phi, most_phi = min(least_phi, phi), max(most_phi, phi)
        least_lambda, most_lambda = min(least_lambda, lambda_), max(most_lambda, lambda_)
    set_box(node, child, least_phi, most_phi, least_lambda, most_lambda)


@inlined
def _phi(scratch: int, row: int) -> float:
    return load_f64(scratch + LOOSE_ENTRIES + ENTRY_BYTES * row + ENTRY_PHI)


@inlined
def _lambda(scratch: int, row: int) -> float:
    return load_f64(scratch + LOOSE_ENTRIES + ENTRY_BYTES * row + ENTRY_LAMBDA)


@compiled
def _split_value(scratch: int, axis: int, count: int) -> float:
    """The value that best halves the rows, with some on each side; NaN when all are equal."""
    keys = scratch + LOOSE_KEYS
    for row in range(count):
        value = _phi(scratch, row) if axis == BY_PHI else _lambda(scratch, row)
        # Insertion sort: at most 256 values, once in 128 insertions.
        at = row
        while at > 0 and load_f64(keys + 8 * (at - 1)) > value:
            store_f64(keys + 8 * at, load_f64(keys + 8 * (at - 1)))
            at -= 1
        store_f64(keys + 8 * at, value)
    greatest = load_f64(keys + 8 * (count - 1))
    middle = count // 2 - 1
    while middle >= 0 and load_f64(keys + 8 * middle) == greatest:
        middle -= 1
    return load_f64(keys + 8 * middle) if middle >= 0 else math.nan


@compiled
def _choose_split(scratch: int, count: int, node: int) -> None:
    """Write the axis and the place of a split of the loose rows."""
    least_phi = most_phi = _phi(scratch, 0)
    least_lambda = most_lambda = _lambda(scratch, 0)
    for row in range(1, count):
        phi, lambda_ = _phi(scratch, row), _lambda(scratch, row)
        least_phi, most_phi = min(least_phi, phi), max(most_phi, phi)
        least_lambda, most_lambda = min(least_lambda, lambda_), max(most_lambda, lambda_)
    width = (most_lambda - least_lambda) * math.cos((least_phi + most_phi) / 2)
    axis = BY_PHI if most_phi - least_phi >= width else BY_LAMBDA
    for _ in range(2):
        split = _split_value(scratch, axis, count)
        if not math.isnan(split):
            store_i32(node + NODE_AXIS, axis)
            store_f64(node + NODE_SPLIT, split)
            return
        axis = BY_LAMBDA if axis == BY_PHI else BY_PHI
    # All in one point: by a bit of their hashed ids, which differ.
    best, best_share = 0, count
    for bit in range(64):
        ones = 0
        for row in range(count):
            ones += bit_of_id(load_i64(scratch + LOOSE_ENTRIES + ENTRY_BYTES * row + ENTRY_ID), bit)
        share = abs(2 * ones - count)
        if share < best_share:
            best, best_share = bit, share
    store_i32(node + NODE_AXIS, BY_ID)
    store_f64(node + NODE_SPLIT, float(best))


@inlined
def store_order(scratch: int, place: int, row: int) -> None:
    """Let this row be packed at this place."""
    store_i32(scratch + LOOSE_ORDER + 4 * place, row)


@compiled
def _part(scratch: int, count: int, node: int) -> int:
    """Order the rows by the side of the split on which they are; how many are on the first."""
    left, right = 0, count
    for row in range(count):
        phi, lambda_ = _phi(scratch, row), _lambda(scratch, row)
        listing = load_i64(scratch + LOOSE_ENTRIES + ENTRY_BYTES * row + ENTRY_ID)
        if side_of_split(node, phi, lambda_, listing) == 0:
            store_order(scratch, left, row)
            left += 1
        else:
            right -= 1
            store_order(scratch, right, row)
    return left


@compiled
def _find_slots(words: int, scratch: int, count: int) -> None:
    """Write where the table of ids has the rows, in their order, to LOOSE_KEYS.

    All are looked up before any row moves: looking up reads rows.
    """
    for place in range(count):
        row = load_i32(scratch + LOOSE_ORDER + 4 * place)
        listing = load_i64(scratch + LOOSE_ENTRIES + ENTRY_BYTES * row + ENTRY_ID)
        store_i64(scratch + LOOSE_KEYS + 8 * place, find_slot(words, listing))


@compiled
def split_leaf(words: int, scratch: int, leaf: int, at: int) -> None:
    """Split a leaf to which the reference at `at` leads; there must be room for all of it."""
    old = load_u32(load_i64(words + LEAVES) + 4 * leaf)
    count = unpack(block_of(words, leaf), scratch)
    number, other = load_i64(words + NODES_USED), load_i64(words + LEAVES_USED)
    store_i64(words + NODES_USED, number + 1)
    store_i64(words + LEAVES_USED, other + 1)
    node = load_i64(words + NODES) + NODE_BYTES * number
    _choose_split(scratch, count, node)
    left = _part(scratch, count, node)
    _find_slots(words, scratch, count)
    entries, order = scratch + LOOSE_ENTRIES, scratch + LOOSE_ORDER
    pack(words, entries, order, left, leaf, 1, scratch)
    pack(words, entries, order + 4 * left, count - left, other, 1, scratch)
    for place in range(count):
        slot = load_i64(scratch + LOOSE_KEYS + 8 * place)
        point(slot, leaf << 8 | place if place < left else other << 8 | (place - left))
    give_block(words, old)
    store_u32(node + NODE_CHILD, leaf | LEAF_BIT)
    store_u32(node + NODE_CHILD + 4, other | LEAF_BIT)
    members_box(words, leaf, node, 0)
    members_box(words, other, node, 1)
    set_reference(words, at, number)
