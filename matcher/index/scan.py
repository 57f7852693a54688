"""The counterparts of one listing: leaves in the order of promise, until none can be better.

The k-th score found so far bounds how far away a better one can be, with the best category and the
highest urgency; boxes farther than that are never opened, groups that cannot reach it are skipped.
"""

import math

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
    prefetch,
    store_f64,
    store_i64,
    store_u64,
)
from matcher.index.best import HEAP_COUNT, HEAP_ITEMS, HEAP_K, ITEM_BYTES, offer
from matcher.index.blocks import has_group, rank
from matcher.index.distance import near_square, whole_metres
from matcher.index.ids import block_of, id_in
from matcher.index.layout import (
    BLOCK_AT_CELLS,
    BLOCK_AT_FLAGS,
    BLOCK_AT_POSTINGS,
    BLOCK_AT_PRECISION,
    BLOCK_AT_ROWS,
    BLOCK_STARTS,
    CELL_BYTES,
    FLAG_SEVERAL,
    FLAG_SIDE_SHIFT,
    FLAG_URGENCY,
    LEAF_BIT,
    NODE_BYTES,
    NODE_CHILD,
    NODES,
    ROOT,
    ROW_BYTES,
    ROW_ENDS,
    ROW_OWNER,
    ROW_STARTS,
    TRAIT_COUNTRY,
    TRAIT_KIND,
    TRAIT_RADIUS,
    TRAIT_REACH,
    UNIT,
)
from matcher.index.question import (
    ASKED_LANGUAGES,
    COSINE,
    COUNTRY,
    ENDS,
    HEAD_BYTES,
    ID,
    KIN_AFFINITY_AT,
    KIN_AT,
    KIN_COUNT,
    KINDS,
    LAMBDA,
    LANGUAGES_ASKED,
    NOW,
    OWNER,
    PHI,
    RADIUS,
    REACH,
    SCALE,
    SIDE,
    SPOKEN,
    STARTS,
    URGENCY,
    WEIGHT_AFFINITY,
    WEIGHT_DISTANCE,
    WEIGHT_URGENCY,
    speak,
    time_of,
    trait_of,
)
from matcher.index.tree import square_bound
from matcher.place import EARTH_RADIUS_M
from matcher.taxonomy import Reach

LOCAL, SAME_COUNTRY, SAME_LANGUAGE = int(Reach.LOCAL), int(Reach.COUNTRY), int(Reach.LANGUAGE)

# --- scratch of a question
#: Deepest path that a search can hold; changes.depth_limit is far below.
_DEPTH = 128
STACK = 0  # pending references: int64 reference, float64 bound
CELL_DECAY = STACK + 16 * _DEPTH  # float64 [256]: weighted decay of each cell of the leaf
CELL_METRES = CELL_DECAY + 8 * 256  # int64 [256]
KNOWN = CELL_METRES + 8 * 256  # 256 bits: which of the two are set for this leaf
SEEN = KNOWN + 32  # 256 bits: rows of several categories that were met in this leaf
NEAREST = SEEN + 32  # float64: the most that distance can give in this leaf
NOTED = NEAREST + 8  # of the rows of a group: float64 score, int64 urgency << 16 | posting
HEAP = NOTED + 16 * 256

# How a match is explained, in one word: metres + 1 above, then urgency, reach, precision, category.
METRES_SHIFT = 16
URGENCY_SHIFT = 14
REACH_SHIFT = 12
PRECISION_SHIFT = 8


def heap_bytes(k: int) -> int:
    """What the heap of a question for k takes."""
    return HEAP_ITEMS + ITEM_BYTES * k


_UNREACHED = -1.0
_HIGHEST = 3


@inlined
def bit(bits: int, number: int) -> bool:
    """Whether a bit is set."""
    word = load_u64(bits + 8 * (number >> 6)) >> np.uint64(number & 63)
    return bool(word & np.uint64(1) != np.uint64(0))


@inlined
def set_bit(bits: int, number: int) -> None:
    """Set a bit."""
    word = bits + 8 * (number >> 6)
    store_u64(word, load_u64(word) | np.uint64(1) << np.uint64(number & 63))


@inlined
def clear_bits(bits: int) -> None:
    """Clear 256 bits."""
    for at in range(0, 32, 8):
        store_i64(bits + at, 0)


