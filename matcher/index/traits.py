"""What many listings share, kept once: radius, languages, country, kind and reach."""

import numpy as np

from matcher.compiled import (
    compiled,
    inlined,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    signed,
    store_i64,
    store_u8,
    store_u16,
    store_u32,
)
from matcher.index.ids import mixed
from matcher.index.layout import (
    TRAIT_BYTES,
    TRAIT_COUNTRY,
    TRAIT_KIND,
    TRAIT_LANGUAGES,
    TRAIT_RADIUS,
    TRAIT_REACH,
    TRAIT_SLOT_MASK,
    TRAIT_SLOTS,
    TRAITS,
    TRAITS_MOST,
    TRAITS_USED,
)


@inlined
def _hash(first: int, second: int) -> int:
    """Of the two words of traits, not negative."""
    return signed(mixed(first ^ signed(mixed(second) >> np.uint64(1))) >> np.uint64(2))


@compiled
def number_traits(
    words: int, radius_m: int, languages: int, country: int, kind: int, reach: int
) -> int:
    """Number of these traits, entered when they are new; -1 when there is no room for them."""
    first, second = languages << 32 | radius_m, country << 16 | kind << 8 | reach
    slots, mask = load_i64(words + TRAIT_SLOTS), load_i64(words + TRAIT_SLOT_MASK)
    traits = load_i64(words + TRAITS)
    slot = _hash(first, second) & mask
    while True:
        entry = load_u32(slots + 4 * slot)
        if entry == 0:
            break
        trait = traits + TRAIT_BYTES * (entry - 1)
        if (
            load_i64(trait) == first
            and load_u16(trait + TRAIT_COUNTRY) == country
            and load_u8(trait + TRAIT_KIND) == kind
            and load_u8(trait + TRAIT_REACH) == reach
        ):
            return entry - 1
        slot = (slot + 1) & mask
    number = load_i64(words + TRAITS_USED)
    if number >= load_i64(words + TRAITS_MOST):
        return -1
    trait = traits + TRAIT_BYTES * number
    store_u32(trait + TRAIT_RADIUS, radius_m)
    store_u32(trait + TRAIT_LANGUAGES, languages)
    store_u16(trait + TRAIT_COUNTRY, country)
    store_u8(trait + TRAIT_KIND, kind)
    store_u8(trait + TRAIT_REACH, reach)
    store_u32(slots + 4 * slot, number + 1)
    store_i64(words + TRAITS_USED, number + 1)
    return number


@compiled
def enter_traits(words: int) -> None:
    """Fill an empty table of slots with all traits."""
    slots, mask = load_i64(words + TRAIT_SLOTS), load_i64(words + TRAIT_SLOT_MASK)
    for number in range(load_i64(words + TRAITS_USED)):
        trait = load_i64(words + TRAITS) + TRAIT_BYTES * number
        second = load_u16(trait + TRAIT_COUNTRY) << 16
        second |= load_u8(trait + TRAIT_KIND) << 8 | load_u8(trait + TRAIT_REACH)
        slot = _hash(load_i64(trait), second) & mask
        while load_u32(slots + 4 * slot) != 0:
            slot = (slot + 1) & mask
        store_u32(slots + 4 * slot, number + 1)
