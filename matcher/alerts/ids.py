"""Rows by the id of their alert: a hash table with linear probing, without gravestones."""

from matcher.alerts.layout import IDS, IDS_SLOTS, ROW_BYTES, ROW_ID, ROWS
from matcher.compiled import compiled, inlined, load_i64, load_u32, store_i64, store_u32

# 2^64 divided by the golden ratio, as a signed number (D. Knuth, TAOCP 3, 6.4).
_GOLDEN = -7046029254386353131


@inlined
def scattered(value: int, slots: int) -> int:
    """A slot for a value; the number of slots is a power of two."""
    mixed = value * _GOLDEN
    return (mixed ^ (mixed >> 32)) & (slots - 1)


@inlined
def _id_at(words: int, row: int) -> int:
    return load_i64(load_i64(words + ROWS) + ROW_BYTES * row + ROW_ID)


@compiled
def row_of(words: int, alert_id: int) -> int:
    """The row of an alert, or -1."""
    table, slots = load_i64(words + IDS), load_i64(words + IDS_SLOTS)
    slot = scattered(alert_id, slots)
    while True:
        row = load_u32(table + 4 * slot) - 1
        if row < 0 or _id_at(words, row) == alert_id:
            return row
        slot = (slot + 1) & (slots - 1)


@compiled
def note_row(words: int, row: int) -> None:
    """Enter a row whose id is in no other one."""
    table, slots = load_i64(words + IDS), load_i64(words + IDS_SLOTS)
    slot = scattered(_id_at(words, row), slots)
    while load_u32(table + 4 * slot) != 0:
        slot = (slot + 1) & (slots - 1)
    store_u32(table + 4 * slot, row + 1)


@compiled
def drop_row(words: int, row: int) -> None:
    """Take a row out; those behind it move up, so that every probe still ends at a gap."""
    table, slots = load_i64(words + IDS), load_i64(words + IDS_SLOTS)
    gap = scattered(_id_at(words, row), slots)
    while load_u32(table + 4 * gap) != row + 1:
        gap = (gap + 1) & (slots - 1)
    slot = gap
    while True:
        slot = (slot + 1) & (slots - 1)
        entry = load_u32(table + 4 * slot)
        if entry == 0:
            break
        wanted = scattered(_id_at(words, entry - 1), slots)
        # It may move unless the slot where its probe begins lies behind the gap.
        if (slot - wanted) & (slots - 1) >= (slot - gap) & (slots - 1):
            store_u32(table + 4 * gap, entry)
            gap = slot
    store_u32(table + 4 * gap, 0)


@compiled
def enlarge_ids(words: int, table: int, slots: int) -> None:
    """Move to a larger table, all 0."""
    old, old_slots = load_i64(words + IDS), load_i64(words + IDS_SLOTS)
    store_i64(words + IDS, table)
    store_i64(words + IDS_SLOTS, slots)
    for slot in range(old_slots):
        entry = load_u32(old + 4 * slot)
        if entry != 0:
            note_row(words, entry - 1)
