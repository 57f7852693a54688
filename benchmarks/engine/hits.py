"""The case hits: which of M standing alerts a new listing hits, against STRtree and NumPy."""

from __future__ import annotations

import math
from collections.abc import Iterator

import h3.api.basic_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.engine.timing import interleaved, row
from benchmarks.engine.workload import CATEGORIES, category_sets, points
from benchmarks.harness import Result
from matcher.alerts import AlertColumns, AlertIndex
from matcher.listing import Listing
from matcher.place import EARTH_RADIUS_M, haversine_m
from matcher.taxonomy import Kind, Reach, Urgency

Ints = NDArray[np.int64]

_POLYGONS, _REMOTE = 0.20, 0.02
_CODES = [
    "fr",
    "en",
    "es",
    "pt",
    "ar",
    "de",
    "it",
    "nl",
    "pl",
    "ro",
    "ru",
    "tr",
    "wo",
    "ln",
    "sw",
    "ht",
    "zh",
    "vi",
    "fa",
    "he",
]
_KINDS = [
    frozenset({Kind.REQUEST}),
    frozenset({Kind.OFFER}),
    frozenset({Kind.REQUEST, Kind.OFFER}),
    frozenset[Kind](),
]


class Alerts:
    """M alerts as arrays."""

    def __init__(self, m: int, seed: int = 11) -> None:
        rng = np.random.default_rng(seed)
        lat, lng, _ = points(rng, m)
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
            frozenset(rng.choice(_CODES, k, replace=False).tolist()) for k in (1, 2, 3) * 30
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
            for kinds in _KINDS
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


def _outline(rng: np.random.Generator, lat: float, lng: float, radius_m: float) -> shapely.Polygon:
    """A star-shaped polygon of 5 to 30 corners around a point, cut off at the map's edge."""
    corners = int(rng.integers(5, 31))
    angle = (np.arange(corners) + rng.uniform(0, 0.8, corners)) * 2 * np.pi / corners
    reach = radius_m / 111_195 * rng.uniform(0.6, 1.0, corners)
    y = lat + reach * np.sin(angle)
    x = lng + reach * np.cos(angle) / max(0.05, math.cos(math.radians(lat)))
    edge = abs(lat) > 88 or abs(lng) > 178
    if edge:
        west, east = max(-180.0, lng - 0.2), min(180.0, lng + 0.2)
        return shapely.box(west, max(-90.0, lat - 0.2), east, min(90.0, lat + 0.2))
    return shapely.Polygon(np.column_stack((x, y)))


