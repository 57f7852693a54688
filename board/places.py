"""How precisely a place is kept, and what it is called.

The place of a person is an H3 cell of resolution 5 to 8; official information may have any.
Whatever is finer is coarsened at once and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from board.countries import Countries
from board.gazetteer import Gazetteer, GazetteerPlace
from board.grid import GridHexagon, grid, grid_of_place
from board.i18n import N_
from board.validation import Refused
from board.words import distance_words
from matcher.place import Place, PlaceError, great_circle_m

__all__ = [
    "COARSEST",
    "FINEST",
    "GridHexagon",
    "SettledPlace",
    "distance_words",
    "grid",
    "grid_of_place",
    "kept_cell",
    "kept_resolution",
    "place_label",
    "settle_cell",
    "settle_name",
]

#: Coarsest and finest resolution of a person's place.
COARSEST: Final = 5
FINEST: Final = 8

#: In sparse country, and for what would tell much about a home, a place is kept this coarse.
_SHELTERED: Final = 7
_SENSITIVE: Final = frozenset({"childcare", "eldercare", "medicine", "health-guidance"})
_SPARSE_INHABITANTS: Final = 500
_SPARSE_RADIUS_KM: Final = 5

#: A cell off the coast belongs to the country of a place this near.
_OFF_SHORE_M: Final = 30_000
#: Farther than this no place lends its name.
_NAMED_M: Final = 100_000
#: Resolution → distance within which the largest town names a cell: about its circumradius.
_TOWN_KM: Final = {6: 4, 5: 10, 4: 25, 3: 70}


@dataclass(frozen=True, slots=True)
class SettledPlace:
    """A place as it may be kept and shown."""

    #: H3 cell, no finer than it may be.
    cell: int
    #: ISO 3166-1 alpha-2, or "" at sea.
    country: str
    #: Name of a place in it or near it in the reader's language, or "" far from any.
    name: str


def kept_resolution(gazetteer: Gazetteer, cell: int, categories: Iterable[str]) -> int:
    """Finest resolution at which a person's position in `cell` may be kept: 8, or 7.

    7 in sparse country, where fewer than 500 inhabitants of the gazetteer live within 5 km of the
    centre of the cell of resolution 7, and for childcare, eldercare, medicine and health guidance.
    """
    if not _SENSITIVE.isdisjoint(categories):
        return _SHELTERED
    place = Place(cell)
    # All positions in one cell of 7 are judged alike. Were each of 8 judged by itself, a cell of 7
    # on the board would say that its person is in one of those parts of it that are sparse.
    center = place.coarsened(min(_SHELTERED, place.resolution)).center
    inhabitants = gazetteer.inhabitants_near(*center, radius_km=_SPARSE_RADIUS_KM)
    return FINEST if inhabitants >= _SPARSE_INHABITANTS else _SHELTERED


def kept_cell(gazetteer: Gazetteer, cell: int, categories: Iterable[str]) -> int:
    """The cell of a person's place, no finer than it may be kept.

    Raises Refused for what is no cell, and for one coarser than resolution 5.
    """
    try:
        place = Place(cell)
    except PlaceError:
        raise Refused(N_("This is not a place on the map.")) from None
    if place.resolution < COARSEST:
        raise Refused(N_("This place is too vague; choose a town or a smaller area."))
    kept = kept_resolution(gazetteer, cell, categories)
    return place.coarsened(min(kept, place.resolution)).cell


def settle_cell(
    gazetteer: Gazetteer,
    countries: Countries,
    cell: int,
    categories: Iterable[str],
    locale: str,
    coarser: int | None = None,
    official: bool = False,
) -> SettledPlace:
    """The place of a chosen or located cell, coarsened to what may be kept.

    `coarser` is the finest resolution that the poster wants, 5 to 8. `official` information keeps
    the cell as it is. Raises Refused for what is no cell, a cell too coarse or another `coarser`.
    """
    try:
        place = Place(cell if official else kept_cell(gazetteer, cell, categories))
    except PlaceError:
        raise Refused(N_("This is not a place on the map.")) from None
    if not official:
        place = place.coarsened(min(place.resolution, _wanted(coarser)))
    country = _country(gazetteer, countries, place)
    return SettledPlace(place.cell, country, place_label(gazetteer, place.cell, locale))


def settle_name(
    gazetteer: Gazetteer,
    countries: Countries,
    place_id: int,
    categories: Iterable[str],
    locale: str,
    coarser: int | None = None,
) -> SettledPlace:
    """The place of a name of the gazetteer, as precise as the name: resolution 5, 6 or 7.

    Raises Refused for an unknown `place_id` or another `coarser` than 5 to 8.
    """
    found = gazetteer.get(place_id, locale)
    if found is None:
        raise Refused(N_("Choose one of the places of the list."))
    limit = _wanted(coarser)
    if not _SENSITIVE.isdisjoint(categories):
        limit = min(limit, _SHELTERED)
    place = Place.at(found.lat, found.lng, min(found.resolution, limit))
    country = found.country or countries.of(found.lat, found.lng)
    # Whoever wants to be shown coarser is not called by the name of a quarter.
    coarsened = place.resolution < found.resolution
    name = place_label(gazetteer, place.cell, locale) if coarsened else found.name
    return SettledPlace(place.cell, country, name)


@lru_cache(maxsize=4096)
def time_zone(gazetteer: Gazetteer, cell: int) -> ZoneInfo:
    """Time zone of the town nearest to a cell; UTC where there is none."""
    nearest = gazetteer.nearest(*Place(cell).center, "en")
    try:
        return ZoneInfo(nearest.time_zone if nearest else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def place_label(gazetteer: Gazetteer, cell: int, locale: str) -> str:
    """What a cell is called: the largest town in a coarse one, the nearest place to a fine one.

    It depends on the cell alone, and so tells no more than the cell. "" far from any place.
    """
    place = Place(cell)
    town = None
    if place.resolution in _TOWN_KM:
        town = gazetteer.largest_near(*place.center, _TOWN_KM[place.resolution], locale)
    town = town or _nearest_within(gazetteer, place, _NAMED_M, locale)
    return town.name if town else ""


@lru_cache(maxsize=4096)
def name_in(gazetteer: Gazetteer, name: str, cell: int | None, locale: str) -> str:
    """What the place that was once named so, in any language, is called in this one.

    It is looked for around the cell, as far as a place lends its name; where there is none, `name`.
    """
    if not name or cell is None:
        return name
    found = gazetteer.called_near(name, *Place(cell).center, _NAMED_M, locale)
    return found.name if found else name


def _wanted(coarser: int | None) -> int:
    if coarser is None:
        return FINEST
    if type(coarser) is not int or not COARSEST <= coarser <= FINEST:
        raise Refused(
            N_("A precision from %(least)d to %(most)d is accepted."), least=COARSEST, most=FINEST
        )
    return coarser


def _country(gazetteer: Gazetteer, countries: Countries, place: Place) -> str:
    """Country of a cell's centre or, where that lies off shore, of the nearest place."""
    code = countries.of(*place.center)
    if code:
        return code
    near = _nearest_within(gazetteer, place, _OFF_SHORE_M, "en")
    return near.country if near else ""


def _nearest_within(
    gazetteer: Gazetteer, place: Place, radius_m: float, locale: str
) -> GazetteerPlace | None:
    near = gazetteer.nearest(*place.center, locale)
    if near is None or great_circle_m(*place.center, near.lat, near.lng) > radius_m:
        return None
    return near
