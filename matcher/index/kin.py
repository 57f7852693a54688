"""The affinities of a taxonomy as kernels read them."""

import numpy as np
from numpy.typing import NDArray

from matcher.index.layout import AFFINITY, KIN, KIN_AFFINITY, KIN_STARTS
from matcher.taxonomy import CATEGORY_CAPACITY, Taxonomy


class Kin:
    """For each category those near to it, affinity descending, then by id; and the whole table."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._table = np.zeros((CATEGORY_CAPACITY, CATEGORY_CAPACITY))
        size = len(taxonomy.affinity)
        self._table[:size, :size] = taxonomy.affinity
        ids = np.array([category.id for category in taxonomy.categories])
        known = np.zeros(CATEGORY_CAPACITY, dtype=np.bool_)
        known[ids] = True
        # The diagonal of the table is 1 also where there is no category.
        self._table[~known] = 0.0
        self._table[:, ~known] = 0.0
        lists = [_kin_of(row) for row in self._table]
        self._starts = np.cumsum([0, *map(len, lists)], dtype=np.int32)
        self._kin = np.concatenate(lists).astype(np.uint8)
        owners = np.repeat(np.arange(CATEGORY_CAPACITY), np.diff(self._starts))
        self._affinity = self._table[owners, self._kin]

    def publish(self, words: NDArray[np.int64]) -> None:
        """Tell the kernels where the arrays are."""
        words[KIN_STARTS // 8] = self._starts.ctypes.data
        words[KIN // 8] = self._kin.ctypes.data
        words[KIN_AFFINITY // 8] = self._affinity.ctypes.data
        words[AFFINITY // 8] = self._table.ctypes.data


def _kin_of(affinities: NDArray[np.float64]) -> NDArray[np.intp]:
    near = np.flatnonzero(affinities > 0)
    return near[np.lexsort((near, -affinities[near]))]
