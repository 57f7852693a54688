"""The rules of ranking on many rows at once. Each function gives the rows that pass."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from matcher.index.store import Store
from matcher.listing import Query
from matcher.rows import Rows
from matcher.taxonomy import CATEGORY_CAPACITY, Kind, Reach


def compatible(store: Store, query: Query, rows: Rows) -> Rows:
    """Rows of the other side that pass every rule but those of country and distance."""
    columns, listing = store.columns, query.listing
    ends = columns.ends[rows]
    keep = (ends > query.now) & (ends > listing.starts) & (columns.starts[rows] < listing.ends)
    keep &= (columns.owner[rows] != listing.owner) & (columns.id[rows] != listing.id)
    rows = rows[keep]
    rows = rows[affinities(store, query, rows)[0] > 0]
    rows = of_kinds(store, query.kinds, rows)
    rows = speaking(store, query.languages, rows)
    return sharing_language(store, query, rows)


def affinities(
    store: Store, query: Query, rows: Rows
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Best affinity of each row and the category that has it, the smallest id among equals."""
    table = store.taxonomy.affinity[list(query.listing.categories)].max(axis=0)
    categories = store.columns.categories[rows]
    affinity = table[categories]
    # Categories ascend within a row, and argmax gives the first of equals.
    best = affinity.argmax(axis=1)
    every = np.arange(len(rows))
    return affinity[every, best], categories[every, best]


def of_kinds(store: Store, kinds: Collection[Kind] | None, rows: Rows) -> Rows:
    """Rows of one of the kinds; all of them when None or empty."""
    if not kinds:
        return rows
    return rows[np.isin(store.columns.kind[rows], [int(kind) for kind in kinds])]


def of_categories(store: Store, categories: Collection[int] | None, rows: Rows) -> Rows:
    """Rows that have one of the categories; all of them when None or empty."""
    if not categories:
        return rows
    wanted = np.zeros(CATEGORY_CAPACITY, dtype=np.bool_)
    wanted[list(categories)] = True
    return rows[wanted[store.columns.categories[rows]].any(axis=1)]


def speaking(store: Store, languages: Collection[str] | None, rows: Rows) -> Rows:
    """Rows that have one of the languages; all of them when None or empty."""
    if not languages:
        return rows
    return rows[_have_one(store, languages, rows)]


def sharing_language(store: Store, query: Query, rows: Rows) -> Rows:
    """Rows that have a language in common with the listing, where either side asks for it."""
    listing = query.listing
    if listing.reach is Reach.LANGUAGE:
        return rows[_have_one(store, listing.languages, rows)]
    asking = store.columns.reach[rows] == Reach.LANGUAGE
    if not asking.any():
        return rows
    passing: NDArray[np.bool_] = ~asking | _have_one(store, listing.languages, rows)
    return rows[passing]


def _have_one(store: Store, languages: Collection[str], rows: Rows) -> NDArray[np.bool_]:
    asked = store.bits.asked(languages)
    common: NDArray[np.uint64] = store.columns.languages[rows] & asked
    found: NDArray[np.bool_] = np.any(common != 0, axis=1)
    return found
