"""Where everything lies in memory: offsets in bytes, for kernels that work on addresses.

All numbers of the index are in one array of words. The arena is cut into units of 32 bytes; it
holds groups of records, tables of groups, positions and areas. Rows hold what is known of each
alert once; records repeat what a question needs, packed, once for each category of the alert in
cells with many alerts.
"""

# --- words: int64 ---------------------------------------------------------------------------
ARENA = 0  # address
ARENA_ROOM = 8  # units
ARENA_USED = 16
ROWS = 24  # address
ROWS_ROOM = 32
ROWS_USED = 40
ROWS_FREE = 48  # first free row + 1, 0 for none; the next one stands in ROW_ID
FULLS = 56  # address of what only `get` and doubts need of each row
IDS = 64  # address of uint32 [slots]: row + 1, 0 when empty
IDS_SLOTS = 72  # a power of two
COUNT = 80  # alerts held
CELLS = 88  # address
CELLS_SLOTS = 96  # a power of two
CELLS_USED = 104
GATES = 112  # address
OUT = 120  # address of int64 [rows + 1]: ids that are hit
DOUBTS = 128  # address of int64 [rows + 1]: rows to be looked at again
NEED = 136  # units of the arena that were wanting
LEVELS = 144  # int64 [8]: alerts at each level
REMOTES = LEVELS + 8 * 8  # alerts on remote help
FREE_BLOCKS = REMOTES + 8  # int64 [64]: first free block + 1 of each size, 0 for none
GATES_DOUBTFUL = FREE_BLOCKS + 8 * 64  # not 0 when records do not tell all about gates
SETS = GATES_DOUBTFUL + 8  # address of the sets of languages
SETS_COUNT = SETS + 8
TABLES = SETS_COUNT + 8  # address
TABLE_BYTES = TABLES + 8
QUESTION = TABLE_BYTES + 8  # what a question asks, see below
SCRATCH = QUESTION + 8 * 8  # address of what a question notes on its way
WORDS = SCRATCH // 8 + 1

# --- a row: 64 bytes ------------------------------------------------------------------------
ROW_BYTES = 64
ROW_ID = 0
ROW_OWNER = 8
ROW_PHI = 16  # float64: centre of the circle in radians
ROW_LAMBDA = 24
ROW_KEY = 32  # of its cell
ROW_MASK = 40  # bits of categories, see categories.py
ROW_RADIUS = 48  # int32: metres, or one of
AREA = -1
REMOTE = -2
ROW_GATE = 52  # uint32: number of the gate, and its shelf in the highest bits
SHELF_SHIFT = 27
ROW_POSITION = 56  # uint32: in its group; in a split cell the block of its positions
ROW_AREA = 60  # uint32: block of the area

# --- the rest of a row: 40 bytes ------------------------------------------------------------
FULL_BYTES = 40
FULL_CELL = 0  # H3 cell, or the radius where it counts for nothing
FULL_CATEGORIES = 8  # 256 bits, none set for any category

# --- a block with an area -------------------------------------------------------------------
AREA_BYTES = 0  # int64: length of the WKB
AREA_WKB = 8

# --- a gate: 32 bytes: the conditions that alerts share -------------------------------------
GATE_BYTES = 32
GATE_CASES = 0  # bit 4 * kind + urgency; ANY_LANGUAGE when there is no condition on languages
ANY_LANGUAGE = 1 << 62
GATE_LANGUAGES = 8  # 192 bits

# --- a set of languages: 24 bytes, 192 bits, none set for any language -----------------------
LANGUAGES_BYTES = 24
#: Records hold sets up to this one; it stands for all above, and the row is asked.
LAST_LANGUAGES = 65535

# --- a record: 32 bytes, as it is moved -----------------------------------------------------
UNIT = 32
RECORD_PLACE = 0  # uint16 each: x, y, z, radius in steps of its level
RECORD_MASK = 8
RECORD_ID = 16
RECORD_ROW = 24  # uint32: its row, and its shelf in the highest bits
RECORD_LANGUAGES = 28  # uint16: number of the set
RECORD_OWNER = 30  # uint8: hash of the owner
RECORD_INNER = 31  # uint8: share of the radius within which everything is inside

