"""True positions of people, drawn as people live: in towns and villages of the gazetteer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.privacy.earth import Point, disc, moved
from board.gazetteer import Gazetteer, GazetteerPlace

#: Inhabitants on a square kilometre of a town.
_CROWD: Final = 3000.0
#: How far from a village people of sparse country live.
_COUNTRY_M: Final = 8000.0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose position an attacker wants to know."""

    name: str
    #: "city", "town", "sparse" or "antimeridian".
    country: str
    point: Point


#: Sort of country: which places of the gazetteer it is made of.
_COUNTRIES: Final[dict[str, Callable[[GazetteerPlace], bool]]] = {
    "city": lambda place: place.population >= 300_000,
    "town": lambda place: 5_000 <= place.population < 100_000,
    "sparse": lambda place: 0 < place.population < 1_000,
    "antimeridian": lambda place: abs(place.lng) > 177,
}
COUNTRIES: Final = tuple(_COUNTRIES)


def draw(gazetteer: Gazetteer, count: int, seed: int, towns: int | None = None) -> list[Person]:
    """So many people, a quarter of them in each sort of country.

    With `towns`, they live together in so many places; otherwise each in a place of chance.
    """
    random = np.random.default_rng(seed)
    homes = dict(_homes(gazetteer.path.resolve()))
    if towns is not None:
        share = max(1, towns // len(homes))
        for country, found in homes.items():
            picks = random.choice(len(found), min(share, len(found)), replace=False)
            homes[country] = [found[int(pick)] for pick in picks]
    people = []
    for number in range(count):
        country = COUNTRIES[number % len(COUNTRIES)]
        place = homes[country][int(random.integers(len(homes[country])))]
        people.append(Person(f"p{number}", country, _home(place, country, random)))
    return people


@cache
def _homes(path: Path) -> dict[str, list[GazetteerPlace]]:
    """The places of each sort of country; they are read once."""
    places = list(Gazetteer(path).cities(1))
    return {
        country: [place for place in places if belongs(place)]
        for country, belongs in _COUNTRIES.items()
    }


def _home(place: GazetteerPlace, country: str, random: np.random.Generator) -> Point:
    """A position in or around a place, whose centre is the centre of the town."""
    center = (place.lat, place.lng)
    if country == "sparse":
        lat, lng = disc(center, _COUNTRY_M, 1, random)[0]
    else:
        spread_m = 500 * math.sqrt(max(place.population, 500) / _CROWD / math.pi)
        distance = np.abs(random.normal(scale=spread_m, size=1))
        lat, lng = moved(center, distance, random.random(1) * 2 * math.pi)[0]
    return float(lat), float(lng)
