"""The listings of an index as columns: one array a field, one row a listing."""

import math

import numpy as np
from numpy.typing import DTypeLike, NDArray

from matcher.languages import LanguageBits, Words
from matcher.listing import CATEGORIES_PER_LISTING, Listing
from matcher.place import Place
from matcher.table import Table
from matcher.taxonomy import Kind, Reach, Urgency


class Columns(Table):
    """The fields of a listing; see each for what stands for an absent value."""

    id: NDArray[np.int64]
    owner: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    #: H3 cell, 0 for none.
    cell: NDArray[np.int64]
    #: Centre of the cell in radians; without meaning where there is no cell.
    phi: NDArray[np.float64]
    lambda_: NDArray[np.float64]
    radius_m: NDArray[np.int32]
    kind: NDArray[np.int8]
    urgency: NDArray[np.int8]
    reach: NDArray[np.int8]
    #: Two letters as base-256 digits, 0 for none.
    country: NDArray[np.uint16]
    #: [n, 3] bits of LanguageBits.
    languages: NDArray[np.uint64]
    #: [n, 5] ids ascending; the last is repeated to fill up.
    categories: NDArray[np.uint8]
    #: Where the row stands in its leaf, and in its pool.
    leaf_slot: NDArray[np.int32]
    pool_slot: NDArray[np.int32]

    def __init__(self) -> None:
        super().__init__(_FIELDS)

    def write(self, row: int, listing: Listing, languages: Words) -> None:
        """Set all fields of a row, apart from its slots."""
        self.id[row] = listing.id
        self.owner[row] = listing.owner
        self.starts[row] = listing.starts
        self.ends[row] = listing.ends
        self.radius_m[row] = listing.radius_m
        self.kind[row] = listing.kind
        self.urgency[row] = listing.urgency
        self.reach[row] = listing.reach
        self.country[row] = country_number(listing.country)
        self.languages[row] = languages
        ids = sorted(listing.categories)
        self.categories[row] = ids + ids[-1:] * (CATEGORIES_PER_LISTING - len(ids))
        self.cell[row] = listing.cell or 0
        if listing.cell is not None:
            lat, lng = Place(listing.cell).center
            self.phi[row], self.lambda_[row] = math.radians(lat), math.radians(lng)

    def read(self, row: int, bits: LanguageBits) -> Listing:
        """The listing of a row; its categories ascending."""
        country = int(self.country[row])
        return Listing(
            id=int(self.id[row]),
            kind=Kind(int(self.kind[row])),
            categories=tuple(sorted(set(self.categories[row].tolist()))),
            urgency=Urgency(int(self.urgency[row])),
            cell=int(self.cell[row]) or None,
            reach=Reach(int(self.reach[row])),
            radius_m=int(self.radius_m[row]),
            country=chr(country >> 8) + chr(country & 255) if country else "",
            languages=bits.codes(self.languages[row].tolist()),
            starts=int(self.starts[row]),
            ends=int(self.ends[row]),
            owner=int(self.owner[row]),
        )


_FIELDS: dict[str, tuple[DTypeLike, int]] = {
    "id": (np.int64, 1),
    "owner": (np.int64, 1),
    "starts": (np.int64, 1),
    "ends": (np.int64, 1),
    "cell": (np.int64, 1),
    "phi": (np.float64, 1),
    "lambda_": (np.float64, 1),
    "radius_m": (np.int32, 1),
    "kind": (np.int8, 1),
    "urgency": (np.int8, 1),
    "reach": (np.int8, 1),
    "country": (np.uint16, 1),
    "languages": (np.uint64, 3),
    "categories": (np.uint8, CATEGORIES_PER_LISTING),
    "leaf_slot": (np.int32, 1),
    "pool_slot": (np.int32, 1),
}


def country_number(code: str) -> int:
    """Two letters as base-256 digits; 0 for the empty code."""
    return ord(code[0]) << 8 | ord(code[1]) if code else 0


def resolution_of(cell: int) -> int:
    """Resolution of an H3 cell: bits 52 to 55 of its index (h3geo.org, "H3Index Bit Layout")."""
    return cell >> 52 & 15
