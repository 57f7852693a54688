"""Gates: the conditions on kind, urgency and languages that alerts share."""

from matcher.alerts.ids import scattered
from matcher.alerts.layout import (
    ANY_LANGUAGE,
    ASKED_CASE,
    ASKED_SPOKEN,
    GATE_CASES,
    GATE_LANGUAGES,
    LANGUAGES_BYTES,
    LAST_LANGUAGES,
    PASSES,
    PERHAPS,
    SETS,
    SETS_COUNT,
    SPOKEN_COUNT,
    SPOKEN_LANGUAGES,
    SPOKEN_TABLE,
    SPOKEN_TABLES,
    TABLE_BYTES,
    TABLES,
)
from matcher.compiled import compiled, inlined, load_i64, store_i64, store_u8


@inlined
def _common(languages: int, spoken: int) -> int:
    """Not 0 when two sets of languages, given by their addresses, have one in common."""
    common = 0
    for at in range(0, LANGUAGES_BYTES, 8):
        common |= load_i64(languages + at) & load_i64(spoken + at)
    return common


@inlined
def passes(words: int, gate: int) -> bool:
    """Whether the listing has the kind, urgency and language that a gate asks for."""
    cases = load_i64(gate + GATE_CASES)
    spoken = load_i64(words + ASKED_SPOKEN) + SPOKEN_LANGUAGES
    meets = cases & ANY_LANGUAGE != 0 or _common(gate + GATE_LANGUAGES, spoken) != 0
    return meets and cases & load_i64(words + ASKED_CASE) != 0


@compiled
def _fill_table(words: int, table: int) -> None:
    """Say of each set of languages whether the listing has one of them; set 0 is of any."""
    sets, count = load_i64(words + SETS), load_i64(words + SETS_COUNT)
    for i in range(min(count, LAST_LANGUAGES)):
        met = i == 0 or _common(sets + LANGUAGES_BYTES * i, table + SPOKEN_LANGUAGES) != 0
        store_u8(table + SPOKEN_TABLE + i, PASSES if met else 0)
    if count > LAST_LANGUAGES:
        store_u8(table + SPOKEN_TABLE + LAST_LANGUAGES, PERHAPS)
    store_i64(table + SPOKEN_COUNT, count)


@compiled
def table_of(words: int, first: int, second: int, third: int) -> int:
    """Address of the table of a listing's languages; it is filled in unless it is there."""
    slot = scattered(first ^ second ^ third, SPOKEN_TABLES)
    table = load_i64(words + TABLES) + load_i64(words + TABLE_BYTES) * slot
    same = load_i64(table + SPOKEN_COUNT) == load_i64(words + SETS_COUNT)
    for at, word in ((0, first), (8, second), (16, third)):
        same &= load_i64(table + SPOKEN_LANGUAGES + at) == word
        store_i64(table + SPOKEN_LANGUAGES + at, word)
    if not same:
        _fill_table(words, table)
    return table
