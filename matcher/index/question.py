"""A question on its way through the kernels: 8 bytes a field, and how its fields are filled."""

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
    popcount,
    prefetch,
    store_f64,
    store_i64,
    store_u8,
    store_u64,
)
from matcher.index.blocks import side_of_groups
from matcher.index.ids import block_of, id_in
from matcher.index.layout import (
    AFFINITY,
    ASKING_FLAG,
    ASKS,
    BLOCK_ASKING,
    BLOCK_AT_CELLS,
    BLOCK_AT_FLAGS,
    BLOCK_AT_POSTINGS,
    BLOCK_AT_PRECISION,
    BLOCK_AT_ROWS,
    BLOCK_BITS,
    BLOCK_GROUPS,
    BLOCK_STARTS,
    CELL_BYTES,
    FLAG_SEVERAL,
    FLAG_SIDE_SHIFT,
    FLAG_URGENCY,
    GIVES,
    GIVING_FLAG,
    KIN,
    KIN_AFFINITY,
    KIN_STARTS,
    LANGUAGES,
    ODD_TIME,
    ROW_BYTES,
    ROW_ENDS,
    ROW_OWNER,
    ROW_STARTS,
    ROW_TRAITS,
    TIMES,
    TRAIT_BYTES,
    TRAIT_COUNTRY,
    TRAIT_LANGUAGES,
    TRAIT_RADIUS,
    TRAIT_REACH,
    TRAITS,
    UNIT,
)

PHI = 0
LAMBDA = 8
COSINE = 16
SINE = 24
ID = 32
OWNER = 40  # code
STARTS = 48
ENDS = 56
RADIUS = 64
SIDE = 72  # ASKS or GIVES, that of the counterparts; NO_SIDE for none
URGENCY = 80  # of the asking side; -1 when the counterpart asks
REACH = 88
COUNTRY = 96
SPOKEN = 104  # three words
COUNT = 128  # of own categories
CATEGORIES = 136  # five bytes
PRECISION = 144
# What only the asker knows:
NOW = 152
K = 160
KINDS = 168  # bits; 0 for any
ASKED_LANGUAGES = 176  # three words
LANGUAGES_ASKED = 200  # whether that condition holds
WEIGHT_DISTANCE = 208
WEIGHT_AFFINITY = 216
WEIGHT_URGENCY = 224
SCALE = 232
# The kin of all own categories, affinity descending:
KIN_COUNT = 240
KIN_AT = 248  # address of uint8
KIN_AFFINITY_AT = 256  # address of float64
MERGED = 264  # room for 256 kin: uint8, then float64
QUESTION_BYTES = MERGED + 256 + 8 * 256
NO_SIDE = -1
#: Header, starts, postings and flags of most leaves.
HEAD_BYTES = 12 * UNIT


@inlined
def time_of(words: int, code: int) -> int:
    """The time in epoch seconds of a code."""
    if code < ODD_TIME:
        return code
    return load_i64(load_i64(words + TIMES) + 8 * (code - ODD_TIME))


@inlined
def trait_of(words: int, row: int) -> int:
    """Address of the traits of a row."""
    return load_i64(words + TRAITS) + TRAIT_BYTES * load_u32(row + ROW_TRAITS)


@inlined
def speak(words: int, trait: int, asked: int) -> bool:
    """Whether a set of languages and three words of bits at `asked` have one in common."""
    spoken = load_i64(words + LANGUAGES) + 24 * load_u32(trait + TRAIT_LANGUAGES)
    common = load_u64(spoken) & load_u64(asked)
    common |= load_u64(spoken + 8) & load_u64(asked + 8)
    common |= load_u64(spoken + 16) & load_u64(asked + 16)
    return bool(common != np.uint64(0))


@compiled
def set_place(question: int, phi: float, lambda_: float, precision: int) -> None:
    """Fill in the place, in radians."""
    store_f64(question + PHI, phi)
    store_f64(question + LAMBDA, lambda_)
    store_f64(question + COSINE, math.cos(phi))
    store_f64(question + SINE, math.sin(phi))
    store_i64(question + PRECISION, precision)


