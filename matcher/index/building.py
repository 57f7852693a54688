"""Many listings at once: into a store one after the other, or by building it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from matcher.columns import ListingColumns
from matcher.index import bulk, changes, layout
from matcher.index.arrays import Memory
from matcher.index.blocks import LOOSE_PATH
from matcher.index.coding import entries_of
from matcher.index.entries import ENTRY, Entries
from matcher.index.pools import TREE
from matcher.index.reading import read_all

if TYPE_CHECKING:
    from matcher.index.store import Store

# Less than most listings take: the arena grows while the index is built, and is cut at the end.
_LEAST_BYTES = 28
_SMALL = 1000
_TASKS_BYTES = 64 * 24


def no_entries() -> Entries:
    """An empty array of entries."""
    return np.zeros(0, dtype=ENTRY)


def upsert_columns(store: Store, columns: ListingColumns) -> None:
    """Put in or replace many listings; refused ones change nothing.

    Raises UnknownCategory, LanguagesFull and CodesFull.
    """
    columns = _last_of_each_id(columns)
    if len(columns) == 0:
        return
    counts = np.bincount(columns.categories.ravel())
    store.check_categories(tuple(np.flatnonzero(counts).tolist()))
    entries = entries_of(store, columns)
    numbers = np.ascontiguousarray(columns.id)
    if changes.remove_many(store.address, numbers.ctypes.data, len(numbers)):
        store.pools.emptied_anywhere()
    # Half as many again as there are: building anew is then the shorter way.
    if 2 * len(entries) > len(store) + _SMALL:
        build(store, np.concatenate((all_entries(store), entries)) if len(store) else entries)
    else:
        # In the order of cells: neighbours go to the same leaf while it is in the cache.
        _insert(store, entries)


def rebuild(store: Store) -> None:
    """Build the tree anew, balanced and without slack."""
    build(store, all_entries(store))


def build(store: Store, entries: Entries) -> None:
    """Replace all listings by these entries, whose ids differ."""
    pools = entries["pool"]
    keys = [int(key) for key in np.unique(pools) if key != TREE]
    leaves = 2 * (len(entries) // bulk.FILL + len(keys)) + 64
    order = np.flatnonzero(pools == TREE).astype(np.int32)
    store.reset(_LEAST_BYTES * len(entries), leaves)
    _build_tree(store, entries, order)
    for key in keys:
        _build_pool(store, entries, np.flatnonzero(pools == key).astype(np.int32), key)
    store.trim()
    store.size_ids(len(entries))


def _build_tree(store: Store, entries: Entries, order: NDArray[np.int32]) -> None:
    """Put the entries that `order` names into leaves of the tree, which is empty."""
    tasks = Memory(_TASKS_BYTES)
    top = bulk.begin_tree(store.address, len(order), tasks.address)
    at = entries.ctypes.data, order.ctypes.data, tasks.address
    while top := bulk.build_tree(store.address, *at, top, store.scratch.address):
        store.grow_arena()


def _build_pool(store: Store, entries: Entries, order: NDArray[np.int32], pool: int) -> None:
    """Put the entries that `order` names into leaves of a pool."""
    for first in range(0, len(order), bulk.FILL):
        part = order[first : first + bulk.FILL]
        if store.arena_is_short():
            store.grow_arena()
        at, size, scratch = part.ctypes.data, len(part), store.scratch.address
        leaf = changes.pack_leaf(store.address, entries.ctypes.data, at, size, scratch)
        store.pools.add(pool, int(leaf))


def all_entries(store: Store) -> Entries:
    """All listings of a store as entries."""
    entries = np.zeros(len(store), dtype=ENTRY)
    read_all(store.address, store.scratch.address, entries.ctypes.data)
    return entries


def _insert(store: Store, entries: Entries) -> None:
    """Put in entries one after the other."""
    outside = np.flatnonzero(entries["pool"] != TREE)
    local = entries[entries["pool"] == TREE] if len(outside) else entries
    status = store.scratch.view(LOOSE_PATH + 8)[LOOSE_PATH:].view(np.int64)
    done, deep = 0, False
    while done < len(local):
        at, left = local.ctypes.data + layout.ENTRY_BYTES * done, len(local) - done
        done += changes.insert_many(store.address, store.scratch.address, at, left)
        deep |= bool(status[0] == layout.TOO_DEEP)
        if done < len(local):
            store.grow()
    for row in outside.tolist():
        entry = entries[row : row + 1].copy()
        entry["pool"] = store.leaf_of_pool(int(entry["pool"][0]))
        store.insert(entry.ctypes.data)
    if deep:
        rebuild(store)


def _last_of_each_id(columns: ListingColumns) -> ListingColumns:
    """Of several rows with one id, the last."""
    if (columns.id[1:] > columns.id[:-1]).all():
        return columns
    _, last = np.unique(columns.id[::-1], return_index=True)
    if len(last) == len(columns):
        return columns
    return columns.take(np.sort(len(columns) - 1 - last))