@inlined
def is_open(words: int, question: int, block: int, row: int) -> bool:
    """Whether a row is another's, has not ended, and overlaps in time."""
    at = block + load_u16(block + BLOCK_AT_ROWS) + ROW_BYTES * row
    if load_i32(at + ROW_OWNER) == load_i64(question + OWNER):
        return False
    ends = time_of(words, load_u32(at + ROW_ENDS))
    if ends <= load_i64(question + NOW) or ends <= load_i64(question + STARTS):
        return False
    if time_of(words, load_u32(at + ROW_STARTS)) >= load_i64(question + ENDS):
        return False
    return id_in(block, row) != load_i64(question + ID)


@inlined
def passes_filters(words: int, question: int, trait: int) -> bool:
    """Whether traits meet what the query asks for beyond a match."""
    if load_i64(question + KINDS) != 0 and not bit(question + KINDS, load_u8(trait + TRAIT_KIND)):
        return False
    if load_i64(question + LANGUAGES_ASKED) != 0:
        return speak(words, trait, question + ASKED_LANGUAGES)
    return True


@inlined
def agree_remotely(words: int, question: int, trait: int) -> bool:
    """Whether a pair of which one at least is remote meets the conditions of both reaches."""
    own, other = load_i64(question + REACH), load_u8(trait + TRAIT_REACH)
    if own == LOCAL and other == LOCAL:
        return False
    if own == SAME_COUNTRY or other == SAME_COUNTRY:
        country = load_i64(question + COUNTRY)
        if country == 0 or country != load_u16(trait + TRAIT_COUNTRY):
            return False
    if own == SAME_LANGUAGE or other == SAME_LANGUAGE:
        return speak(words, trait, question + SPOKEN)
    return True


@inlined
def urgency_term(question: int, urgency: int) -> float:
    """The last term of the score, as matcher.ranking.score_millionths computes it."""
    return load_f64(question + WEIGHT_URGENCY) * urgency / _HIGHEST


@inlined
def most_urgent(question: int) -> int:
    """The highest urgency that a pair of this question can have."""
    own = load_i64(question + URGENCY)
    return own if own >= 0 else _HIGHEST


@inlined
def least_score(heap: int) -> float:
    """What a score must reach to come in, a little below; minus infinity while there is room."""
    if load_i64(heap + HEAP_COUNT) < load_i64(heap + HEAP_K):
        return -math.inf
    return (load_i64(heap + HEAP_ITEMS) - 1) * 1e-6


@inlined
def best_terms(question: int) -> float:
    """The most that affinity and urgency together can give."""
    affinity = load_f64(load_i64(question + KIN_AFFINITY_AT))
    best = load_f64(question + WEIGHT_AFFINITY) * affinity
    return best + urgency_term(question, most_urgent(question))


@compiled
def farthest_square(question: int, heap: int) -> float:
    """Square of the chord beyond which nothing can come in; -1 when nothing can at all.

    The distance term that is still needed, solved for the distance, with a metre for rounding; a
    chord is at most its angle.
    """
    metres = load_i64(question + RADIUS) + 1.0
    needed = least_score(heap) - best_terms(question)
    if needed > 0.0:
        share = load_f64(question + WEIGHT_DISTANCE)
        if needed > share:
            return -1.0
        metres = min(metres, 1.0 - load_f64(question + SCALE) * math.log(needed / share))
    angle = metres / EARTH_RADIUS_M
    return angle * angle


@inlined
def _measure(question: int, scratch: int, cells: int, cell: int, farthest: float) -> float:
    """The distance term of a cell, or _UNREACHED; worked out once in a leaf."""
    decay_at = scratch + CELL_DECAY + 8 * cell
    if bit(scratch + KNOWN, cell):
        return load_f64(decay_at)
    set_bit(scratch + KNOWN, cell)
    at = cells + CELL_BYTES * cell
    square = near_square(question, at)
    decay = _UNREACHED
    # chord² = 4 sin²(θ/2), with a hair's breadth for rounding
    if 4 * square <= farthest * 1.0000001:
        metres = whole_metres(question, at, square)
        if metres <= load_i64(question + RADIUS):
            store_i64(scratch + CELL_METRES + 8 * cell, metres)
            share = load_f64(question + WEIGHT_DISTANCE)
            decay = share * math.exp(-metres / load_f64(question + SCALE))
    store_f64(decay_at, decay)
    return decay


@inlined
def _nearest_term(question: int, bound: float) -> float:
    """The most that distance can give in a leaf; 0 in one of remote listings (bound -1)."""
    if bound < 0.0:
        return 0.0
    # The angle is at least the chord.
    metres = math.sqrt(bound) * EARTH_RADIUS_M - 1.0
    share = load_f64(question + WEIGHT_DISTANCE)
    return share * math.exp(-max(metres, 0.0) / load_f64(question + SCALE))


