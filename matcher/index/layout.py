"""Where everything lies in memory: the words of an index, and the bytes of its parts.

All kernels of the index take the address of its words (int64 each); some of these are addresses of
the other arrays. Leaves are blocks of bytes in one arena, so that what a question reads of a leaf
lies together. docs/engine.md draws them.
"""

# --- the words of an index
_WORD = 8
ARENA = 0 * _WORD  # address of the blocks of the leaves
ARENA_USED = 1 * _WORD  # in units
ARENA_UNITS = 2 * _WORD
NODES = 3 * _WORD  # address of the inner nodes
NODES_USED = 4 * _WORD
NODES_MOST = 5 * _WORD
LEAVES = 6 * _WORD  # address of uint32: leaf number -> first unit of its block
LEAVES_USED = 7 * _WORD
LEAVES_MOST = 8 * _WORD
ROOT = 9 * _WORD  # reference to a node or a leaf
IDS = 10 * _WORD  # address of the table from ids to rows
IDS_SLOTS = 11 * _WORD
ROWS = 12 * _WORD  # how many listings there are
TRAITS = 13 * _WORD  # address of the different traits
TRAITS_USED = 14 * _WORD
TRAITS_MOST = 15 * _WORD
TRAIT_SLOTS = 16 * _WORD  # address of the table from traits to their number
TRAIT_SLOT_MASK = 17 * _WORD
LANGUAGES = 18 * _WORD  # address of [n, 3] words of bits, one a set of languages
TIMES = 19 * _WORD  # address of the times that fit in no 32 bits
FREE = 20 * _WORD  # address of uint32 [BLOCK_UNITS + 1]: first free block of each size
KIN_STARTS = 21 * _WORD  # address of int32 [257]: where the kin of a category begin
KIN = 22 * _WORD  # address of uint8: kin of all categories, affinity descending
KIN_AFFINITY = 23 * _WORD  # address of float64: their affinities
AFFINITY = 24 * _WORD  # address of float64 [256, 256]
GREATEST_ID = 25 * _WORD  # no listing has a greater one: most new ones need no looking up
WORDS = 32

# --- an inner node: 64 bytes, two children
NODE_BYTES = 64
NODE_BOX = 0  # of child c at 16·c: float32 least and greatest phi, least and greatest lambda
NODE_COSINE = 32  # of child c at 4·c: float32, at most the cosine of any latitude in the box
NODE_CHILD = 40  # of child c at 4·c: uint32 reference
NODE_SPLIT = 48  # float64: up to it the first child; for BY_ID the number of a bit
NODE_AXIS = 56  # int32
BY_PHI, BY_LAMBDA, BY_ID = 0, 1, 2
#: Set in a reference to a leaf.
LEAF_BIT = 1 << 31

# --- a block: the header, then its parts
UNIT = 64
LEAF_ROWS = 256
#: A row belongs to at most five groups.
LEAF_POSTINGS = 5 * LEAF_ROWS
#: More than any block needs.
BLOCK_UNITS = 240

BLOCK_ROWS = 0  # uint16 each: how many there are,
BLOCK_CELLS = 2
BLOCK_GROUPS = 4
BLOCK_POSTINGS = 6
BLOCK_ROOM_ROWS = 8  # how many fit,
BLOCK_ROOM_CELLS = 10
BLOCK_ROOM_GROUPS = 12
BLOCK_ROOM_POSTINGS = 14
BLOCK_SIZE = 16  # in units
BLOCK_ASKING = 18  # how many groups are of those who ask
BLOCK_AT_POSTINGS = 20  # and at which byte the parts begin
BLOCK_AT_FLAGS = 22
BLOCK_AT_PRECISION = 24
BLOCK_AT_CELLS = 26
BLOCK_AT_ROWS = 28
BLOCK_AT_HIGHS = 30  # int32 each: upper words of the ids; 0 when all are BLOCK_HIGH
#: 256 bits a side: which categories have a group.
BLOCK_BITS = 32
BLOCK_HIGH = 96  # int32: upper word of all ids
BLOCK_REMOVED = 100  # uint16: rows taken out since it was packed
#: uint16 each: where the postings of a group begin; one more ends the last.
BLOCK_STARTS = 102

# A posting is a uint16: the row below, its cell above. Postings of a group stand by urgency
# descending. Flags of a row: urgency in the two lowest bits, above them whether it belongs to
# several groups, above that its side. Rows without a side stand in groups of those who give.
FLAG_URGENCY = 3
FLAG_SEVERAL = 4
FLAG_SIDE_SHIFT = 3
ASKS, GIVES = 0, 1  # sides of groups
ASKING_FLAG, GIVING_FLAG = 1, 2  # sides of flags, as in taxonomy.Side

CELL_BYTES = 16  # float64 phi, lambda in radians
#: Precision of what has no cell.
NO_CELL = 255

ROW_BYTES = 20
ROW_LOW = 0  # uint32, lower word of the id
ROW_OWNER = 4  # int32, see owner codes
ROW_STARTS = 8  # uint32, see time codes
ROW_ENDS = 12  # uint32
ROW_TRAITS = 16  # uint32

# --- an entry: a listing outside of any leaf
ENTRY_BYTES = 56
ENTRY_ID = 0  # int64
ENTRY_OWNER = 8  # int32; from here on as in a row, 16 bytes
ENTRY_STARTS = 12  # uint32
ENTRY_ENDS = 16  # uint32
ENTRY_TRAITS = 20  # uint32
ENTRY_PHI = 24  # float64
ENTRY_LAMBDA = 32  # float64
ENTRY_PRECISION = 40  # uint8, resolution of the cell or NO_CELL
ENTRY_FLAGS = 41  # uint8
ENTRY_COUNT = 42  # uint8, how many categories
ENTRY_CATEGORIES = 43  # five bytes
ENTRY_POOL = 48  # int64, the leaf it goes to, -1 for that of its place; before, its pool

# --- traits: what many listings share
TRAIT_BYTES = 12
TRAIT_RADIUS = 0  # uint32, metres
TRAIT_LANGUAGES = 4  # uint32, number of the set
TRAIT_COUNTRY = 8  # uint16
TRAIT_KIND = 10  # uint8
TRAIT_REACH = 11  # uint8

# --- codes
#: Times from this code on are positions in the list of odd times.
ODD_TIME = (1 << 32) - (1 << 24)
#: Owners are their own code within ±this; beyond, positions in the list of odd owners follow.
ODD_OWNER = 1 << 30

# --- the table of ids: uint32, (leaf << 8 | row) + 1 above, some bits of the hash below
TAG_BITS = 6
MOST_LEAVES = (1 << (32 - TAG_BITS - 8)) - 2

# --- what a kernel reports
DONE = 0
MORE_ROOM = 1  # arrays must grow first; nothing was changed
TOO_DEEP = 2  # done, and the tree should be built anew
