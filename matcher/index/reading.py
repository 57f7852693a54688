"""Rows as entries again."""

from matcher.compiled import (
    compiled,
    inlined,
    load_f64,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_f64,
    store_i64,
    store_u8,
)
from matcher.index.blocks import LOOSE_ENTRIES, copy_bytes, read_row, unpack
from matcher.index.ids import block_of, handle_of
from matcher.index.layout import (
    BLOCK_AT_CELLS,
    BLOCK_AT_FLAGS,
    BLOCK_AT_PRECISION,
    CELL_BYTES,
    ENTRY_BYTES,
    ENTRY_CATEGORIES,
    ENTRY_COUNT,
    ENTRY_FLAGS,
    ENTRY_LAMBDA,
    ENTRY_PHI,
    ENTRY_POOL,
    ENTRY_PRECISION,
    ENTRY_TRAITS,
    FLAG_SIDE_SHIFT,
    LEAVES_USED,
    TRAIT_BYTES,
    TRAIT_COUNTRY,
    TRAIT_REACH,
    TRAITS,
)
from matcher.index.pools import pool_of
from matcher.index.question import CATEGORIES, COUNT, find_postings

_pool_of = inlined(pool_of)


@compiled
def read(words: int, question: int, number: int, entry: int) -> bool:
    """Write the listing of an id as an entry; False when there is none. The question is lost."""
    handle = handle_of(words, number)
    if handle < 0:
        return False
    block, row = block_of(words, handle >> 8), handle & 255
    read_row(block, row, entry)
    flags = load_u8(block + load_u16(block + BLOCK_AT_FLAGS) + row)
    cell = find_postings(block, row, flags, question)
    at = block + load_u16(block + BLOCK_AT_CELLS) + CELL_BYTES * cell
    store_f64(entry + ENTRY_PHI, load_f64(at))
    store_f64(entry + ENTRY_LAMBDA, load_f64(at + 8))
    precision = load_u8(block + load_u16(block + BLOCK_AT_PRECISION) + cell)
    store_u8(entry + ENTRY_PRECISION, precision)
    store_u8(entry + ENTRY_FLAGS, flags)
    store_u8(entry + ENTRY_COUNT, load_i64(question + COUNT))
    for i in range(5):
        store_u8(entry + ENTRY_CATEGORIES + i, load_u8(question + CATEGORIES + i))
    store_i64(entry + ENTRY_POOL, -1)
    return True


@compiled
def read_all(words: int, scratch: int, entries: int) -> None:
    """Write all rows as entries, for which there must be room."""
    at = entries
    for leaf in range(load_i64(words + LEAVES_USED)):
        size = ENTRY_BYTES * unpack(block_of(words, leaf), scratch)
        copy_bytes(scratch + LOOSE_ENTRIES, at, size)
        for entry in range(at, at + size, ENTRY_BYTES):
            trait = load_i64(words + TRAITS) + TRAIT_BYTES * load_u32(entry + ENTRY_TRAITS)
            side = load_u8(entry + ENTRY_FLAGS) >> FLAG_SIDE_SHIFT
            reach, country = load_u8(trait + TRAIT_REACH), load_u16(trait + TRAIT_COUNTRY)
            store_i64(entry + ENTRY_POOL, _pool_of(side, reach, country))
        at += size
