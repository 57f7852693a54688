"""Building the tree at once: entries are parted by place until they fit in leaves."""

import math

from matcher.compiled import (
    compiled,
    inlined,
    load_f32,
    load_f64,
    load_i32,
    load_i64,
    load_u32,
    store_f32,
    store_f64,
    store_i32,
    store_i64,
)
from matcher.index.layout import (
    ARENA_UNITS,
    ARENA_USED,
    BLOCK_UNITS,
    BY_LAMBDA,
    BY_PHI,
    ENTRY_BYTES,
    ENTRY_LAMBDA,
    ENTRY_PHI,
    LEAF_BIT,
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
from matcher.index.tree import members_box, set_reference

#: Listings of a leaf that is built at once. All leaves get nearly as many, so with less room they
#: would all split at the same time, soon after building.
FILL = 216
_TASK_BYTES = 24


@inlined
def _value(entries: int, number: int, axis: int) -> float:
    at = entries + ENTRY_BYTES * number
    return load_f64(at + (ENTRY_PHI if axis == BY_PHI else ENTRY_LAMBDA))


@compiled
def _longer_axis(entries: int, order: int, first: int, last: int) -> int:
    """Along which axis the entries spread more, in metres."""
    least_phi = least_lambda = math.inf
    most_phi = most_lambda = -math.inf
    for at in range(first, last):
        number = load_i32(order + 4 * at)
        phi, lambda_ = _value(entries, number, BY_PHI), _value(entries, number, BY_LAMBDA)
        least_phi, most_phi = min(least_phi, phi), max(most_phi, phi)
        least_lambda, most_lambda = min(least_lambda, lambda_), max(most_lambda, lambda_)
    width = (most_lambda - least_lambda) * math.cos((least_phi + most_phi) / 2)
    return BY_PHI if most_phi - least_phi >= width else BY_LAMBDA


@compiled
def _select(entries: int, order: int, first: int, last: int, middle: int, axis: int) -> None:
    """Order [first, last) so that none before `middle` is greater than any from it on.

    Hoare's FIND (C. A. R. Hoare, Communications of the ACM 4, 1961), the pivot a median of three.
    """
    low, high = first, last - 1
    while low < high:
        a = _value(entries, load_i32(order + 4 * low), axis)
        b = _value(entries, load_i32(order + 4 * ((low + high) // 2)), axis)
        c = _value(entries, load_i32(order + 4 * high), axis)
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while _value(entries, load_i32(order + 4 * i), axis) < pivot:
                i += 1
            while _value(entries, load_i32(order + 4 * j), axis) > pivot:
                j -= 1
            if i <= j:
                kept = load_i32(order + 4 * i)
                store_i32(order + 4 * i, load_i32(order + 4 * j))
                store_i32(order + 4 * j, kept)
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@compiled
def begin_tree(words: int, count: int, tasks: int) -> int:
    """Write the task of building an empty tree over `count` entries; how many tasks there are.

    `tasks` has room for 64 · 24 bytes.
    """
    _push(tasks, 0, 0, count, words + ROOT)
    return 1


@compiled
def build_tree(words: int, entries: int, order: int, tasks: int, top: int, scratch: int) -> int:
    """Do the first `top` tasks; how many are left when the arena has no room for another leaf.

    Tasks name entries by the int32 at `order`, which is reordered. There must be room for nodes
    and leaves, which stay where they are until all tasks are done.
    """
    while top > 0:
        if load_i64(words + ARENA_USED) + BLOCK_UNITS > load_i64(words + ARENA_UNITS):
            return top
        top -= 1
        task = tasks + _TASK_BYTES * top
        first, last, at = load_i64(task), load_i64(task + 8), load_i64(task + 16)
        leaves = (last - first + FILL - 1) // FILL
        if leaves <= 1:
            leaf = load_i64(words + LEAVES_USED)
            store_i64(words + LEAVES_USED, leaf + 1)
            pack(words, entries, order + 4 * first, last - first, leaf, 0, scratch)
            set_reference(words, at, leaf | LEAF_BIT)
            continue
        middle = first + (last - first) * (leaves // 2) // leaves
        number = load_i64(words + NODES_USED)
        store_i64(words + NODES_USED, number + 1)
        set_reference(words, at, number)
        node = load_i64(words + NODES) + NODE_BYTES * number
        axis = _longer_axis(entries, order, first, last)
        _select(entries, order, first, last, middle, axis)
        store_i32(node + NODE_AXIS, axis)
        store_f64(node + NODE_SPLIT, _greatest(entries, order, first, middle, axis))
        _push(tasks, top, first, middle, node + NODE_CHILD)
        _push(tasks, top + 1, middle, last, node + NODE_CHILD + 4)
        top += 2
    _set_boxes(words)
    return 0


@inlined
def _push(tasks: int, top: int, first: int, last: int, at: int) -> None:
    task = tasks + _TASK_BYTES * top
    store_i64(task, first)
    store_i64(task + 8, last)
    store_i64(task + 16, at)


@compiled
def _greatest(entries: int, order: int, first: int, last: int, axis: int) -> float:
    greatest = -math.inf
    for at in range(first, last):
        greatest = max(greatest, _value(entries, load_i32(order + 4 * at), axis))
    return greatest


@compiled
def _set_boxes(words: int) -> None:
    """Set the boxes of all children; a node stands behind its parent, so the last go first."""
    nodes = load_i64(words + NODES)
    for number in range(load_i64(words + NODES_USED) - 1, -1, -1):
        node = nodes + NODE_BYTES * number
        for child in range(2):
            reference = load_u32(node + NODE_CHILD + 4 * child)
            if reference & LEAF_BIT:
                members_box(words, reference & (LEAF_BIT - 1), node, child)
                continue
            below, box = nodes + NODE_BYTES * reference, node + NODE_BOX + 16 * child
            for bound in range(0, 16, 8):
                least, most = below + NODE_BOX + bound, below + NODE_BOX + bound + 4
                store_f32(box + bound, min(load_f32(least), load_f32(least + 16)))
                store_f32(box + bound + 4, max(load_f32(most), load_f32(most + 16)))
            cosine = min(load_f32(below + NODE_COSINE), load_f32(below + NODE_COSINE + 4))
            store_f32(node + NODE_COSINE + 4 * child, cosine)
