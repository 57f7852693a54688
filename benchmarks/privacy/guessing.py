"""What every attacker does: list the positions that may be true, and keep those that agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.privacy.earth import Array, Point, disc, middle, width_m
from benchmarks.privacy.people import Person
from benchmarks.privacy.site import Site
from matcher.place import Place

#: Positions tried for each person.
CANDIDATES = 1500
#: A disc of this many widths around a cell's centre holds all positions that are kept there.
_REACH = 0.75


@dataclass(frozen=True, slots=True)
class Target:
    """A person, and what the board shows of them: the cell."""

    person: Person
    cell: Place

    @property
    def width_m(self) -> float:
        """Size of the cell, in which errors are counted."""
        return width_m(self.cell.cell)


def around(cell: Place, random: np.random.Generator, count: int = CANDIDATES) -> Array:
    """Positions spread evenly over a disc that holds the whole cell."""
    return disc(cell.center, _REACH * width_m(cell.cell), count, random)


def inside(site: Site, cell: Place, random: np.random.Generator) -> Array:
    """The positions that the board shows as this cell: its own code is run on each."""
    candidates = around(cell, random)
    keep = [site.kept((lat, lng)) == cell for lat, lng in candidates.tolist()]
    return candidates[keep] if any(keep) else candidates


def least_contradicted(candidates: Array, contradiction: Array) -> Point:
    """The middle of the positions that fit best to what was seen."""
    return middle(candidates[contradiction <= contradiction.min() + 1e-9])
