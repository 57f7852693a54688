"""Listings, alerts and whole worlds of them for the tests of the engine."""

import math
from typing import Any

import h3.api.basic_int as h3
from hypothesis import strategies as st

from matcher.areas import Area, parse_polygon
from matcher.listing import Listing, Query, Weights
from matcher.place import Place
from matcher.taxonomy import Kind, Reach, Taxonomy, Urgency

#: Ids with gaps, up to the very last; two pairs of equal affinity to one category.
TAXONOMY = Taxonomy.from_mapping(
    {
        "categories": [
            {"id": 1, "slug": "groceries", "group": "daily"},
            {"id": 2, "slug": "medicine", "group": "daily"},
            {"id": 4, "slug": "meals", "group": "daily"},
            {"id": 9, "slug": "childcare", "group": "people"},
            {"id": 70, "slug": "housing", "group": "home"},
            {"id": 255, "slug": "other", "group": "other"},
        ],
        "affinity": [
            ["medicine", "groceries", 0.6],
            ["groceries", "meals", 0.6],
            ["meals", "medicine", 0.333335],
            ["childcare", "housing", 0.0],
            ["other", "housing", 0.25],
        ],
    }
)
GROCERIES, MEDICINE, MEALS, CHILDCARE, HOUSING, OTHER = 1, 2, 4, 9, 70, 255
CATEGORY_IDS = (GROCERIES, MEDICINE, MEALS, CHILDCARE, HOUSING, OTHER)

DOUALA = (4.05, 9.7)
PORT_AU_PRINCE = (18.54, -72.34)

_PENTAGONS = [h3.cell_to_latlng(cell) for cell in h3.get_pentagons(0)]
#: Where geometry is hard: poles, antimeridian, pentagons; and two towns with an antipode.
HOTSPOTS = [
    (90.0, 0.0),
    (-90.0, 0.0),
    (0.0, 180.0),
    (-16.8, -180.0),
    (66.5, 179.99),
    *_PENTAGONS,
    DOUALA,
    (-DOUALA[0], DOUALA[1] - 180),
    PORT_AU_PRINCE,
]

_HOUR = 3600


def listing(**fields: Any) -> Listing:
    """A request for groceries in Douala with room for any change of fields."""
    given: dict[str, Any] = {
        "id": 1,
        "kind": Kind.REQUEST,
        "categories": (GROCERIES,),
        "urgency": Urgency.STANDING,
        "cell": Place.at(*DOUALA, 8).cell,
        "reach": Reach.LOCAL,
        "radius_m": 25_000,
        "country": "CM",
        "languages": frozenset({"fr"}),
        "starts": 0,
        "ends": 100,
        "owner": fields.get("id", 1),
    }
    return Listing(**{**given, **fields})


def offer(**fields: Any) -> Listing:
    """An offer of groceries in Douala, number 2 unless told otherwise."""
    return listing(**{"id": 2, "kind": Kind.OFFER, "owner": fields.get("id", 2), **fields})


def moved(lat: float, lng: float, north: float, east: float) -> tuple[float, float]:
    """A point some degrees away, still on the globe: over a pole it comes down behind it."""
    lat, lng = lat + north, lng + east
    if abs(lat) > 90:
        lat, lng = math.copysign(180, lat) - lat, lng + 180
    return lat, (lng + 180) % 360 - 180


