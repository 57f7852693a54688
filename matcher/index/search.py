"""The index of listings: exact answers about counterparts and neighbours."""

import struct
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from matcher.columns import ListingColumns, country_number, country_text
from matcher.errors import check_int64, check_whole
from matcher.index import answers, building, layout, nearby, question, reading, scan, snapshot
from matcher.index.arrays import Memory
from matcher.index.bulk_answers import RankedAll, rank_all
from matcher.index.entries import cell_at, center
from matcher.index.explaining import explained
from matcher.index.store import Store
from matcher.listing import (
    DEFAULT_WEIGHTS,
    LARGEST_RADIUS_M,
    Listing,
    Match,
    Query,
    QueryError,
    Weights,
    check_languages,
)
from matcher.place import Place
from matcher.ranking import MOST_URGENT
from matcher.taxonomy import CATEGORY_CAPACITY, Kind, Reach, Side, Taxonomy, Urgency

Ints = NDArray[np.int64]

_ENTRY = struct.Struct("<qiIIIddBBB5sq")
_MOST_K = 2**31
_INT64 = 2**63
_rank_stored = answers.rank_stored


class ListingNotHeld(LookupError):
    """The index holds no listing of this id."""

    def __init__(self, listing_id: int) -> None:
        super().__init__(f"the index holds no listing {listing_id}")
        #: The id that was asked for.
        self.listing_id = listing_id


