"""Blocks of units in one array: taken, given back, taken again.

Sizes are 1, 2, 3, 4, 6, 8, 12, 16, … units, so that at most a third of a block lies idle. Blocks
that are given back wait in a list for each size.
"""

from matcher.alerts.layout import ARENA, ARENA_USED, FREE_BLOCKS, LANES, UNIT
from matcher.compiled import compiled, inlined, load_i64, store_i64


@inlined
def units_of(size: int) -> int:
    """How many units a block of this size has."""
    if size == 0:
        return 1
    half = (size + 1) >> 1
    return 1 << half if size & 1 else 3 << (half - 1)


@compiled
def size_for(units: int) -> int:
    """The smallest size of so many units, or more."""
    size = 0
    while units_of(size) < units:
        size += 1
    return size


@inlined
def has_free_block(words: int, size: int) -> bool:
    """Whether a block of this size was given back."""
    return load_i64(words + FREE_BLOCKS + 8 * size) != 0


@compiled
def give_block(words: int, block: int, size: int) -> None:
    """Give a block back."""
    head = words + FREE_BLOCKS + 8 * size
    store_i64(load_i64(words + ARENA) + UNIT * block, load_i64(head))
    store_i64(head, block + 1)


@compiled
def take_block(words: int, size: int) -> int:
    """First unit of a block that is not in use.

    The caller has seen to it that there is room, for one unit more than the block has.
    """
    head = words + FREE_BLOCKS + 8 * size
    free = load_i64(head)
    if free != 0:
        store_i64(head, load_i64(load_i64(words + ARENA) + UNIT * (free - 1)))
        return free - 1
    used, units = load_i64(words + ARENA_USED), units_of(size)
    # Tiles begin where lines of the cache do.
    if used & 1 and units >= LANES:
        give_block(words, used, 0)
        used += 1
    store_i64(words + ARENA_USED, used + units)
    return used
