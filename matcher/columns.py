"""Many listings at once as columns, for putting them into an index in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.listing import CATEGORIES_PER_LISTING, Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingColumns:
    """The fields of n listings as arrays of length n; `Listing` says what each means.

    The values are trusted to be what `Listing` accepts: `of` takes listings that were checked.
    """

    id: NDArray[np.int64]
    owner: NDArray[np.int64]
    kind: NDArray[np.uint8]
    urgency: NDArray[np.uint8]
    reach: NDArray[np.uint8]
    #: H3 cell, 0 for none.
    cell: NDArray[np.int64]
    radius_m: NDArray[np.int32]
    #: country_number of the two letters.
    country: NDArray[np.uint16]
    #: Position in `language_sets`.
    languages: NDArray[np.uint32]
    #: [n, 5] ids ascending; the last is repeated to fill up.
    categories: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    #: The different sets of languages.
    language_sets: Sequence[frozenset[str]]

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def of(cls, listings: Iterable[Listing]) -> Self:
        """The columns of listings; of several with one id, the last counts."""
        rows = list({listing.id: listing for listing in listings}.values())
        numbers: dict[frozenset[str], int] = {}
        for row in rows:
            numbers.setdefault(row.languages, len(numbers))
        categories = np.array([_filled(row.categories) for row in rows], dtype=np.uint8)
        return cls(
            id=np.array([row.id for row in rows], dtype=np.int64),
            owner=np.array([row.owner for row in rows], dtype=np.int64),
            kind=np.array([row.kind for row in rows], dtype=np.uint8),
            urgency=np.array([row.urgency for row in rows], dtype=np.uint8),
            reach=np.array([row.reach for row in rows], dtype=np.uint8),
            cell=np.array([row.cell or 0 for row in rows], dtype=np.int64),
            radius_m=np.array([row.radius_m for row in rows], dtype=np.int32),
            country=np.array([country_number(row.country) for row in rows], dtype=np.uint16),
            languages=np.array([numbers[row.languages] for row in rows], dtype=np.uint32),
            categories=categories.reshape(-1, CATEGORIES_PER_LISTING),
            starts=np.array([row.starts for row in rows], dtype=np.int64),
            ends=np.array([row.ends for row in rows], dtype=np.int64),
            language_sets=list(numbers),
        )

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Some of the listings, in this order."""
        arrays = {name: getattr(self, name)[rows] for name in ARRAYS}
        return type(self)(**arrays, language_sets=self.language_sets)


#: Names of the columns.
ARRAYS = tuple(name for name in ListingColumns.__slots__ if name != "language_sets")


def country_number(country: str) -> int:
    """Two letters as base-256 digits; 0 for the empty text."""
    return ord(country[0]) << 8 | ord(country[1]) if country else 0


def country_text(number: int) -> str:
    """The letters of country_number."""
    return chr(number >> 8) + chr(number & 0xFF) if number else ""


def _filled(categories: tuple[int, ...]) -> list[int]:
    """Category ids ascending, the last repeated to fill up."""
    ascending = sorted(categories)
    return ascending + ascending[-1:] * (CATEGORIES_PER_LISTING - len(ascending))