# --- a tile: eight records side by side, as they are kept -----------------------------------
LANES = 8
TILE_BYTES = 256
TILE_X = 0  # uint16
TILE_Y = 16
TILE_Z = 32
TILE_RADII = 48
TILE_ROWS = 64  # uint32
TILE_LANGUAGES = 96  # uint16
TILE_OWNERS = 112  # uint8
TILE_INNER = 120  # uint8
TILE_MASKS = 128  # int64
TILE_IDS = 192  # int64

# --- a group: 16 bytes ----------------------------------------------------------------------
GROUP_BYTES = 16
GROUP_BLOCK = 0  # uint32: first unit
GROUP_COUNT = 4  # uint32: records
GROUP_SIZE = 8  # uint32: size of the block + 1, 0 when there is none
#: uint32: whether the block is not of records but a table of further groups: in a cell one for
#: each bit of categories, below it one for each shelf.
GROUP_SPLIT = 12
#: A group of a category with more records than this is split into shelves: eight sets of kinds
#: times four least urgencies.
LARGEST_CATEGORY = 128
SHELVES = 32
#: Shelves from this one on are of all sets of kinds that found none of their own.
SHARED_SHELF = 28

# --- a cell: 32 bytes -----------------------------------------------------------------------
CELL_BYTES = 32
CELL_KEY = 0  # 0 when the slot is empty
CELL_GROUP = 8
CELL_TOTAL = 24  # uint32: alerts
#: A cell with more alerts than this is split into a group for each category.
LARGEST_MIXED = 96

# --- what a question asks: int64 in the words -----------------------------------------------
ASKED_MASK = QUESTION  # bits of the categories
ASKED_CATEGORIES = QUESTION + 8  # address of 256 bits
ASKED_SPOKEN = QUESTION + 16  # address of the table of its languages, see below
ASKED_CASE = QUESTION + 24  # one bit
ASKED_SHELVES = QUESTION + 32  # one bit for each shelf where alerts may be hit
ASKED_OWNER = QUESTION + 40
ASKED_LAT = QUESTION + 48  # float64, degrees
ASKED_LNG = QUESTION + 56

# --- a table of the languages of a listing ---------------------------------------------------
SPOKEN_LANGUAGES = 0  # 192 bits
SPOKEN_COUNT = 24  # int64: how many sets it has
SPOKEN_TABLE = 32  # uint8 for each set of languages of alerts: PASSES, PERHAPS or 0
#: So many tables are kept; the languages say which one to use.
SPOKEN_TABLES = 64
PASSES = 1
PERHAPS = 2

# --- levels: cells of 360 / 4**level degrees ------------------------------------------------
LEVEL_COUNT = 8
#: Level of the one cell of all alerts on remote help.
REMOTE_LEVEL = 8

# --- scratch: 24 bytes for each group that a question looks into, in three lists -------------
NOTE_BYTES = 24
NOTE_GROUP = 0  # address, or the slot of a cell
NOTE_AVOIDED = 8  # bits of categories, or the key of a cell
NOTE_LEVEL = 16  # with NOTE_PLAIN when categories need no test
NOTE_PLAIN = 256
MOST_CELLS = 4 * LEVEL_COUNT + 1
MOST_GROUPS = MOST_CELLS * 6
NOTED_CELLS = 0
NOTED_SPLIT = NOTED_CELLS + NOTE_BYTES * MOST_CELLS
NOTED_SHELVED = NOTED_SPLIT + NOTE_BYTES * MOST_GROUPS
NOTED_GROUPS = NOTED_SHELVED + NOTE_BYTES * MOST_GROUPS
SCRATCH_BYTES = NOTED_GROUPS + NOTE_BYTES * MOST_GROUPS * SHELVES

# --- what a change answers ------------------------------------------------------------------
DONE = 0
ROWS_FULL = 1
IDS_FULL = 2
CELLS_FULL = 3
ARENA_FULL = 4