class Trees:
    """STRtree over boxes of circles and over polygons; all conditions in NumPy."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        degrees = np.array([h3.cell_to_latlng(cell) for cell in alerts.cell.tolist()])
        self._phi, self._lambda = np.radians(degrees).T
        circles = np.flatnonzero(~alerts.polygon & ~alerts.remote)
        geometries, rows = self._boxes(circles)
        polygons = np.flatnonzero(alerts.polygon)
        shapely.prepare(alerts.area[polygons])
        geometries.extend(alerts.area[polygons])
        self._rows = np.concatenate((rows, polygons))
        self._tree = shapely.STRtree(np.array(geometries, dtype=object))
        self._tree.query(shapely.Point(0, 0))
        bit = {code: i for i, code in enumerate(_CODES)}
        self._bit = bit
        masks = [sum(1 << bit[c] for c in each) if each else 1 << 63 for each in alerts.sets]
        self._spoken = np.array(masks, dtype=np.uint64)[alerts.languages]
        kinds = [sum(1 << kind for kind in each) if each else 255 for each in _KINDS]
        self._kinds = np.array(kinds, dtype=np.uint8)[alerts.kinds]
        self._far = np.flatnonzero(alerts.remote)

    def _boxes(self, rows: NDArray[np.intp]) -> tuple[list[object], NDArray[np.intp]]:
        """Boxes around circles; those that cross ±180 degrees come again on the other side."""
        phi, lambda_ = self._phi[rows], self._lambda[rows]
        r = (self._alerts.radius_m[rows] + 1.5) / EARTH_RADIUS_M
        polar = np.abs(phi) + r >= np.pi / 2
        ratio = np.sin(r) / np.maximum(np.cos(phi), 1e-12)
        half = np.where(polar, np.pi, np.arcsin(np.minimum(ratio, 1.0)))
        west, east = np.degrees(lambda_ - half), np.degrees(lambda_ + half)
        south = np.degrees(np.where(polar & (phi < 0), -np.pi / 2, phi - r))
        north = np.degrees(np.where(polar & (phi > 0), np.pi / 2, phi + r))
        geometries, numbers = [], []
        for shift in (0, 360, -360):
            here = (west + shift < 180.001) & (east + shift > -180.001)
            boxes = shapely.box(west[here] + shift, south[here], east[here] + shift, north[here])
            geometries.extend(boxes)
            numbers.append(rows[here])
        return geometries, np.concatenate(numbers)

    def hit_ids(self, listing: Listing) -> Ints:
        """Ids of the alerts that the listing hits."""
        alerts = self._alerts
        lat, lng = h3.cell_to_latlng(listing.cell)
        rows = self._rows[self._tree.query(shapely.Point(lng, lat))]
        if listing.remote:
            rows = np.concatenate((rows, self._far))
        wanted = np.uint64(sum(1 << category for category in listing.categories))
        spoken = np.uint64(1 << 63 | sum(1 << self._bit[code] for code in listing.languages))
        rows = rows[(alerts.categories[rows] & wanted) != 0]
        keep = (alerts.owner[rows] != listing.owner) & (alerts.least[rows] <= listing.urgency)
        keep &= (self._kinds[rows] >> listing.kind & 1 != 0) & (self._spoken[rows] & spoken != 0)
        rows = rows[keep]
        polygon, far = alerts.polygon[rows], alerts.remote[rows]
        circles, outlines = rows[~polygon & ~far], rows[polygon]
        outlines = outlines[shapely.intersects_xy(alerts.area[outlines], lng, lat)]
        circles = circles[self._inside(circles, math.radians(lat), math.radians(lng))]
        return np.sort(alerts.id[np.unique(np.concatenate((circles, outlines, rows[far])))])

    def _inside(self, rows: Ints, phi: float, lambda_: float) -> NDArray[np.bool_]:
        h = np.sin((self._phi[rows] - phi) / 2) ** 2
        h += (
            math.cos(phi)
            * np.cos(self._phi[rows])
            * np.sin((self._lambda[rows] - lambda_) / 2) ** 2
        )
        np.minimum(h, 1.0, out=h)
        metres = 2 * EARTH_RADIUS_M * np.arctan2(np.sqrt(h), np.sqrt(1 - h))
        whole = np.rint(metres)
        for i in np.flatnonzero(np.abs(np.abs(metres - whole) - 0.5) < 1e-5):
            pair = float(self._phi[rows[i]]), float(self._lambda[rows[i]])
            whole[i] = round(haversine_m(phi, lambda_, *pair))
        inside: NDArray[np.bool_] = whole <= self._alerts.radius_m[rows]
        return inside


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
                languages=frozenset(rng.choice(_CODES, int(rng.integers(1, 4)), replace=False)),
                starts=0,
                ends=1,
                owner=int(rng.integers(1, owners + 1)),
            )
        )
    return listings


def compare(m: int, count: int) -> Iterator[Result]:
    """Rows: mean, median, and the busiest tenth."""
    alerts = Alerts(m)
    index, trees = alerts.index(), Trees(alerts)
    listings = arriving(count, m)
    ours, theirs = interleaved(listings, index.hit_ids, trees.hit_ids)
    pairs = zip(ours.answers, theirs.answers, strict=True)
    # The peer tests each alert in reach by the rules: where its boxes hold all, it is brute force.
    exact = all(np.array_equal(np.sort(a), b) for a, b in pairs)
    exact = exact and _brute_agrees(alerts, trees, listings[:40], ours.answers)
    found = np.array([len(answer) for answer in ours.answers])
    busiest = np.argsort(-found, kind="stable")[: max(1, count // 10)]
    extra = {"questions": count, "mean_hits": round(float(found.mean()), 1)}
    for statistic, pick in (
        ("mean", np.mean),
        ("median", np.median),
        ("busiest_tenth_median", lambda us: np.median(us[busiest])),
    ):
        pair = float(pick(ours.us)), float(pick(theirs.us))
        yield row("hits", m, "strtree", *pair, exact, statistic=statistic, **extra)


def _brute_agrees(
    alerts: Alerts, trees: Trees, listings: list[Listing], answers: list[Ints]
) -> bool:
    """Whether all alerts, none left out by a tree, give the same answers."""
    everything = np.arange(len(alerts.id))
    rows, tree = trees._rows, trees._tree
    for listing, answer in zip(listings, answers, strict=False):
        trees._rows, trees._tree = everything, _All(~alerts.remote)
        truth = trees.hit_ids(listing)
        trees._rows, trees._tree = rows, tree
        if not np.array_equal(np.sort(answer), truth):
            return False
    return True


class _All:
    """A tree that finds everything."""

    def __init__(self, placed: NDArray[np.bool_]) -> None:
        self._rows = np.flatnonzero(placed)

    def query(self, point: shapely.Point) -> NDArray[np.intp]:
        """All that have a place."""
        return self._rows