class Index:
    """Listings in memory, and exact answers about them. Not safe for several threads at once."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._store = Store(taxonomy)
        self._prepare()

    def _prepare(self) -> None:
        self._question = Memory(question.QUESTION_BYTES)
        self._fields = self._question.view(question.QUESTION_BYTES)
        self._entry = Memory(layout.ENTRY_BYTES)
        self._wanted = Memory(8 * nearby.WANTED_WORDS)
        self._filtered = False
        self._desk = Memory(8 * 5)
        self._desk_address: int = self._desk.address
        self._weigh(DEFAULT_WEIGHTS)
        self._make_room(32)

    def _make_room(self, k: int) -> None:
        """Scratch and results for k matches."""
        self._room = k
        self._scratch = Memory(scan.HEAP + scan.heap_bytes(k))
        self._results = np.zeros(3 * k, dtype=np.int64)
        self._out: int = self._results.ctypes.data
        self._desk.view(40).view(np.int64)[:] = (*self._addresses(), self._out)

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, listing_id: object) -> bool:
        return isinstance(listing_id, int) and self._read(listing_id)

    @property
    def taxonomy(self) -> Taxonomy:
        """The categories and affinities by which it ranks."""
        return self._store.taxonomy

    @property
    def memory_bytes(self) -> int:
        """Memory of all that grows with the listings."""
        return self._store.nbytes

    def save(self, stream: BinaryIO, mark: str) -> None:
        """Write a snapshot: with a version, a checksum, and `mark`, which `load` gives back."""
        snapshot.save(self._store, stream, mark)

    @classmethod
    def load(cls, stream: BinaryIO, taxonomy: Taxonomy) -> tuple["Index", str]:
        """The index of a snapshot and its mark.

        Raises SnapshotError when the snapshot is damaged, foreign, or of another version or
        taxonomy.
        """
        index = cls.__new__(cls)
        index._store, mark = snapshot.load(stream, taxonomy)
        index._prepare()
        return index, mark

    # --- changes ---------------------------------------------------------------------------------

    def upsert(self, listing: Listing) -> None:
        """Put in a listing, or replace the one of the same id.

        Raises UnknownCategory when the taxonomy lacks one of its categories, LanguagesFull beyond
        192 different language codes; the index is then unchanged.
        """
        self._store.upsert(listing)

    def upsert_many(self, listings: Iterable[Listing]) -> None:
        """Put in or replace many; when one is refused, as by `upsert`, none is put in."""
        self.upsert_columns(ListingColumns.of(listings))

    def upsert_columns(self, columns: ListingColumns) -> None:
        """Put in or replace many that come as columns; the last of those with one id counts."""
        building.upsert_columns(self._store, columns)

    def remove(self, listing_id: int) -> bool:
        """Take out a listing; False, and no change, when there is none of this id."""
        return -_INT64 <= listing_id < _INT64 and self._store.remove(listing_id)

    def get(self, listing_id: int) -> Listing | None:
        """The listing of this id, its categories ascending, or None."""
        if not self._read(listing_id):
            return None
        row = _ENTRY.unpack_from(self._entry.view(layout.ENTRY_BYTES).data)
        number, owner, starts, ends, trait, phi, lambda_, precision, flags, count, codes, _ = row
        radius_m, languages, country, kind, reach = self._store.traits_of(trait)
        return Listing(
            id=number,
            kind=Kind(kind),
            categories=tuple(codes[:count]),
            urgency=Urgency(flags & layout.FLAG_URGENCY),
            cell=cell_at(phi, lambda_, precision),
            reach=Reach(reach),
            radius_m=radius_m,
            country=country_text(country),
            languages=self._store.languages.sets[languages],
            starts=self._store.times.time(starts),
            ends=self._store.times.time(ends),
            owner=self._store.owners.owner(owner),
        )

    def _read(self, listing_id: int) -> bool:
        if not -_INT64 <= listing_id < _INT64:
            return False
        address, entry = self._store.address, self._entry.address
        return bool(reading.read(address, self._question.address, listing_id, entry))

    # --- counterparts ----------------------------------------------------------------------------

    def top_k(self, query: Query) -> list[Match]:
        """The counterparts of the query's listing, by score descending, then id ascending.

        At most k of them. Empty for a listing that takes no side or has ended. The listing need
        not be in the index. Raises UnknownCategory.
        """
        self._ask(query)
        count = answers.rank_question(*self._addresses(), self._out)
        return self._matches(query, count)

    def ranked(self, query: Query) -> tuple[Ints, Ints]:
        """Ids and scores, in millionths, of `top_k`, without the reasons: int64 [n] each."""
        self._ask(query)
        return self._pair(answers.rank_question(*self._addresses(), self._out), self._k(query.k))

    def ranked_for(
        self,
        listing_id: int,
        now: int,
        k: int = 20,
        weights: Weights = DEFAULT_WEIGHTS,
        kinds: Collection[Kind] | None = None,
        languages: Collection[str] | None = None,
    ) -> tuple[Ints, Ints]:
        """`ranked` for a listing that the index holds; the quickest question.

        `now` is in epoch seconds. Raises ListingNotHeld and QueryError.
        """
        if not (type(now) is int and -_INT64 <= now < _INT64):
            check_int64(QueryError, "now", now)
        if not (type(k) is int and 1 <= k <= _MOST_K):
            check_whole(QueryError, "k", k, 1, _MOST_K)
        if not -_INT64 <= listing_id < _INT64:
            raise ListingNotHeld(listing_id)
        if kinds or languages or self._filtered:
            self._filter(kinds, languages)
        if weights is not self._weights:
            self._weigh(weights)
        if k > self._room:
            k = self._k(k)
        count = _rank_stored(self._desk_address, listing_id, now, k)
        if count < 0:
            raise ListingNotHeld(listing_id)
        found = self._results[: 2 * count].copy()
        return found[:count], found[count:]

    def ranked_all(
        self,
        side: Side | None,
        now: int,
        k: int = 20,
        weights: Weights = DEFAULT_WEIGHTS,
        threads: int = 1,
    ) -> RankedAll:
        """`ranked` for every listing of a side, or of both, that has not ended at `now`.

        By several threads at once. Nothing may be put in or taken out meanwhile.
        """
        check_int64(QueryError, "now", now)
        check_whole(QueryError, "k", k, 1, _MOST_K)
        check_whole(QueryError, "threads", threads, 1, 1024)
        return rank_all(self._store, side, now, k, weights, threads)

    def top_k_all(
        self, side: Side, now: int, k: int = 20, weights: Weights = DEFAULT_WEIGHTS
    ) -> Iterator[tuple[int, list[Match]]]:
        """(id, matches) for every listing of the side that has not ended, ids ascending.

        Listings without a counterpart come with an empty list. Nothing may be put in or taken
        out while the iterator is in use.
        """
        check_int64(QueryError, "now", now)
        entries = building.all_entries(self._store)
        sides = entries["flags"] >> np.uint8(layout.FLAG_SIDE_SHIFT)
        for listing_id in np.sort(entries["id"][sides == side]).tolist():
            listing = self.get(listing_id)
            if listing is not None and listing.ends > now:
                yield listing_id, self.top_k(Query(listing, now, k, weights))

    # --- neighbours ------------------------------------------------------------------------------

    def nearest_beyond(self, query: Query, k: int) -> list[Match]:
        """The k nearest local counterparts that fail the rule of distance and no other.

        By distance, then id, both ascending; `beyond` is set on each. Empty when the listing is
        remote, takes no side or has ended. Raises UnknownCategory.
        """
        check_whole(QueryError, "k", k, 1, _MOST_K)
        self._ask(query)
        if query.listing.remote or query.listing.side is Side.NONE:
            return []
        if query.listing.ends <= query.now:
            return []
        self._fields.view(np.int64)[question.K // 8] = self._k(k)
        count = nearby.nearest_beyond(*self._addresses(), self._out)
        return self._matches(query, count, self._k(k), beyond=True)

    def within(
        self,
        cell: int,
        radius_m: int,
        now: int,
        kinds: Collection[Kind] | None = None,
        categories: Collection[int] | None = None,
        least_urgency: int = Urgency.STANDING,
        languages: Collection[str] | None = None,
    ) -> list[tuple[int, int]]:
        """(id, distance_m) of the listings whose cell's centre lies within radius_m of `cell`'s.

        By distance, then id, both ascending. Takes every kind, and remote listings that have a
        cell; their own radius is ignored. `now` is in epoch seconds: what has ended is left out.
        A filter that is None or empty lets everything pass. Raises PlaceError and QueryError.
        """
        check_int64(QueryError, "now", now)
        check_whole(QueryError, "radius_m", radius_m, 0, LARGEST_RADIUS_M)
        check_whole(QueryError, "least_urgency", least_urgency, 0, MOST_URGENT)
        for category in categories or ():
            check_whole(QueryError, "categories", category, 0, CATEGORY_CAPACITY - 1)
        self._filter(kinds, languages)
        mask = sum(1 << category for category in set(categories or ()))
        wanted = self._wanted.view(8 * nearby.WANTED_WORDS).view(np.uint64)
        wanted[:4] = [mask >> 64 * word & (2**64 - 1) for word in range(4)]
        wanted[nearby.LEAST_URGENCY // 8] = least_urgency
        fields = self._fields.view(np.int64)
        fields[question.NOW // 8], fields[question.RADIUS // 8] = now, radius_m
        question.set_place(self._question.address, *center(Place(cell).cell))
        found = self._pairs_within(256)
        order = np.lexsort((found[:, 0], found[:, 1]))
        return [(pair[0], pair[1]) for pair in found[order].tolist()]

    def _pairs_within(self, room: int) -> Ints:
        """[n, 2] ids and metres, in no order."""
        remote = self._store.pools.every
        while True:
            pairs = np.zeros((room, 2), dtype=np.int64)
            words, _, asked, scratch = self._addresses()
            at_remote, count = remote.ctypes.data, len(remote)
            wanted, out = self._wanted.address, pairs.ctypes.data
            found = nearby.find_within(words, asked, scratch, wanted, at_remote, count, out, room)
            if found <= room:
                return pairs[:found]
            room = int(found)

    # --- questions -------------------------------------------------------------------------------

    def _addresses(self) -> tuple[int, int, int, int]:
        store = self._store
        return store.address, store.pools.address, self._question.address, self._scratch.address

    def _k(self, k: int) -> int:
        """As many as are wanted and can be; there is room for them."""
        if k > self._room:
            k = min(k, max(len(self), 32))
            if k > self._room:
                self._make_room(k)
        return k

    def _pair(self, count: int, k: int) -> tuple[Ints, Ints]:
        return self._results[:count].copy(), self._results[k : k + count].copy()

    def _filter(self, kinds: Collection[Kind] | None, languages: Collection[str] | None) -> None:
        """Set the filters of the next question."""
        if kinds and not all(isinstance(kind, Kind) for kind in kinds):
            raise QueryError("kinds", "a set of kinds")
        if languages:
            check_languages(QueryError, frozenset(languages))
        self._filtered = bool(kinds or languages)
        words = self._fields.view(np.uint64)
        words[question.KINDS // 8] = sum(1 << kind for kind in set(kinds or ()))
        at = question.ASKED_LANGUAGES // 8
        words[at : at + 3] = self._store.languages.bits.asked(languages or ())
        words[question.LANGUAGES_ASKED // 8] = bool(languages)

    def _weigh(self, weights: Weights) -> None:
        """Set the weights of the next question."""
        self._weights = weights
        at = question.WEIGHT_DISTANCE // 8
        shares = (weights.distance, weights.affinity, weights.urgency, weights.scale_m)
        self._fields.view(np.float64)[at : at + 4] = shares

    def _ask(self, query: Query) -> None:
        """Fill in the question. Raises UnknownCategory."""
        listing, weights, store = query.listing, query.weights, self._store
        store.check_categories(listing.categories)
        self._filter(query.kinds, query.languages)
        side = listing.side
        asks = side is Side.ASK
        fields, bits = self._fields.view(np.int64), self._fields.view(np.uint64)
        values = (
            (question.ID, listing.id),
            (question.OWNER, store.owners.known(listing.owner)),
            (question.STARTS, listing.starts),
            (question.ENDS, listing.ends),
            (question.RADIUS, listing.radius_m),
            (question.SIDE, question.NO_SIDE if side is Side.NONE else int(asks)),
            (question.URGENCY, listing.urgency if asks else -1),
            (question.REACH, listing.reach),
            (question.COUNTRY, country_number(listing.country)),
            (question.COUNT, len(listing.categories)),
            (question.NOW, query.now),
            (question.K, self._k(query.k)),
        )
        for at, value in values:
            fields[at // 8] = value
        at = question.SPOKEN // 8
        bits[at : at + 3] = store.languages.bits.asked(listing.languages)
        at = question.CATEGORIES
        self._fields[at : at + len(listing.categories)] = sorted(listing.categories)
        self._weigh(weights)
        question.set_place(self._question.address, *center(listing.cell))
        question.set_kin(store.address, self._question.address)

    def _matches(
        self, query: Query, count: int, k: int | None = None, beyond: bool = False
    ) -> list[Match]:
        """The results as matches; each word of meaning is taken apart."""
        k = k or self._k(query.k)
        ids = self._results[:count].tolist()
        scores = self._results[k : k + count].tolist()
        meanings = self._results[2 * k : 2 * k + count].tolist()
        rows = zip(ids, scores, meanings, strict=True)
        return [explained(self.taxonomy, query, *row, beyond=beyond) for row in rows]