@compiled
def set_kin(words: int, question: int) -> None:
    """Find the categories that are near to one of the own, affinity descending, then by id."""
    categories = question + CATEGORIES
    starts = load_i64(words + KIN_STARTS)
    first = load_u8(categories)
    begin, end = load_i32(starts + 4 * first), load_i32(starts + 4 * first + 4)
    if load_i64(question + COUNT) == 1:
        store_i64(question + KIN_COUNT, end - begin)
        store_i64(question + KIN_AT, load_i64(words + KIN) + begin)
        store_i64(question + KIN_AFFINITY_AT, load_i64(words + KIN_AFFINITY) + 8 * begin)
        return
    kin, affinities, count = question + MERGED, question + MERGED + 256, 0
    table = load_i64(words + AFFINITY)
    for category in range(256):
        best = 0.0
        for i in range(load_i64(question + COUNT)):
            own = load_u8(categories + i)
            best = max(best, load_f64(table + 8 * (own << 8 | category)))
        if best <= 0.0:
            continue
        at = count
        while at > 0 and load_f64(affinities + 8 * (at - 1)) < best:
            store_f64(affinities + 8 * at, load_f64(affinities + 8 * (at - 1)))
            store_u8(kin + at, load_u8(kin + at - 1))
            at -= 1
        store_f64(affinities + 8 * at, best)
        store_u8(kin + at, category)
        count += 1
    store_i64(question + KIN_COUNT, count)
    store_i64(question + KIN_AT, kin)
    store_i64(question + KIN_AFFINITY_AT, affinities)


@inlined
def _category_of(block: int, side: int, number: int) -> int:
    """The category of the group of this number among those of a side."""
    bits = block + BLOCK_BITS + 32 * side
    for word in range(4):
        left = load_u64(bits + 8 * word)
        count = popcount(left)
        if number >= count:
            number -= count
            continue
        for _ in range(number):
            left &= left - np.uint64(1)
        lowest = left & (~left + np.uint64(1))
        return 64 * word + popcount(lowest - np.uint64(1))
    return -1


@compiled
def find_postings(block: int, row: int, flags: int, question: int) -> int:
    """Fill in the categories of a row, which only its postings know; gives its cell."""
    side = side_of_groups(flags)
    first_group = load_u16(block + BLOCK_ASKING) if side == GIVES else 0
    group = first_group
    last_group = load_u16(block + BLOCK_GROUPS) if side == GIVES else load_u16(block + BLOCK_ASKING)
    starts = block + BLOCK_STARTS
    postings = block + load_u16(block + BLOCK_AT_POSTINGS)
    count, cell = 0, 0
    for at in range(load_u16(starts + 2 * first_group), load_u16(starts + 2 * last_group)):
        posting = load_u16(postings + 2 * at)
        if posting & 255 != row:
            continue
        while load_u16(starts + 2 * group + 2) <= at:
            group += 1
        store_u8(question + CATEGORIES + count, _category_of(block, side, group - first_group))
        count += 1
        cell = posting >> 8
        if flags & FLAG_SEVERAL == 0:
            break
    store_i64(question + COUNT, count)
    return cell


@compiled
def ask_for_row(words: int, question: int, handle: int) -> None:
    """Fill in all fields that the stored listing leaf << 8 | row decides."""
    block = block_of(words, handle >> 8)
    number = handle & 255
    for line in range(0, HEAD_BYTES, UNIT):
        prefetch(block + line)
    row = block + load_u16(block + BLOCK_AT_ROWS) + ROW_BYTES * number
    prefetch(row)
    flags = load_u8(block + load_u16(block + BLOCK_AT_FLAGS) + number)
    cell = find_postings(block, number, flags, question)
    at = block + load_u16(block + BLOCK_AT_CELLS) + CELL_BYTES * cell
    precision = load_u8(block + load_u16(block + BLOCK_AT_PRECISION) + cell)
    set_place(question, load_f64(at), load_f64(at + 8), precision)
    store_i64(question + ID, id_in(block, number))
    store_i64(question + OWNER, load_i32(row + ROW_OWNER))
    store_i64(question + STARTS, time_of(words, load_u32(row + ROW_STARTS)))
    store_i64(question + ENDS, time_of(words, load_u32(row + ROW_ENDS)))
    trait = trait_of(words, row)
    store_i64(question + RADIUS, load_u32(trait + TRAIT_RADIUS))
    store_i64(question + REACH, load_u8(trait + TRAIT_REACH))
    store_i64(question + COUNTRY, load_u16(trait + TRAIT_COUNTRY))
    spoken = load_i64(words + LANGUAGES) + 24 * load_u32(trait + TRAIT_LANGUAGES)
    for word in range(0, 24, 8):
        store_u64(question + SPOKEN + word, load_u64(spoken + word))
    side = flags >> FLAG_SIDE_SHIFT
    asks = side == ASKING_FLAG
    store_i64(question + SIDE, GIVES if asks else (ASKS if side == GIVING_FLAG else NO_SIDE))
    store_i64(question + URGENCY, flags & FLAG_URGENCY if asks else -1)
    set_kin(words, question)
