"""Inverting: run the defence's own code on every position, and keep those it shows alike."""

from __future__ import annotations

import numpy as np

from benchmarks.privacy import weak
from benchmarks.privacy.earth import Point, disc, distances_m, least_spread, middle
from benchmarks.privacy.guessing import Target, inside
from benchmarks.privacy.site import Site

#: Positions tried around a displaced point: one for about every twelve metres square.
_TRIED = 5000


def cells(site: Site, targets: list[Target], random: np.random.Generator) -> list[Point]:
    """The middle of all positions that the board shows as the cell of each person."""
    return [middle(inside(site, target.cell, random)) for target in targets]


def displacement(target: Target, random: np.random.Generator) -> Point:
    """The position that a keyless displacement brings to where the person is shown."""
    lat, lng = weak.displaced(np.array([target.person.point]))[0]
    shown = (float(lat), float(lng))
    candidates = disc(shown, weak.SHIFT_M + 20, _TRIED, random)
    off = distances_m(weak.displaced(candidates), shown)
    return least_spread(candidates[off <= max(20.0, float(off.min()))])