def box(lat: float, lng: float, size: float) -> Area:
    """An area around a point, cut off at the poles, split at ±180."""
    south, north = max(-90.0, lat - size), min(90.0, lat + size)
    spans = [(lng - size, lng + size)]
    if lng + size > 180:
        spans = [(lng - size, 180), (-180, lng + size - 360)]
    elif lng - size < -180:
        spans = [(-180, lng + size), (lng - size + 360, 180)]
    rings = [
        [[west, south], [east, south], [east, north], [west, north], [west, south]]
        for west, east in spans
    ]
    return parse_polygon({"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]})


#: How far from a hotspot, in degrees: in the same cell, next door, in town, in the country.
_SPREADS = (0.0, 0.002, 0.02, 0.2, 2.0)
_degrees = st.floats(-1, 1, allow_nan=False, width=32)


@st.composite
def points(draw: st.DrawFn) -> tuple[float, float]:
    """A point (lat, lng), most often near a hotspot."""
    if draw(st.integers(0, 4)) == 0:
        return math.degrees(math.asin(draw(_degrees))), draw(_degrees) * 180
    hotspot = draw(st.sampled_from(HOTSPOTS))
    spread = draw(st.sampled_from(_SPREADS))
    return moved(*hotspot, draw(_degrees) * spread, draw(_degrees) * spread)


@st.composite
def cells(draw: st.DrawFn, coarsest: int = 5, finest: int = 8) -> int:
    """A cell of a resolution in the given span."""
    return Place.at(*draw(points()), draw(st.integers(coarsest, finest))).cell


@st.composite
def neighbourhoods(draw: st.DrawFn) -> list[int]:
    """A few cells around one point, some of them alike, some hundreds of kilometres apart."""
    base, near = draw(points()), []
    for _ in range(draw(st.integers(1, 5))):
        spread = draw(st.sampled_from(_SPREADS))
        point = moved(*base, draw(_degrees) * spread, draw(_degrees) * spread)
        near.append(Place.at(*point, draw(st.integers(5, 8))).cell)
    return near


_RADII = (0, 900, 5_000, 25_000, 25_000, 300_000, 300_000, 12_000_000, 20_015_200)


def languages() -> st.SearchStrategy[frozenset[str]]:
    """Up to two of four languages."""
    return st.frozensets(st.sampled_from(["fr", "ht", "en", "ar"]), max_size=2)


@st.composite
def listings(draw: st.DrawFn, near: list[int], listing_id: int) -> Listing:
    """Any listing; its cell is most often one of `near`."""
    kind = draw(st.sampled_from([Kind.REQUEST, Kind.OFFER, Kind.OFFER, Kind.INFO]))
    reach = draw(st.sampled_from([Reach.LOCAL] * 4 + list(Reach)))
    any_cell = cells(0, 15) if kind is Kind.INFO else cells()
    here = st.sampled_from(near)
    cell: int | None = draw(st.one_of(here, here, here, any_cell))
    if (reach is not Reach.LOCAL or kind is Kind.INFO) and draw(st.booleans()):
        cell = None
    starts = draw(st.integers(0, 4))
    return Listing(
        id=listing_id,
        kind=kind,
        categories=tuple(
            draw(st.lists(st.sampled_from(CATEGORY_IDS), min_size=1, max_size=5, unique=True))
        ),
        urgency=draw(st.sampled_from(Urgency)),
        cell=cell,
        reach=reach,
        radius_m=draw(st.sampled_from(_RADII)),
        country=draw(st.sampled_from(["", "CM", "HT"])),
        languages=draw(languages()),
        starts=starts * _HOUR,
        ends=(starts + draw(st.integers(1, 6))) * _HOUR,
        owner=draw(st.integers(-8, 8)),
    )


@st.composite
def worlds(draw: st.DrawFn, largest: int = 25) -> list[Listing]:
    """A few listings with different ids, many of them in the same cells."""
    near = draw(neighbourhoods())
    size = draw(st.integers(0, largest))
    any_id = st.integers(-(2**63), 2**63 - 1)
    ids = draw(st.lists(any_id, min_size=size, max_size=size, unique=True))
    return [draw(listings(near, listing_id)) for listing_id in ids]


def times() -> st.SearchStrategy[int]:
    """A time at which some windows of `listings` begin or end."""
    return st.sampled_from([0, 0, 1, 2, 3, 4, 6, 10]).map(lambda hour: hour * _HOUR)


@st.composite
def queries(draw: st.DrawFn, asked: Listing) -> Query:
    """Any question for one listing."""
    filters = {
        "kinds": draw(st.sampled_from([None, None, frozenset(), frozenset({Kind.OFFER})])),
        "languages": draw(st.one_of(st.none(), st.none(), languages())),
    }
    weights = draw(
        st.sampled_from([Weights(), Weights(1.0, 0.0, 0.0), Weights(0.2, 0.5, 0.3, 500)])
    )
    return Query(asked, draw(times()), draw(st.sampled_from([1, 2, 3, 20])), weights, **filters)
