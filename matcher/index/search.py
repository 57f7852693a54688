"""The index of listings and the questions it answers."""

import math
from collections.abc import Collection, Iterable, Iterator

import numpy as np

from matcher.errors import check_int64, check_whole
from matcher.index import filters
from matcher.index.selection import NO_DISTANCE, Found, matches, smallest, top
from matcher.index.store import Store
from matcher.listing import (
    DEFAULT_WEIGHTS,
    LARGEST_RADIUS_M,
    Listing,
    Match,
    Query,
    QueryError,
    Weights,
)
from matcher.place import Place
from matcher.ranking import MOST_URGENT
from matcher.rows import NO_ROWS, Rows
from matcher.sphere import HALF_CIRCUMFERENCE_M, Ints, distances_m
from matcher.taxonomy import CATEGORY_CAPACITY, Kind, Reach, Side, Taxonomy, Urgency

# First look for what lies beyond the radius, in metres; it widens fourfold.
_FIRST_LOOK_M = 50_000.0


class Index:
    """Listings in memory, and exact answers about them.

    Answers equal what `matcher.ranking.explain` says of each pair. Not safe for use by several
    threads at once.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._store = Store(taxonomy)

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, listing_id: object) -> bool:
        return listing_id in self._store

    def get(self, listing_id: int) -> Listing | None:
        """The listing of this id (its categories ascending), or None."""
        return self._store.get(listing_id)

    def upsert(self, listing: Listing) -> None:
        """Put in a listing, or replace the one of the same id.

        Raises UnknownCategory for a category outside the taxonomy, and LanguagesFull beyond 192
        different language codes; the index is then unchanged.
        """
        self._store.upsert(listing)

    def upsert_many(self, listings: Iterable[Listing]) -> None:
        """Put in several listings in turn; after an error those before it stay in."""
        for listing in listings:
            self._store.upsert(listing)

    def remove(self, listing_id: int) -> bool:
        """Take out a listing; False, and no change, when there is none of this id."""
        return self._store.remove(listing_id)

    def top_k(self, query: Query) -> list[Match]:
        """The best `query.k` counterparts, by score descending, then id ascending.

        Empty when the listing takes no side or has ended. Raises UnknownCategory.
        """
        if not self._answerable(query):
            return []
        store = self._store
        remote = filters.compatible(store, query, self._remote_rows(query))
        rows, distance_m = remote, np.full(len(remote), NO_DISTANCE, dtype=np.int64)
        if not query.listing.remote:
            near, near_m = self._local(query, query.listing.radius_m)
            within = near_m <= np.minimum(store.columns.radius_m[near], query.listing.radius_m)
            rows = np.concatenate((near[within], rows))
            distance_m = np.concatenate((near_m[within], distance_m))
        found = Found.of(store, query, rows, distance_m)
        return matches(store, query, found.take(top(found.score, found.id, query.k)))

    def top_k_all(
        self, side: Side, now: int, k: int = 20, weights: Weights = DEFAULT_WEIGHTS
    ) -> Iterator[tuple[int, list[Match]]]:
        """(id, matches) for every listing of the side that has not ended, ids ascending.

        Listings without a counterpart come with an empty list. Nothing may be put in or taken
        out while the iterator is in use.
        """
        for listing_id in self._store.open_ids(side, now):
            listing = self._store.get(listing_id)
            if listing is not None:
                yield listing_id, self.top_k(Query(listing, now, k, weights))

    def nearest_beyond(self, query: Query, k: int) -> list[Match]:
        """The k nearest local counterparts that fail the rule of distance and no other.

        By distance, then id, both ascending; `beyond` is set on each. Empty when the listing is
        remote, takes no side or has ended. Raises UnknownCategory.
        """
        check_whole(QueryError, "k", k, 1, 2**31)
        if query.listing.remote or not self._answerable(query):
            return []
        columns, radius_m = self._store.columns, query.listing.radius_m
        look_m = max(_FIRST_LOOK_M, 2.0 * radius_m)
        while True:
            rows, distance_m = self._local(query, look_m)
            # What lies beyond the look is not complete, so none of it may be kept.
            outside = distance_m > np.minimum(columns.radius_m[rows], radius_m)
            outside &= distance_m <= look_m
            if outside.sum() >= k or look_m > HALF_CIRCUMFERENCE_M + 1:
                break
            look_m *= 4
        found = Found.of(self._store, query, rows[outside], distance_m[outside])
        nearest = found.take(smallest(found.distance_m, found.id, k))
        return matches(self._store, query, nearest, beyond=True)

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
        store = self._store
        phi, lambda_ = (math.radians(degrees) for degrees in Place(cell).center)
        rows = store.placed_near(phi, lambda_, radius_m)
        rows = rows[
            (store.columns.ends[rows] > now) & (store.columns.urgency[rows] >= least_urgency)
        ]
        rows = filters.of_kinds(store, kinds, rows)
        rows = filters.of_categories(store, categories, rows)
        rows = filters.speaking(store, languages, rows)
        distance_m = distances_m(phi, lambda_, store.columns.phi[rows], store.columns.lambda_[rows])
        near = distance_m <= radius_m
        ids, distance_m = store.columns.id[rows[near]], distance_m[near]
        order = np.lexsort((ids, distance_m))
        return list(zip(ids[order].tolist(), distance_m[order].tolist(), strict=True))

    def _answerable(self, query: Query) -> bool:
        """Whether the listing of the query can have counterparts at all."""
        listing = query.listing
        self._store.check_categories(listing)
        return listing.side is not Side.NONE and listing.ends > query.now

    def _local(self, query: Query, limit_m: float) -> tuple[Rows, Ints]:
        """Local counterparts by every rule but that of distance, and their distances.

        Complete up to limit_m, with some that are farther.
        """
        store, listing = self._store, query.listing
        lat, lng = Place(listing.cell or 0).center
        phi, lambda_ = math.radians(lat), math.radians(lng)
        rows = store.local_near(listing.side.opposite, phi, lambda_, limit_m)
        rows = filters.compatible(store, query, rows)
        return rows, distances_m(phi, lambda_, store.columns.phi[rows], store.columns.lambda_[rows])

    def _remote_rows(self, query: Query) -> Rows:
        """Rows of the other side that make a remote pair with the listing, countries agreeing."""
        listing = query.listing
        reaches = list(Reach) if listing.remote else [r for r in Reach if r is not Reach.LOCAL]
        sets = []
        for reach in reaches:
            if Reach.COUNTRY in (reach, listing.reach):
                country = listing.country
                if country:
                    sets.append(self._store.pooled(listing.side.opposite, reach, country))
            else:
                sets.append(self._store.pooled(listing.side.opposite, reach))
        return np.concatenate(sets) if sets else NO_ROWS
