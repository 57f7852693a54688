"""Small copies of the defences that precedents relied on. The attacks must break them.

A proof that the attacks find nothing on the board is worth something only because they find much
here; the tests of the promises use the same copies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.privacy.earth import Array, Point, disc, moved
from board import geocoding, listings, places
from board.gazetteer import Gazetteer
from board.importing import rows
from board.listings import ListingView
from matcher.place import Place

#: Radius of the disc in which Entourage moved a point, anew for each read.
NOISE_M = 250.0
#: How far Freegle moved a point, in a direction computed from the point itself.
SHIFT_M = 400.0
#: Decimals that it was shown with.
SHIFT_DECIMALS = 4
#: What a board stores that thinks it enough to blur what it shows: half a metre.
EXACT = 15


def fresh_noise(point: Point, random: np.random.Generator) -> Point:
    """The point somewhere else in a disc at each read."""
    lat, lng = disc(point, NOISE_M, 1, random)[0]
    return float(lat), float(lng)


def displaced(points: Array) -> Array:
    """Each point 400 m away, in a direction that anybody who has the code can compute."""
    degrees = np.trunc(1000 * points[:, 0] + 1000 * points[:, 1]) % 360
    shown = moved(points, np.full(len(points), SHIFT_M), np.radians(degrees))
    return np.round(shown, SHIFT_DECIMALS)


@contextmanager
def exact_points(gazetteer: Gazetteer) -> Iterator[None]:
    """The board itself, made to store what it gets and to blur only what it shows.

    Searches, orders, matches and alerts then work on the exact point, as those of the precedents
    did; what a page shows of a listing is the same cell as ever.
    """
    view, kept_resolution, finest = listings._view, places.kept_resolution, places.FINEST

    def shown_coarsely(row: Any, categories: tuple[str, ...], *rest: Any) -> ListingView:
        exact = view(row, categories, *rest)
        if exact.cell is None:
            return exact
        # Cut as the doors of the board cut, so that both show the same cell of one person.
        place = Place.at(*Place.from_hex(exact.cell).center, finest)
        kept = min(finest, kept_resolution(gazetteer, place.cell, categories))
        return replace(exact, cell=place.coarsened(kept).hex)

    with ExitStack() as stack:
        for module, name, value in (
            (places, "FINEST", EXACT),
            (places, "kept_resolution", lambda *_: EXACT),
            (rows, "_FINEST", EXACT),
            (geocoding, "FINEST", EXACT),
            (listings, "_view", shown_coarsely),
        ):
            stack.enter_context(patch.object(module, name, value))
        yield
