"""Which alerts a listing hits: one compiled call."""

from matcher.alerts.changes import owner_hash, radians_of
from matcher.alerts.doubts import COUNT_BITS, COUNT_MASK, SHARED, settle
from matcher.alerts.finding import note_groups
from matcher.alerts.gates import table_of
from matcher.alerts.groups import lowest_bit
from matcher.alerts.lanes import test_lanes
from matcher.alerts.layout import (
    ARENA,
    ASKED_CASE,
    ASKED_CATEGORIES,
    ASKED_LAT,
    ASKED_LNG,
    ASKED_MASK,
    ASKED_OWNER,
    ASKED_SHELVES,
    ASKED_SPOKEN,
    DOUBTS,
    GROUP_BLOCK,
    GROUP_COUNT,
    LANES,
    NOTE_AVOIDED,
    NOTE_BYTES,
    NOTE_GROUP,
    NOTE_LEVEL,
    NOTE_PLAIN,
    NOTED_GROUPS,
    OUT,
    PASSES,
    REMOTE_LEVEL,
    SCRATCH,
    SHELF_SHIFT,
    SPOKEN_TABLE,
    TILE_BYTES,
    TILE_IDS,
    TILE_LANGUAGES,
    TILE_MASKS,
    TILE_ROWS,
    TILE_X,
    UNIT,
)
from matcher.alerts.places import packed_point, vector_m
from matcher.compiled import (
    compiled,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    prefetch,
    store_f64,
    store_i64,
)

# Tiles are asked for so many before they are looked at.
_TILES_AHEAD = 3

_ALL_LANES = (1 << LANES) - 1


@compiled
def _scan_group(words: int, group: int, own: int, avoided: int, plain: bool, found: int) -> int:
    """Write out the ids of a group that are hit for certain, and the rows that are in doubt.

    `found` and the answer are both counts in one number. What is written stays only when its
    count goes up: that is quicker than to branch.
    """
    tile = load_i64(words + ARENA) + UNIT * load_u32(group + GROUP_BLOCK)
    asked, shelves = load_i64(words + ASKED_MASK), load_i64(words + ASKED_SHELVES)
    table = load_i64(words + ASKED_SPOKEN) + SPOKEN_TABLE
    owner = owner_hash(load_i64(words + ASKED_OWNER))
    out = load_i64(words + OUT) + 8 * (found & COUNT_MASK)
    doubt = load_i64(words + DOUBTS) + 8 * (found >> COUNT_BITS)
    first_out, first_doubt = out, doubt
    left = load_u32(group + GROUP_COUNT)
    while left > 0:
        for line in (TILE_X, TILE_ROWS, TILE_IDS):
            prefetch(tile + _TILES_AHEAD * TILE_BYTES + line)
        tested = test_lanes(tile, own, owner, shelves)
        lanes = tested & _ALL_LANES
        if left < LANES:
            lanes &= (1 << left) - 1
        while lanes != 0:
            lane = lowest_bit(lanes)
            spoken = load_u8(table + load_u16(tile + TILE_LANGUAGES + 2 * lane))
            perhaps, sure = spoken != 0, (spoken == PASSES) & ((tested >> (LANES + lane)) & 1 != 0)
            if not plain:
                common = load_i64(tile + TILE_MASKS + 8 * lane) & asked
                perhaps &= (common != 0) & (common & avoided == 0)
                sure &= common != SHARED
            store_i64(out, load_i64(tile + TILE_IDS + 8 * lane))
            store_i64(doubt, load_u32(tile + TILE_ROWS + 4 * lane) & ((1 << SHELF_SHIFT) - 1))
            out += 8 * int(perhaps & sure)
            doubt += 8 * int(perhaps & (not sure))
            lanes &= lanes - 1
        tile += TILE_BYTES
        left -= LANES
    return found + ((out - first_out) >> 3) + (((doubt - first_doubt) >> 3) << COUNT_BITS)


@compiled
def ask(
    words: int,
    mask: int,
    categories: int,
    languages: tuple[int, int, int],
    case: int,
    shelves: int,
    owner: int,
    placed: bool,
    lat: float,
    lng: float,
    remote: bool,
) -> int:
    """Write out the ids that are hit, and the rows of which only the exact place is to be seen.

    The arguments are those of a question in layout.py, and whether the listing has a place and is
    remote. Answers both counts in one number: doubts times 2^32 plus hits.
    """
    store_i64(words + ASKED_MASK, mask)
    store_i64(words + ASKED_CATEGORIES, categories)
    store_i64(words + ASKED_SPOKEN, table_of(words, *languages))
    store_i64(words + ASKED_CASE, case)
    store_i64(words + ASKED_SHELVES, shelves)
    store_i64(words + ASKED_OWNER, owner)
    store_f64(words + ASKED_LAT, lat)
    store_f64(words + ASKED_LNG, lng)
    found = 0
    x, y, z = vector_m(radians_of(lat), radians_of(lng))
    notes = load_i64(words + SCRATCH) + NOTED_GROUPS
    for i in range(note_groups(words, placed, remote)):
        note = notes + NOTE_BYTES * i
        group, level = load_i64(note + NOTE_GROUP), load_i64(note + NOTE_LEVEL)
        plain, level = level & NOTE_PLAIN != 0, level & (NOTE_PLAIN - 1)
        own = packed_point(x, y, z, level) if level != REMOTE_LEVEL else 0
        found = _scan_group(words, group, own, load_i64(note + NOTE_AVOIDED), plain, found)
    if found >> COUNT_BITS == 0:
        return found
    return settle(words, found)