@inlined
def _note_group(
    question: int,
    scratch: int,
    block: int,
    starts: int,
    placed: bool,
    farthest: float,
    least: float,
    term: float,
) -> int:
    """Note the rows of a group whose score can come in, and ask for their memory; how many.

    `least` is what distance and urgency must give with the affinity's `term`. Rows are only
    looked at afterwards: so their memory comes all at once, not one after the other.
    """
    cells = block + load_u16(block + BLOCK_AT_CELLS)
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    flags = block + load_u16(block + BLOCK_AT_FLAGS)
    rows = block + load_u16(block + BLOCK_AT_ROWS)
    nearest, needed = load_f64(scratch + NEAREST), least
    urgency, count = load_i64(question + URGENCY), 0
    own = urgency >= 0
    last = urgency_term(question, most_urgent(question))
    for at in range(load_u16(starts), load_u16(starts + 2)):
        posting = load_u16(postings + 2 * at)
        row, decay = posting & 255, 0.0
        if not own:
            urgency = load_u8(flags + row) & FLAG_URGENCY
            last = urgency_term(question, urgency)
            if nearest + term + last < needed:
                break
        if placed:
            decay = _measure(question, scratch, cells, posting >> 8, farthest)
            if decay < 0.0:
                continue
        score = decay + term + last
        if score >= needed:
            prefetch(rows + ROW_BYTES * row)
            store_f64(scratch + NOTED + 16 * count, score)
            store_i64(scratch + NOTED + 16 * count + 8, urgency << 16 | posting)
            count += 1
    return count


@inlined
def _meets(words: int, question: int, scratch: int, block: int, posting: int, bound: float) -> bool:
    """Whether a row that scores well enough is a counterpart in every other respect."""
    row = posting & 255
    if not is_open(words, question, block, row):
        return False
    at = block + load_u16(block + BLOCK_AT_ROWS) + ROW_BYTES * row
    trait = trait_of(words, at)
    if bound >= 0.0:
        if load_i64(scratch + CELL_METRES + 8 * (posting >> 8)) > load_u32(trait + TRAIT_RADIUS):
            return False
    else:
        side = load_u8(block + load_u16(block + BLOCK_AT_FLAGS) + row) >> FLAG_SIDE_SHIFT
        # Some take no side.
        if side != load_i64(question + SIDE) + 1 or not agree_remotely(words, question, trait):
            return False
    return passes_filters(words, question, trait)


@inlined
def _meaning(words: int, scratch: int, block: int, noted: int, bound: float) -> int:
    """What explains a match, but for its category."""
    row, cell = noted & 255, (noted >> 8) & 255
    metres = load_i64(scratch + CELL_METRES + 8 * cell) if bound >= 0.0 else -1
    at = block + load_u16(block + BLOCK_AT_ROWS) + ROW_BYTES * row
    reach = load_u8(trait_of(words, at) + TRAIT_REACH)
    precision = load_u8(block + load_u16(block + BLOCK_AT_PRECISION) + cell) & 15
    meaning = (metres + 1) << METRES_SHIFT | (noted >> 16) << URGENCY_SHIFT
    return meaning | reach << REACH_SHIFT | precision << PRECISION_SHIFT


@compiled
def visit_leaf(
    words: int, question: int, scratch: int, block: int, bound: float, farthest: float
) -> float:
    """Offer the rows of a leaf; gives the new farthest_square.

    `bound` is at most the square of the chord to any member; for leaves of remote listings -1.
    """
    heap, side = scratch + HEAP, load_i64(question + SIDE)
    nearest, placed = _nearest_term(question, bound), bound >= 0.0
    store_f64(scratch + NEAREST, nearest)
    flags = block + load_u16(block + BLOCK_AT_FLAGS)
    kin, affinities = load_i64(question + KIN_AT), load_i64(question + KIN_AFFINITY_AT)
    highest = urgency_term(question, most_urgent(question))
    clear_bits(scratch + KNOWN)
    clear_bits(scratch + SEEN)
    needed = least_score(heap)
    changed = False
    for i in range(load_i64(question + KIN_COUNT)):
        term = load_f64(question + WEIGHT_AFFINITY) * load_f64(affinities + 8 * i)
        if nearest + term + highest < needed:
            break
        category = load_u8(kin + i)
        if not has_group(block, side, category):
            continue
        starts = block + BLOCK_STARTS + 2 * rank(block, side, category)
        count = _note_group(question, scratch, block, starts, placed, farthest, needed, term)
        for note in range(scratch + NOTED, scratch + NOTED + 16 * count, 16):
            score, noted = load_f64(note), load_i64(note + 8)
            if score < needed:
                continue
            row = noted & 255
            if load_u8(flags + row) & FLAG_SEVERAL:
                if bit(scratch + SEEN, row):
                    continue
                set_bit(scratch + SEEN, row)
            if not _meets(words, question, scratch, block, noted & 0xFFFF, bound):
                continue
            meaning = _meaning(words, scratch, block, noted, bound) | category
            if offer(heap, int(np.rint(score * 1_000_000)), id_in(block, row), meaning):
                needed = least_score(heap)
                changed = True
    if changed and placed:
        return farthest_square(question, heap)
    return farthest


