"""Matching by brute force in NumPy: each request against every offer, nothing looked up.

It knows local listings only, which is what the reports are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.listing import Listing, Weights
from matcher.place import EARTH_RADIUS_M, Place
from matcher.taxonomy import Taxonomy

Ranked = list[tuple[int, int]]


class BruteForce:
    """Offers in columns, and one pass over all of them for each request."""

    def __init__(self, offers: Sequence[Listing], taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._weights = Weights()
        self._id = np.array([each.id for each in offers])
        self._owner = np.array([each.owner for each in offers])
        self._starts = np.array([each.starts for each in offers])
        self._ends = np.array([each.ends for each in offers])
        self._radius_m = np.array([each.radius_m for each in offers])
        centers = np.radians([Place(each.cell or 0).center for each in offers])
        self._lat, self._lng = centers[:, 0], centers[:, 1]
        most = max(len(each.categories) for each in offers)
        self._categories = np.array(
            [[*each.categories, *each.categories[:1] * (most - len(each.categories))]
             for each in offers]
        )  # fmt: skip

    def top_k(self, request: Listing, now: int, k: int) -> Ranked:
        """(id, score) of the best k offers, ties by id."""
        distance_m = self._distance_m(request)
        affinity = self._taxonomy.affinity[request.categories[0]][self._categories].max(axis=1)
        fits = (
            (distance_m <= np.minimum(self._radius_m, request.radius_m))
            & (affinity > 0)
            & (self._ends > now)
            & (self._starts < request.ends)
            & (self._ends > request.starts)
            & (self._owner != request.owner)
        )
        weights = self._weights
        score = (
            weights.distance * np.exp(-distance_m[fits] / weights.scale_m)
            + weights.affinity * affinity[fits]
            + weights.urgency * int(request.urgency) / 3
        )
        millionths = np.rint(score * 1e6).astype(np.int64)
        ids = self._id[fits]
        order = np.lexsort((ids, -millionths))[:k]
        return list(zip(ids[order].tolist(), millionths[order].tolist(), strict=True))

    def _distance_m(self, request: Listing) -> NDArray[np.float64]:
        """Whole metres to every offer, by the haversine formula."""
        lat, lng = np.radians(Place(request.cell or 0).center)
        half = (
            np.sin((self._lat - lat) / 2) ** 2
            + np.cos(lat) * np.cos(self._lat) * np.sin((self._lng - lng) / 2) ** 2
        )
        return np.asarray(np.rint(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0)))))
