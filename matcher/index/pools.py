"""Leaves outside of the tree: remote listings by what they ask for, and official information."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from matcher.index.answers import POOL_ANYWHERE, POOL_COUNTRIES, POOL_WORDS
from matcher.taxonomy import Reach, Side

#: Pools: of what its place decides, which is none, of remote listings for any country, of those
#: without a side; a country's number otherwise.
TREE, ANYWHERE, SIDELESS = -1, -2, -3

_NO_SIDE, _LOCAL, _SAME_COUNTRY = int(Side.NONE), int(Reach.LOCAL), int(Reach.COUNTRY)


def pool_of(side: int, reach: int, country: int) -> int:
    """The pool of a listing; kernels compile it too."""
    if side == _NO_SIDE:
        return SIDELESS
    if reach == _LOCAL:
        return TREE
    return country if reach == _SAME_COUNTRY else ANYWHERE


class Pools:
    """Which leaves each pool has."""

    def __init__(self) -> None:
        self._words = np.zeros(POOL_WORDS, dtype=np.int64)
        #: Of the words that kernels read.
        self.address: int = self._words.ctypes.data
        self.clear()

    def clear(self) -> None:
        """Forget all leaves."""
        self._leaves: dict[int, list[int]] = {}
        self._pool_of: dict[int, int] = {}
        self._roomy: dict[int, set[int]] = {}
        self._publish()

    def add(self, pool: int, leaf: int) -> None:
        """Enter a leaf."""
        self._leaves.setdefault(pool, []).append(leaf)
        self._pool_of[leaf] = pool
        self._roomy.setdefault(pool, set()).add(leaf)
        self._publish()

    def items(self) -> Iterable[tuple[int, list[int]]]:
        """Pools and their leaves."""
        return self._leaves.items()

    def roomy(self, pool: int) -> int | None:
        """A leaf of the pool that may have room."""
        return next(iter(self._roomy.get(pool, ())), None)

    def filled(self, pool: int, leaf: int) -> None:
        """Note that a leaf has no room."""
        self._roomy[pool].discard(leaf)

    def emptied(self, leaf: int) -> None:
        """Note that a leaf, of a pool or not, has room again."""
        if leaf in self._pool_of:
            self._roomy[self._pool_of[leaf]].add(leaf)

    def emptied_anywhere(self) -> None:
        """Note that any leaf may have room again."""
        self._roomy = {pool: set(leaves) for pool, leaves in self._leaves.items()}

    def _publish(self) -> None:
        arrays = {pool: np.array(leaves, dtype=np.uint32) for pool, leaves in self._leaves.items()}
        countries = [
            (pool, leaves.ctypes.data, len(leaves)) for pool, leaves in arrays.items() if pool >= 0
        ]
        table = np.array(countries, dtype=np.int64).reshape(-1, 3)
        anywhere = arrays.get(ANYWHERE, np.zeros(0, dtype=np.uint32))
        # Kernels know only addresses: the arrays must live as long as these words.
        self._kept: list[NDArray[np.int64] | NDArray[np.uint32]]
        self._kept = [table, anywhere, *arrays.values()]
        #: All leaves as uint32, for questions that ask for none in particular.
        self.every = np.array(sorted(self._pool_of), dtype=np.uint32)
        at = POOL_ANYWHERE // 8
        self._words[at : at + 2] = anywhere.ctypes.data, len(anywhere)
        at = POOL_COUNTRIES // 8
        self._words[at : at + 2] = table.ctypes.data, len(table)
