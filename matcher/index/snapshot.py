"""A store written to a stream and read again: a header, the arrays as they are, a checksum.

Whoever writes makes the file atomic; whoever reads gets a SnapshotError for anything that is not a
whole snapshot of this version and this taxonomy.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from matcher.index import layout
from matcher.index.arrays import Memory
from matcher.index.codes import OwnerCodes, TimeCodes
from matcher.index.store import Store
from matcher.taxonomy import Taxonomy

#: Changes with every change of matcher.index.layout.
VERSION = 3
_MAGIC = b"entraide index\n\0"
_LENGTH = struct.Struct("<Q")
_CHECKSUM_BYTES = 32
_LONGEST_HEADER = 1 << 28
#: Numbers that are kept; addresses are not.
_WORDS = {
    "arena_used": layout.ARENA_USED,
    "nodes_used": layout.NODES_USED,
    "leaves_used": layout.LEAVES_USED,
    "root": layout.ROOT,
    "ids_slots": layout.IDS_SLOTS,
    "greatest_id": layout.GREATEST_ID,
    "rows": layout.ROWS,
    "traits_used": layout.TRAITS_USED,
    "traits_most": layout.TRAITS_MOST,
}


class Damage(StrEnum):
    """Why a snapshot is refused."""

    #: Something else than a snapshot.
    FOREIGN = "foreign"
    #: Of another version of the layout, or of a machine of another byte order.
    VERSION = "version"
    #: Of another taxonomy.
    TAXONOMY = "taxonomy"
    #: It ends too early, or its checksum is wrong.
    DAMAGED = "damaged"


class SnapshotError(ValueError):
    """A snapshot that cannot be used; the index must be filled anew."""

    def __init__(self, reason: Damage) -> None:
        super().__init__(f"the snapshot is refused: {reason}")
        #: Compares equal to its text.
        self.reason = reason


def save(store: Store, stream: BinaryIO, mark: str) -> None:
    """Write the store; `mark` is any text that `load` gives back."""
    sections = [np.ascontiguousarray(part) for part in _sections(store)]
    header: dict[str, Any] = {
        "version": VERSION,
        "byte_order": sys.byteorder,
        "taxonomy": digest(store.taxonomy),
        "mark": mark,
        "sizes": [len(part) for part in sections],
        "words": {name: store.get_word(word) for name, word in _WORDS.items()},
        "owners": store.owners.odd,
        "times": store.times.odd,
        "languages": [sorted(languages) for languages in store.languages.sets],
        "pools": [[pool, leaves] for pool, leaves in store.pools.items()],
    }
    text = json.dumps(header).encode()
    checksum = hashlib.sha256()
    parts: list[Any] = [_MAGIC, _LENGTH.pack(len(text)), text, *sections]
    for part in parts:
        checksum.update(part)
        stream.write(part)
    stream.write(checksum.digest())


def load(stream: BinaryIO, taxonomy: Taxonomy) -> tuple[Store, str]:
    """The store and its mark. Raises SnapshotError."""
    checksum = hashlib.sha256()
    if _read(stream, len(_MAGIC), checksum, Damage.FOREIGN) != _MAGIC:
        raise SnapshotError(Damage.FOREIGN)
    (length,) = _LENGTH.unpack(_read(stream, _LENGTH.size, checksum))
    if length > _LONGEST_HEADER:
        raise SnapshotError(Damage.DAMAGED)
    text = _read(stream, length, checksum)
    try:
        header = json.loads(text)
        _check(header, taxonomy)
        sizes = [int(size) for size in header["sizes"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        if isinstance(error, SnapshotError):
            raise
        raise SnapshotError(Damage.DAMAGED) from error
    parts = [_fill(stream, size, checksum) for size in sizes]
    if stream.read(_CHECKSUM_BYTES + 1) != checksum.digest():
        raise SnapshotError(Damage.DAMAGED)
    # From here on the contents are those that were written.
    return _restored(header, parts, taxonomy), str(header["mark"])


def digest(taxonomy: Taxonomy) -> str:
    """A text that differs between taxonomies that rank differently."""
    ids = [category.id for category in taxonomy.categories]
    parts = json.dumps(ids).encode() + taxonomy.affinity.tobytes()
    return hashlib.blake2b(parts, digest_size=16).hexdigest()


def _check(header: Any, taxonomy: Taxonomy) -> None:
    if header["version"] != VERSION or header["byte_order"] != sys.byteorder:
        raise SnapshotError(Damage.VERSION)
    if header["taxonomy"] != digest(taxonomy):
        raise SnapshotError(Damage.TAXONOMY)


def _sections(store: Store) -> Iterator[NDArray[np.uint8]]:
    """The arrays, as far as they are used, in the order in which they are written."""
    yield store.arena.view(layout.UNIT * store.get_word(layout.ARENA_USED))
    yield store.nodes.view(layout.NODE_BYTES * store.get_word(layout.NODES_USED))
    yield store.leaves.view(4 * store.get_word(layout.LEAVES_USED))
    yield store.ids.view(len(store.ids))
    yield store.traits.view(layout.TRAIT_BYTES * store.get_word(layout.TRAITS_USED))
    yield store.trait_slots.view(len(store.trait_slots))
    yield store.free.view(len(store.free))


def _read(stream: BinaryIO, size: int, checksum: Any, otherwise: Damage = Damage.DAMAGED) -> bytes:
    part = stream.read(size)
    if len(part) != size:
        raise SnapshotError(otherwise)
    checksum.update(part)
    return part


def _fill(stream: BinaryIO, size: int, checksum: Any) -> Memory:
    """The next bytes in memory of their own, read in pieces: a wrong size takes no memory."""
    piece = 1 << 24
    memory, done = Memory(min(size, piece)), 0
    while done < size:
        if done == len(memory):
            memory = memory.resized(min(size, 2 * done), done)
        part = memory.view(len(memory))[done:]
        got = stream.readinto(part)  # type: ignore[attr-defined]
        if not got:
            raise SnapshotError(Damage.DAMAGED)
        checksum.update(part[:got])
        done += got
    return memory


def _restored(header: dict[str, Any], parts: list[Memory], taxonomy: Taxonomy) -> Store:
    """A store with these contents."""
    store = Store(taxonomy)
    for name, word in _WORDS.items():
        store.set_word(word, header["words"][name])
    store.arena, store.nodes, store.leaves, store.ids = parts[:4]
    traits, store.trait_slots, free = parts[4:]
    room = layout.TRAIT_BYTES * store.get_word(layout.TRAITS_MOST)
    store.traits = traits.resized(room, len(traits))
    store.free.view(len(free))[:] = free.view(len(free))
    store.owners = OwnerCodes(header["owners"])
    store.times = TimeCodes(store.words, header["times"])
    for languages in header["languages"]:
        store.language_set(frozenset(languages))
    for pool, leaves in header["pools"]:
        for leaf in leaves:
            store.pools.add(pool, leaf)
    store.publish()
    return store
