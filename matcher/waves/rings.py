"""Rings of H3 cells around a call."""

from functools import lru_cache

import h3.api.basic_int as h3
import numpy as np
from h3 import H3BaseException
from numpy.typing import NDArray

from matcher.place import great_circle_m
from matcher.waves.call import NO_CELL


def rings(center: int | None, cells: NDArray[np.int64], resolution: int) -> NDArray[np.int64]:
    """Number of the ring of each cell around the centre's; 0 for what has no place.

    Rings are counted between cells of `resolution`, or of the coarsest given where one is coarser.
    Where H3 cannot count (across a pentagon, or very far), the distance divided by that between
    neighbours stands in.
    """
    if center is None:
        return np.zeros(len(cells), dtype=np.int64)
    different, number = np.unique(cells, return_inverse=True)
    found = [
        0 if cell == NO_CELL else _ring(center, cell, resolution) for cell in different.tolist()
    ]
    return np.array(found, dtype=np.int64)[number]


@lru_cache(maxsize=1 << 16)
def _ring(center: int, cell: int, resolution: int) -> int:
    level = min(resolution, h3.get_resolution(center), h3.get_resolution(cell))
    here, there = h3.cell_to_parent(center, level), h3.cell_to_parent(cell, level)
    try:
        return int(h3.grid_distance(here, there))
    except H3BaseException:
        apart = great_circle_m(*h3.cell_to_latlng(here), *h3.cell_to_latlng(there))
        neighbours = float(h3.average_hexagon_edge_length(level, unit="m")) * 3**0.5
        return round(apart / neighbours)
