"""Standing alerts as people would set them, and the listings that then arrive."""

from __future__ import annotations

import math

import h3.api.basic_int as h3
import numpy as np
import shapely

from benchmarks.engine.workload import CATEGORIES, LANGUAGES, category_sets, points
from matcher.alerts import AlertColumns, AlertIndex
from matcher.areas import Area
from matcher.listing import Listing
from matcher.taxonomy import Kind, Reach, Urgency

_POLYGONS, _REMOTE = 0.20, 0.02
KINDS = [
    frozenset({Kind.REQUEST}),
    frozenset({Kind.OFFER}),
    frozenset({Kind.REQUEST, Kind.OFFER}),
    frozenset[Kind](),
]


class Alerts:
    """M alerts as arrays; `edge` is the share of them at the poles and at ±180 degrees."""

    def __init__(self, m: int, seed: int = 11, edge: float = 0.001) -> None:
        rng = np.random.default_rng(seed)
        lat, lng, _ = points(rng, m, edge)
        self.cell = np.array(
            [
                h3.latlng_to_cell(*point, 8)
                for point in zip(lat.tolist(), lng.tolist(), strict=True)
            ],
            dtype=np.int64,
        )
        form = rng.random(m)
        self.polygon, self.remote = form < _POLYGONS, form > 1 - _REMOTE
        self.radius_m = np.exp(rng.uniform(math.log(1000), math.log(50_000), m)).astype(np.int32)
        self.area = np.full(m, None, dtype=object)
        for i in np.flatnonzero(self.polygon).tolist():
            self.area[i] = _outline(rng, float(lat[i]), float(lng[i]), float(self.radius_m[i]))
        numbers = category_sets(rng, rng.integers(1, 6, m)).astype(np.uint64)
        self.categories = np.bitwise_or.reduce(np.uint64(1) << numbers, axis=1)
        self.least = rng.choice(4, m, p=(0.55, 0.25, 0.12, 0.08))
        self.kinds = rng.choice(4, m, p=(0.45, 0.25, 0.05, 0.25))
        self.sets = [frozenset[str]()]
        self.sets += [
            frozenset(rng.choice(LANGUAGES, k, replace=False).tolist()) for k in (1, 2, 3) * 30
        ]
        self.languages = np.where(rng.random(m) < 0.5, 0, rng.integers(1, len(self.sets), m))
        self.owner = rng.integers(1, m + 1, m)
        self.id = rng.permutation(m).astype(np.int64) + 1

    def index(self) -> AlertIndex:
        """The engine's index of them."""
        index = AlertIndex()
        index.upsert_columns(self._columns())
        return index

    def _columns(self) -> AlertColumns:
        placed = ~(self.polygon | self.remote)
        words = np.zeros((len(self.id), 4), dtype=np.uint64)
        words[:, 0] = self.categories
        # One condition for each of the kinds, least urgencies and sets of languages there can be.
        condition = (self.kinds * 4 + self.least) * len(self.sets) + self.languages
        conditions = [
            (kinds, least, languages)
            for kinds in KINDS
            for least in range(4)
            for languages in self.sets
        ]
        return AlertColumns(
            id=self.id,
            owner=self.owner.astype(np.int64),
            cell=np.where(placed, self.cell, 0),
            radius_m=np.where(placed, self.radius_m, 0).astype(np.int32),
            area=self.area,
            categories=words,
            condition=condition.astype(np.int64),
            conditions=conditions,
        )


def _outline(rng: np.random.Generator, lat: float, lng: float, radius_m: float) -> Area:
    """A star-shaped polygon of 5 to 30 corners around a point; a box where that is near a pole."""
    corners = int(rng.integers(5, 31))
    angle = (np.arange(corners) + rng.uniform(0, 0.8, corners)) * 2 * np.pi / corners
    reach = radius_m / 111_195 * rng.uniform(0.6, 1.0, corners)
    if abs(lat) > 88:
        west, east = max(-180.0, lng - 0.2), min(180.0, lng + 0.2)
        return shapely.box(west, max(-90.0, lat - 0.2), east, min(90.0, lat + 0.2))
    y = lat + reach * np.sin(angle)
    x = lng + reach * np.cos(angle) / math.cos(math.radians(lat))
    star = shapely.Polygon(np.column_stack((x, y)))
    return star if np.abs(x).max() <= 180 else _split(star)


def _split(star: shapely.Polygon) -> Area:
    """A polygon that crosses ±180 degrees, in two parts, as the engine takes it."""
    globe = shapely.box(-180, -90, 180, 90)
    corners = shapely.get_coordinates(star)
    turned = [shapely.Polygon(corners + np.array((by, 0))) for by in (0, 360, -360)]
    cut = shapely.intersection(turned, globe)
    parts = [each for each in shapely.get_parts(cut) if isinstance(each, shapely.Polygon)]
    return shapely.MultiPolygon([each for each in parts if each.area > 0])


def arriving(count: int, owners: int, seed: int = 12) -> list[Listing]:
    """New listings as the workload has them, one in twenty of them remote."""
    rng = np.random.default_rng(seed)
    lat, lng, _ = points(rng, count)
    asks = rng.random(count) < 0.55
    number = np.where(asks, 1, rng.choice(5, count, p=(0.60, 0.25, 0.10, 0.04, 0.01)) + 1)
    categories = category_sets(rng, number)
    assert categories.max() < CATEGORIES
    listings = []
    for i in range(count):
        listings.append(
            Listing(
                id=i + 1,
                kind=Kind.REQUEST if asks[i] else Kind.OFFER,
                categories=tuple(sorted(set(categories[i].tolist()))),
                urgency=Urgency(int(rng.choice(4, p=(0.45, 0.30, 0.18, 0.07)))),
                cell=h3.latlng_to_cell(float(lat[i]), float(lng[i]), 8),
                reach=Reach.WORLD if rng.random() < 0.05 else Reach.LOCAL,
                radius_m=25_000,
                country="",
                languages=frozenset(rng.choice(LANGUAGES, int(rng.integers(1, 4)), replace=False)),
                starts=0,
                ends=1,
                owner=int(rng.integers(1, owners + 1)),
            )
        )
    return listings


def beside_the_edge(alerts: Alerts, count: int) -> list[Listing]:
    """Listings at polygons that cross ±180 degrees, on either side: chance asks for few of them."""
    split = [row for row in np.flatnonzero(alerts.polygon).tolist() if _is_split(alerts.area[row])]
    listings = []
    for number, row in enumerate(split[:count]):
        for part in shapely.get_parts(alerts.area[row]):
            inside = part.representative_point()
            categories = [c for c in range(CATEGORIES) if int(alerts.categories[row]) >> c & 1]
            listings.append(
                Listing(
                    id=number + 1,
                    kind=next(iter(KINDS[alerts.kinds[row]]), Kind.OFFER),
                    categories=tuple(categories[:5]),
                    urgency=Urgency.TODAY,
                    cell=h3.latlng_to_cell(inside.y, inside.x, 8),
                    reach=Reach.LOCAL,
                    radius_m=25_000,
                    country="",
                    languages=alerts.sets[alerts.languages[row]] or frozenset({"fr"}),
                    starts=0,
                    ends=1,
                    owner=int(alerts.owner[row]) + 1,
                )
            )
    return listings


def _is_split(area: object) -> bool:
    return isinstance(area, shapely.MultiPolygon)