@inlined
def _push(stack: int, top: int, reference: int, bound: float) -> int:
    store_i64(stack + 16 * top, reference)
    store_f64(stack + 16 * top + 8, bound)
    return top + 1


@inlined
def _foresee(words: int, reference: int) -> None:
    """Ask for the memory of a node, or the head of a leaf, that will be visited soon."""
    if reference & LEAF_BIT:
        block = block_of(words, reference & (LEAF_BIT - 1))
        for line in range(0, HEAD_BYTES, UNIT):
            prefetch(block + line)
    else:
        prefetch(load_i64(words + NODES) + NODE_BYTES * reference)


@inlined
def _foresee_cells(words: int, question: int, leaf: int) -> None:
    """Ask for the cells of a leaf whose head was asked for, of all groups that may match."""
    block, side = block_of(words, leaf), load_i64(question + SIDE)
    cells = block + load_u16(block + BLOCK_AT_CELLS)
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    kin = load_i64(question + KIN_AT)
    for i in range(load_i64(question + KIN_COUNT)):
        category = load_u8(kin + i)
        if has_group(block, side, category):
            starts = block + BLOCK_STARTS + 2 * rank(block, side, category)
            for at in range(load_u16(starts), load_u16(starts + 2)):
                prefetch(cells + CELL_BYTES * (load_u16(postings + 2 * at) >> 8))


@compiled
def scan_places(words: int, question: int, scratch: int) -> None:
    """Offer the local counterparts of a local question."""
    farthest = farthest_square(question, scratch + HEAP)
    phi, lambda_ = load_f64(question + PHI), load_f64(question + LAMBDA)
    cosine, nodes = load_f64(question + COSINE), load_i64(words + NODES)
    stack = scratch + STACK
    top = _push(stack, 0, load_i64(words + ROOT), 0.0)
    while top > 0:
        top -= 1
        reference, bound = load_i64(stack + 16 * top), load_f64(stack + 16 * top + 8)
        if bound > farthest:
            continue
        if reference & LEAF_BIT:
            block = block_of(words, reference & (LEAF_BIT - 1))
            if top > 0 and load_f64(stack + 16 * top - 8) <= farthest:
                # Most likely the next leaf.
                other = load_i64(stack + 16 * top - 16)
                if other & LEAF_BIT:
                    _foresee_cells(words, question, other & (LEAF_BIT - 1))
            farthest = visit_leaf(words, question, scratch, block, bound, farthest)
            continue
        node = nodes + NODE_BYTES * reference
        first, second = load_u32(node + NODE_CHILD), load_u32(node + NODE_CHILD + 4)
        near = square_bound(node, 0, phi, lambda_, cosine)
        far = square_bound(node, 1, phi, lambda_, cosine)
        if far < near:
            first, second, near, far = second, first, far, near
        if far <= farthest:
            top = _push(stack, top, second, far)
            _foresee(words, second)
        if near <= farthest:
            top = _push(stack, top, first, near)
            _foresee(words, first)


@compiled
def scan_leaves(words: int, question: int, scratch: int, leaves: int, count: int) -> None:
    """Offer the remote pairs of the listing with the rows of some leaves: uint32 numbers, or

    the first `count` of all where `leaves` is 0.
    """
    for i in range(count):
        if best_terms(question) < least_score(scratch + HEAP):
            return
        block = block_of(words, i if leaves == 0 else load_u32(leaves + 4 * i))
        visit_leaf(words, question, scratch, block, -1.0, 0.0)
