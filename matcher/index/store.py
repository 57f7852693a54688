"""The store of an index: owner of all arrays that the kernels work on."""

import struct

import numpy as np

from matcher.columns import country_number
from matcher.index import building, changes, ids, layout
from matcher.index.arrays import Memory
from matcher.index.blocks import LOOSE_BYTES
from matcher.index.codes import LanguageSets, OwnerCodes, TimeCodes
from matcher.index.entries import center
from matcher.index.kin import Kin
from matcher.index.pools import TREE, Pools, pool_of
from matcher.index.traits import enter_traits, number_traits
from matcher.listing import Listing
from matcher.taxonomy import Taxonomy, UnknownCategory, side_of

_ENTRY = struct.Struct("<qiIIIddBBB5sq")
_TRAIT = struct.Struct("<IIHBB")
_FREE_BYTES = 4 * (layout.BLOCK_UNITS + 1)
_ROOM_UNITS = 3 * layout.BLOCK_UNITS


class Store:
    """All listings in memory. Kernels get the address of `words`, where all else is found."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.kin = Kin(taxonomy)
        self._words_memory = Memory(8 * layout.WORDS)
        self.words = self._words_memory.view(8 * layout.WORDS).view(np.int64)
        #: What every kernel takes first.
        self.address: int = self._words_memory.address
        self.scratch = Memory(LOOSE_BYTES)
        self._entry = Memory(layout.ENTRY_BYTES)
        self._entry_bytes = self._entry.view(layout.ENTRY_BYTES).data
        self.owners = OwnerCodes()
        self.times = TimeCodes(self.words)
        self.languages = LanguageSets()
        self.free = Memory(_FREE_BYTES)
        self.set_word(layout.FREE, self.free.address)
        self.kin.publish(self.words)
        self.pools = Pools()
        self.traits, self.trait_slots, self.ids = Memory(0), Memory(0), Memory(0)
        self.make_room_for_traits(32)
        building.build(self, building.no_entries())

    # --- words -----------------------------------------------------------------------------------

    def get_word(self, word: int) -> int:
        """The value of a word of layout."""
        return int(self.words[word // 8])

    def set_word(self, word: int, value: int) -> None:
        """Set a word of layout."""
        self.words[word // 8] = value

    def __len__(self) -> int:
        return self.get_word(layout.ROWS)

    @property
    def nbytes(self) -> int:
        """Memory of everything that grows with the listings."""
        held = (self.arena, self.nodes, self.leaves, self.ids, self.traits, self.trait_slots)
        odd = 8 * (len(self.owners.odd) + len(self.times.odd))
        return sum(memory.nbytes for memory in held) + self.languages.nbytes + odd

    # --- arrays ----------------------------------------------------------------------------------

    def reset(self, arena: int, leaves: int) -> None:
        """Drop all listings and leaves; room for so many bytes of blocks and so many leaves."""
        self.pools.clear()
        self.arena = Memory(arena + 2 * layout.UNIT * _ROOM_UNITS)
        self.nodes = Memory(layout.NODE_BYTES * leaves)
        self.leaves = Memory(4 * leaves)
        self.free.view(_FREE_BYTES)[:] = 0
        for word in (layout.NODES_USED, layout.LEAVES_USED, layout.ROWS):
            self.set_word(word, 0)
        # Unit 0 stands for no block.
        self.set_word(layout.ARENA_USED, 1)
        self.publish()

    def trim(self) -> None:
        """Give back what building left over, but for some room."""
        used = layout.UNIT * self.get_word(layout.ARENA_USED)
        self.arena.cut(min(used, len(self.arena)))
        nodes = layout.NODE_BYTES * (self.get_word(layout.NODES_USED) + 16)
        self.nodes.cut(min(nodes, len(self.nodes)))
        self.leaves.cut(min(4 * (self.get_word(layout.LEAVES_USED) + 16), len(self.leaves)))
        used = self.get_word(layout.TRAITS_USED)
        most = min(used + used // 8 + 16, self.get_word(layout.TRAITS_MOST))
        self.traits.cut(layout.TRAIT_BYTES * most)
        self.set_word(layout.TRAITS_MOST, most)
        self.publish()

    def publish(self) -> None:
        """Tell the kernels where the arrays of the leaves are now."""
        self.set_word(layout.ARENA, self.arena.address)
        self.set_word(layout.ARENA_UNITS, len(self.arena) // layout.UNIT)
        self.set_word(layout.NODES, self.nodes.address)
        self.set_word(layout.NODES_MOST, len(self.nodes) // layout.NODE_BYTES)
        self.set_word(layout.LEAVES, self.leaves.address)
        self.set_word(layout.LEAVES_MOST, len(self.leaves) // 4)
        self.set_word(layout.LANGUAGES, self.languages.address)
        self.set_word(layout.IDS, self.ids.address)
        self.set_word(layout.TRAITS, self.traits.address)
        self.set_word(layout.TRAIT_SLOTS, self.trait_slots.address)
        self.set_word(layout.TRAIT_SLOT_MASK, len(self.trait_slots) // 4 - 1)

    def size_ids(self, expected: int) -> None:
        """A table of ids for this many, filled with those that there are."""
        slots = max(expected, len(self)) * 12 // 11 + 64
        self.ids = Memory(4 * slots)
        self.set_word(layout.IDS, self.ids.address)
        self.set_word(layout.IDS_SLOTS, slots)
        if self.get_word(layout.LEAVES_USED):
            ids.enter_all(self.address)

    def arena_is_short(self) -> bool:
        """Whether a change may need more room for blocks than there is."""
        used = layout.UNIT * self.get_word(layout.ARENA_USED)
        return used + layout.UNIT * _ROOM_UNITS > len(self.arena)

    def grow_arena(self) -> None:
        """Make room for an eighth more blocks."""
        used = layout.UNIT * self.get_word(layout.ARENA_USED)
        self.arena.enlarge(used + used // 8 + 4 * layout.UNIT * _ROOM_UNITS)
        self.publish()

    def grow(self) -> None:
        """Make room for more listings, an eighth more of what is short."""
        if self.arena_is_short():
            self.grow_arena()
        leaves = self.get_word(layout.LEAVES_USED)
        if leaves + 2 >= layout.MOST_LEAVES:
            raise OverflowError("an index holds at most 262,142 leaves")
        if leaves + 2 >= len(self.leaves) // 4:
            self.leaves = self.leaves.resized(4 * (leaves + leaves // 8 + 64), 4 * leaves)
        nodes = layout.NODE_BYTES * self.get_word(layout.NODES_USED)
        if nodes + 2 * layout.NODE_BYTES >= len(self.nodes):
            self.nodes = self.nodes.resized(nodes + nodes // 8 + 64 * layout.NODE_BYTES, nodes)
        self.publish()
        if 17 * (len(self) + 2) >= 16 * self.get_word(layout.IDS_SLOTS):
            self.size_ids(len(self) + len(self) // 4)

    def make_room_for_traits(self, most: int) -> None:
        """Tables for at least so many traits: at most seven of eight slots are in use."""
        used = layout.TRAIT_BYTES * self.get_word(layout.TRAITS_USED)
        slots = 64
        while 7 * slots < 8 * most:
            slots *= 2
        most = 7 * slots // 8
        self.traits = self.traits.resized(layout.TRAIT_BYTES * most, used)
        self.trait_slots = Memory(4 * slots)
        self.set_word(layout.TRAITS, self.traits.address)
        self.set_word(layout.TRAITS_MOST, most)
        self.set_word(layout.TRAIT_SLOTS, self.trait_slots.address)
        self.set_word(layout.TRAIT_SLOT_MASK, slots - 1)
        enter_traits(self.address)

    # --- changes ---------------------------------------------------------------------------------

    def check_categories(self, categories: tuple[int, ...]) -> None:
        """Raise UnknownCategory when the taxonomy lacks one."""
        for category in categories:
            if category not in self.taxonomy:
                raise UnknownCategory(category)

    def language_set(self, languages: frozenset[str]) -> int:
        """Number of a set of languages. Raises LanguagesFull."""
        number = self.languages.number(languages)
        self.set_word(layout.LANGUAGES, self.languages.address)
        return number

    def trait(self, radius_m: int, languages: int, country: int, kind: int, reach: int) -> int:
        """Number of these traits."""
        while True:
            number = number_traits(self.address, radius_m, languages, country, kind, reach)
            if number >= 0:
                return int(number)
            self.make_room_for_traits(2 * self.get_word(layout.TRAITS_MOST))

    def traits_of(self, number: int) -> tuple[int, int, int, int, int]:
        """Radius in metres, number of the languages, country, kind and reach of traits."""
        at = layout.TRAIT_BYTES * number
        fields = _TRAIT.unpack_from(self.traits.view(at + layout.TRAIT_BYTES).data, at)
        radius_m, languages, country, kind, reach = fields
        return radius_m, languages, country, kind, reach

    def upsert(self, listing: Listing) -> None:
        """Put in a listing, or replace the one of the same id; refused ones change nothing."""
        self.check_categories(listing.categories)
        languages = self.language_set(listing.languages)
        country = country_number(listing.country)
        owner, starts, ends = (
            self.owners.code(listing.owner),
            self.times.code(listing.starts),
            self.times.code(listing.ends),
        )
        side = side_of(listing.kind)
        # Members of an enumeration are slow to hand to compiled code.
        kind, reach = int(listing.kind), int(listing.reach)
        trait = self.trait(listing.radius_m, languages, country, kind, reach)
        phi, lambda_, precision = center(listing.cell)
        categories = listing.categories
        several = layout.FLAG_SEVERAL if len(categories) > 1 else 0
        flags = listing.urgency | several | side << layout.FLAG_SIDE_SHIFT
        self.remove(listing.id)
        pool = pool_of(side, reach, country)
        leaf = -1 if pool == TREE else self.leaf_of_pool(pool)
        entry = (listing.id, owner, starts, ends, trait, phi, lambda_, precision, flags)
        row = (*entry, len(categories), bytes(sorted(categories)), leaf)
        _ENTRY.pack_into(self._entry_bytes, 0, *row)
        self.insert(self._entry.address)

    def insert(self, entry: int) -> None:
        """Put in the entry at an address; its id must not be there."""
        while True:
            status = changes.insert(self.address, self.scratch.address, entry)
            if status != layout.MORE_ROOM:
                break
            self.grow()
        if status == layout.TOO_DEEP:
            building.rebuild(self)

    def leaf_of_pool(self, pool: int) -> int:
        """A leaf of the pool with room for one more."""
        while True:
            leaf = self.pools.roomy(pool)
            if leaf is None:
                while not changes.room_for_change(self.address):
                    self.grow()
                leaf = int(changes.new_leaf(self.address, self.scratch.address))
                self.pools.add(pool, leaf)
            if changes.rows_of(self.address, leaf) < layout.LEAF_ROWS:
                return leaf
            self.pools.filled(pool, leaf)

    def remove(self, listing_id: int) -> bool:
        """Take out a listing; False when there was none of this id."""
        leaf = changes.remove(self.address, listing_id)
        if leaf >= 0:
            self.pools.emptied(int(leaf))
        return bool(leaf >= 0)
