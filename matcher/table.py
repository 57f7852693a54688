"""Columns that grow together."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike


class Table:
    """One array a field, one row an entry; subclasses declare the arrays as attributes.

    Rows that are given back are used again, so that nothing is ever moved or compacted: putting
    in and taking out take constant time, amortised over the growth of the arrays.
    """

    def __init__(self, fields: Mapping[str, tuple[DTypeLike, int]]) -> None:
        """Take the type and the width of each field; those of width 1 are [n], others [n, w]."""
        self._fields = tuple(fields)
        self._capacity = 64
        self._size = 0
        self._free: list[int] = []
        for name, (dtype, width) in fields.items():
            shape = (self._capacity,) if width == 1 else (self._capacity, width)
            setattr(self, name, np.zeros(shape, dtype=dtype))

    def new_row(self) -> int:
        """The number of a row that is not in use."""
        if self._free:
            return self._free.pop()
        if self._size == self._capacity:
            self._capacity *= 2
            for name in self._fields:
                array = getattr(self, name)
                setattr(self, name, np.concatenate((array, np.zeros_like(array))))
        self._size += 1
        return self._size - 1

    def free_row(self, row: int) -> None:
        """Give a row back."""
        self._free.append(row)
