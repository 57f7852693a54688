"""Sets of row numbers, and their gathering around a point."""

import math

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from matcher.sphere import Caps, Floats, unit_vector

Rows = NDArray[np.int32]

NO_ROWS: Rows = np.empty(0, dtype=np.int32)


class RowSet:
    """A set of rows in no particular order; adding and removing take constant time.

    `slots` is a column, indexed by row, that remembers where in its set each row stands. The
    caller passes the same column to every call on a set.
    """

    __slots__ = ("_rows", "_size")

    def __init__(self) -> None:
        self._rows = np.empty(4, dtype=np.int32)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def rows(self) -> Rows:
        """The rows, int32 [n]: a view that the next change may alter."""
        return self._rows[: self._size]

    def add(self, row: int, slots: NDArray[np.int32]) -> None:
        """Put in a row that is in no set of this column."""
        if self._size == len(self._rows):
            self._rows = np.concatenate((self._rows, np.empty_like(self._rows)))
        self._rows[self._size] = row
        slots[row] = self._size
        self._size += 1

    def remove(self, row: int, slots: NDArray[np.int32]) -> None:
        """Take out a row of the set; the last row takes its place."""
        self._size -= 1
        last = self._rows[self._size]
        self._rows[slots[row]] = last
        slots[last] = slots[row]


def join(sets: list[RowSet]) -> Rows:
    """All rows of the sets, int32 [n], as an array of its own."""
    return np.concatenate([rows.rows for rows in sets]) if sets else NO_ROWS


class Leaves:
    """Rows grouped by an ancestor of their cell, each group bounded by a cap.

    The caps are computed from the members: a cell may reach out of its ancestor's shape.
    """

    def __init__(self) -> None:
        self._caps = Caps()
        self._sets: list[RowSet] = []
        self._number_of: dict[int, int] = {}

    def add(
        self,
        row: int,
        parent: int,
        vector: Floats,
        slots: NDArray[np.int32],
        margin: float = 0.0,
    ) -> None:
        """Put a row under `parent`; it lies within `margin` radians of the unit vector [3]."""
        number = self._number_of.get(parent)
        if number is None:
            lat, lng = h3.cell_to_latlng(parent)
            number = self._caps.add(unit_vector(math.radians(lat), math.radians(lng)))
            self._number_of[parent] = number
            if number == len(self._sets):
                self._sets.append(RowSet())
        self._caps.extend(number, vector, margin)
        self._sets[number].add(row, slots)

    def remove(self, row: int, parent: int, slots: NDArray[np.int32]) -> None:
        """Take out a row that was put under `parent`."""
        number = self._number_of[parent]
        self._sets[number].remove(row, slots)
        if not len(self._sets[number]):
            self._caps.drop(number)
            del self._number_of[parent]

    def near(self, vector: Floats, limit_m: float) -> Rows:
        """All rows within limit_m of the unit vector [3], and some that are farther."""
        return join([self._sets[i] for i in self._caps.near(vector, limit_m).tolist()])


def ancestor(cell: int, resolution: int) -> int:
    """The ancestor of a cell at `resolution`, or the cell itself when it is coarser."""
    own = h3.get_resolution(cell)
    return int(h3.cell_to_parent(cell, resolution)) if own > resolution else cell
