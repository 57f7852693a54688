"""How a question's time divides: memory that must be fetched, and what is worked out from it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.engine.timing import row
from benchmarks.engine.workload import NOW
from benchmarks.harness import Result
from matcher.compiled import compiled, load_f64, load_i64, load_u8, load_u16, load_u32, store_i64
from matcher.index import Index, answers
from matcher.index.best import HEAP_COUNT, HEAP_ITEMS, HEAP_K
from matcher.index.blocks import has_group, rank
from matcher.index.ids import block_of, handle_of
from matcher.index.layout import (
    BLOCK_AT_CELLS,
    BLOCK_AT_POSTINGS,
    BLOCK_AT_ROWS,
    BLOCK_STARTS,
    CELL_BYTES,
    LEAF_BIT,
    NODE_BYTES,
    NODE_CHILD,
    NODES,
    ROOT,
    ROW_BYTES,
    ROW_TRAITS,
)
from matcher.index.question import COSINE, KIN_AT, KIN_COUNT, LAMBDA, PHI, SIDE, ask_for_row
from matcher.index.scan import HEAP, STACK, farthest_square
from matcher.index.tree import square_bound

K = 20
_REPEATS = 12


@compiled
def _leaf(question: int, block: int) -> float:
    """Load what a scan of all compatible groups of a leaf loads, and nothing else."""
    side, total = load_i64(question + SIDE), 0.0
    cells = block + load_u16(block + BLOCK_AT_CELLS)
    rows = block + load_u16(block + BLOCK_AT_ROWS)
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    for i in range(load_i64(question + KIN_COUNT)):
        category = load_u8(load_i64(question + KIN_AT) + i)
        if not has_group(block, side, category):
            continue
        starts = block + BLOCK_STARTS + 2 * rank(block, side, category)
        for at in range(load_u16(starts), load_u16(starts + 2)):
            posting = load_u16(postings + 2 * at)
            total += load_f64(cells + CELL_BYTES * (posting >> 8))
            total += load_u32(rows + ROW_BYTES * (posting & 255) + ROW_TRAITS)
    return total


@compiled
def gather(desk: int, number: int, kth_score: int, k: int) -> float:
    """Load the leaves that hold all that can be among the first k, given the k-th score."""
    words, question, scratch = load_i64(desk), load_i64(desk + 16), load_i64(desk + 24)
    ask_for_row(words, question, handle_of(words, number))
    heap = scratch + HEAP
    store_i64(heap + HEAP_COUNT, k if kth_score >= 0 else 0)
    store_i64(heap + HEAP_K, k)
    store_i64(heap + HEAP_ITEMS, kth_score)
    farthest = farthest_square(question, heap)
    store_i64(heap + HEAP_COUNT, 0)
    phi, lambda_ = load_f64(question + PHI), load_f64(question + LAMBDA)
    cosine, nodes = load_f64(question + COSINE), load_i64(words + NODES)
    stack, top, total = scratch + STACK, 1, 0.0
    store_i64(stack, load_i64(words + ROOT))
    while top > 0:
        top -= 1
        reference = load_i64(stack + 8 * top)
        if reference & LEAF_BIT:
            total += _leaf(question, block_of(words, reference & (LEAF_BIT - 1)))
            continue
        node = nodes + NODE_BYTES * reference
        for child in range(2):
            if square_bound(node, child, phi, lambda_, cosine) <= farthest:
                store_i64(stack + 8 * top, load_u32(node + NODE_CHILD + 4 * child))
                top += 1
    return total


@compiled
def _each(desk: int, ids: int, kth: int, count: int, k: int, repeats: int, only_load: int) -> float:
    """Ask questions one after the other, each several times in a row."""
    total = 0.0
    for i in range(count):
        for _ in range(repeats):
            if only_load:
                total += gather(desk, load_i64(ids + 8 * i), load_i64(kth + 8 * i), k)
            else:
                total += answers.rank_stored(desk, load_i64(ids + 8 * i), NOW, k)
    return total


def compare(index: Index, questions: list[int]) -> Iterator[Result]:
    """The kernel on random questions, on the same again and again, and the floor of both."""
    desk = index._desk_address
    ids = np.array(questions, dtype=np.int64)
    kth = np.array([_kth(index, each) for each in questions], dtype=np.int64)

    def us(repeats: int, only_load: int) -> float:
        start = time.perf_counter()
        _each(desk, ids.ctypes.data, kth.ctypes.data, len(ids), K, repeats, only_load)
        return (time.perf_counter() - start) / len(ids) * 1e6

    rounds = []
    for only_load in (0, 1, 0, 1):
        us(1, only_load)
    for _ in range(5):
        once, often = us(1, 0), us(_REPEATS, 0)
        floor_once, floor_often = us(1, 1), us(_REPEATS, 1)
        # The first of each row of repeats is as cold as a random question.
        share = _REPEATS - 1
        rounds.append(
            (once, (often - once) / share, floor_once, (floor_often - floor_once) / share)
        )
    random, hot, floor, floor_hot = np.median(np.array(rounds), axis=0).tolist()
    yield row(
        "top_k_random_vs_hot",
        len(index),
        "itself_cache_hot",
        random,
        hot,
        True,
        random_to_hot=round(random / hot, 2),
        gather_floor_us=round(floor, 3),
        gather_floor_hot_us=round(floor_hot, 3),
        hot_to_gather_floor=round(hot / floor, 2),
        hot_to_gather_floor_hot=round(hot / floor_hot, 2),
    )


def _kth(index: Index, listing_id: int) -> int:
    """The score of the k-th counterpart, -1 when there are fewer."""
    _, scores = index.ranked_for(listing_id, NOW, K)
    return int(scores[-1]) if len(scores) == K else -1
