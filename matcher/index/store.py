"""The store of an index: columns, and the sets of rows that a question starts from."""

import numpy as np

from matcher.index.columns import Columns, country_number
from matcher.languages import LanguageBits
from matcher.listing import Listing
from matcher.rows import Leaves, Rows, RowSet, ancestor, join
from matcher.sphere import unit_vector
from matcher.taxonomy import Reach, Side, Taxonomy, UnknownCategory

#: Leaves are the H3 cells of this resolution, 26 km a side.
LEAF_RESOLUTION = 4


class Store:
    """All listings, by id, around a point, and by reach and country."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.columns = Columns()
        self.bits = LanguageBits()
        self._row_of: dict[int, int] = {}
        #: Listings that have a cell, by side and by whether they are remote.
        self._leaves = {(side, remote): Leaves() for side in Side for remote in (False, True)}
        #: All listings, by side and reach, then by number of the country.
        self._pools: dict[tuple[Side, Reach], dict[int, RowSet]] = {
            (side, reach): {} for side in Side for reach in Reach
        }

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, listing_id: object) -> bool:
        return listing_id in self._row_of

    def get(self, listing_id: int) -> Listing | None:
        """The stored listing, its categories ascending, or None."""
        row = self._row_of.get(listing_id)
        return None if row is None else self.columns.read(row, self.bits)

    def open_ids(self, side: Side, now: int) -> list[int]:
        """Ids, ascending, of the listings of a side that have not ended at `now`."""
        rows = np.concatenate([self.pooled(side, reach) for reach in Reach])
        ids: list[int] = np.sort(self.columns.id[rows[self.columns.ends[rows] > now]]).tolist()
        return ids

    def upsert(self, listing: Listing) -> None:
        """Put in a listing, or replace the one of the same id; refused ones change nothing."""
        self.check_categories(listing)
        languages = self.bits.stored(listing.languages)
        self.remove(listing.id)
        row = self.columns.new_row()
        self.columns.write(row, listing, languages)
        self._row_of[listing.id] = row
        pools = self._pools[listing.side, listing.reach]
        pool = pools.setdefault(country_number(listing.country), RowSet())
        pool.add(row, self.columns.pool_slot)
        if listing.cell is not None:
            leaves = self._leaves[listing.side, listing.remote]
            vector = unit_vector(float(self.columns.phi[row]), float(self.columns.lambda_[row]))
            parent = ancestor(listing.cell, LEAF_RESOLUTION)
            leaves.add(row, parent, vector, self.columns.leaf_slot)

    def remove(self, listing_id: int) -> bool:
        """Take out a listing; False when there was none of this id."""
        listing = self.get(listing_id)
        if listing is None:
            return False
        row = self._row_of.pop(listing_id)
        pools = self._pools[listing.side, listing.reach]
        pools[country_number(listing.country)].remove(row, self.columns.pool_slot)
        if listing.cell is not None:
            leaves = self._leaves[listing.side, listing.remote]
            parent = ancestor(listing.cell, LEAF_RESOLUTION)
            leaves.remove(row, parent, self.columns.leaf_slot)
        self.columns.free_row(row)
        return True

    def check_categories(self, listing: Listing) -> None:
        """Raise UnknownCategory when the taxonomy lacks a category of the listing."""
        for category in listing.categories:
            if category not in self.taxonomy:
                raise UnknownCategory(category)

    def local_near(self, side: Side, phi: float, lambda_: float, limit_m: float) -> Rows:
        """Local listings of a side within limit_m of a point in radians, and some farther."""
        return self._leaves[side, False].near(unit_vector(phi, lambda_), limit_m)

    def placed_near(self, phi: float, lambda_: float, limit_m: float) -> Rows:
        """Listings of any side and reach that have a cell within limit_m, and some farther."""
        vector = unit_vector(phi, lambda_)
        return np.concatenate([leaves.near(vector, limit_m) for leaves in self._leaves.values()])

    def pooled(self, side: Side, reach: Reach, country: str | None = None) -> Rows:
        """Listings of a side and reach; with `country`, only those that store it."""
        pools = self._pools[side, reach]
        if country is None:
            return join(list(pools.values()))
        pool = pools.get(country_number(country))
        return join([pool] if pool else [])
