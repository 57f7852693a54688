"""Whole questions, each one compiled call."""

from matcher.compiled import compiled, inlined, load_i64, load_u8, load_u16, load_u32, store_i64
from matcher.index.best import HEAP_COUNT, HEAP_K, write_out
from matcher.index.ids import block_of, handle_of, id_in
from matcher.index.layout import (
    BLOCK_AT_FLAGS,
    BLOCK_AT_ROWS,
    BLOCK_ROWS,
    FLAG_SIDE_SHIFT,
    LEAVES_USED,
    ROW_BYTES,
    ROW_ENDS,
)
from matcher.index.question import (
    COUNTRY,
    ENDS,
    KIN_COUNT,
    NO_SIDE,
    NOW,
    REACH,
    SIDE,
    K,
    ask_for_row,
    time_of,
)
from matcher.index.scan import HEAP, LOCAL, scan_leaves, scan_places

# --- pools: lists of leaves of remote listings, for kernels that choose among them
#: Leaves of listings for the same language and worldwide; for each country those for the same one.
POOL_ANYWHERE = 0  # address of uint32, then how many
POOL_COUNTRIES = 16  # address of [n] int64 triples: country, address, how many; then n
POOL_WORDS = 4


@compiled
def scan(words: int, pools: int, question: int, scratch: int) -> None:
    """Offer all counterparts of the question to an empty heap for its k."""
    heap = scratch + HEAP
    store_i64(heap + HEAP_COUNT, 0)
    store_i64(heap + HEAP_K, load_i64(question + K))
    # What has ended, takes no side or has a category near to none has no counterparts.
    if load_i64(question + ENDS) <= load_i64(question + NOW):
        return
    if load_i64(question + SIDE) == NO_SIDE or load_i64(question + KIN_COUNT) == 0:
        return
    if load_i64(question + REACH) != LOCAL:
        scan_leaves(words, question, scratch, 0, load_i64(words + LEAVES_USED))
        return
    scan_places(words, question, scratch)
    anywhere, count = load_i64(pools + POOL_ANYWHERE), load_i64(pools + POOL_ANYWHERE + 8)
    if count > 0:
        scan_leaves(words, question, scratch, anywhere, count)
    countries = load_i64(pools + POOL_COUNTRIES)
    for i in range(load_i64(pools + POOL_COUNTRIES + 8)):
        if load_i64(countries + 24 * i) == load_i64(question + COUNTRY):
            leaves = load_i64(countries + 24 * i + 8)
            scan_leaves(words, question, scratch, leaves, load_i64(countries + 24 * i + 16))


@compiled
def rank_question(words: int, pools: int, question: int, scratch: int, out: int) -> int:
    """Answer a question whose fields are filled in: int64 [3, k] ids, scores, meanings to `out`."""
    scan(words, pools, question, scratch)
    k = load_i64(question + K)
    return write_out(scratch + HEAP, out, out + 8 * k, out + 16 * k)


@compiled
def rank_stored(desk: int, number: int, now: int, k: int) -> int:
    """Answer for a stored listing, as rank_question; -1 when it is not there.

    `desk` has the addresses of words, pools, question, scratch and results, int64 each. Filters
    and weights are those in the question.
    """
    words, question = load_i64(desk), load_i64(desk + 16)
    handle = handle_of(words, number)
    if handle < 0:
        return -1
    ask_for_row(words, question, handle)
    store_i64(question + NOW, now)
    store_i64(question + K, k)
    scratch, out = load_i64(desk + 24), load_i64(desk + 32)
    scan(words, load_i64(desk + 8), question, scratch)
    count = load_i64(scratch + HEAP + HEAP_COUNT)
    # Ids and scores side by side, so that one copy takes both.
    return write_out(scratch + HEAP, out, out + 8 * count, out + 16 * count)


@inlined
def _asked_in_bulk(words: int, block: int, row: int, side: int, now: int) -> bool:
    """Whether a row has not ended and takes this side (a flag of taxonomy.Side, 0 for either)."""
    own = load_u8(block + load_u16(block + BLOCK_AT_FLAGS) + row) >> FLAG_SIDE_SHIFT
    if own == 0 or (side != 0 and own != side):
        return False
    at = block + load_u16(block + BLOCK_AT_ROWS) + ROW_BYTES * row
    return time_of(words, load_u32(at + ROW_ENDS)) > now


@compiled
def count_open(words: int, counts: int, side: int, now: int) -> None:
    """How many rows of each leaf a bulk question asks for: int64 each to `counts`."""
    for leaf in range(load_i64(words + LEAVES_USED)):
        block = block_of(words, leaf)
        count = 0
        for row in range(load_u16(block + BLOCK_ROWS)):
            count += _asked_in_bulk(words, block, row, side, now)
        store_i64(counts + 8 * leaf, count)


@compiled
def rank_leaves(
    words: int, pools: int, question: int, scratch: int, out: int, side: int, first: int, last: int
) -> None:
    """Answer for the open rows of the leaves first…last-1; `out` has the addresses of

    the number of the first answer of each leaf [leaves], ids [n], counts [n], matched and scores
    [n, k], and scratch for [3, k], all int64. Time, k and weights are those in the question.
    """
    starts, ids, counts = load_i64(out), load_i64(out + 8), load_i64(out + 16)
    matched, scores, own = load_i64(out + 24), load_i64(out + 32), load_i64(out + 40)
    now, k = load_i64(question + NOW), load_i64(question + K)
    for leaf in range(first, last):
        block = block_of(words, leaf)
        at = load_i64(starts + 8 * leaf)
        for row in range(load_u16(block + BLOCK_ROWS)):
            if not _asked_in_bulk(words, block, row, side, now):
                continue
            ask_for_row(words, question, leaf << 8 | row)
            count = rank_question(words, pools, question, scratch, own)
            store_i64(ids + 8 * at, id_in(block, row))
            store_i64(counts + 8 * at, count)
            for i in range(count):
                store_i64(matched + 8 * (at * k + i), load_i64(own + 8 * i))
                store_i64(scores + 8 * (at * k + i), load_i64(own + 8 * (k + i)))
            at += 1
