"""Plausible listings from texts, cities and a seed: the same seed always gives the same ones."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from board.demo.texts import DemoCountry, DemoText, Script
from board.listings import ListingFields
from matcher.place import Place
from matcher.taxonomy import Kind, Reach, Taxonomy

#: Category → how often people ask for it, relative to the others, which have 2.
SOUGHT: Final = {
    "groceries": 6, "medicine": 5, "childcare": 5, "housing": 6, "pets": 3, "admin": 6,
    "transport": 4, "newcomers": 4, "language": 3, "repatriation": 3, "eldercare": 3, "other": 1,
}  # fmt: skip
_KINDS: Final = ((Kind.REQUEST, 50), (Kind.OFFER, 46), (Kind.INFO, 4))
#: Shares of a country's languages of texts, the first one's first.
_LANGUAGE_SHARES: Final = (6, 3, 2)
_REACHES: Final = ((Reach.LANGUAGE, 5), (Reach.COUNTRY, 3), (Reach.WORLD, 2))
_RADII_KM: Final = {Kind.REQUEST: (3, 5, 10, 15, 25), Kind.OFFER: (5, 10, 15, 20, 30)}
#: Urgency → days since it began, at most; days it stays, from and to.
_TIMES: Final = {3: (0.5, 1, 3), 2: (1.5, 2, 6), 1: (5, 4, 15), 0: (20, 15, 60)}
_OFFER_TIMES: Final = (20, 15, 90)
_LEAST_PER_COUNTRY: Final = 5
#: Quarters lie this far from the centre of a city: median, and at most.
_QUARTER_KM: Final = (2.5, 9.0)
_KM_PER_DEGREE: Final = 111.2
_FINEST: Final = 8
_NEAR_AFFINITY: Final = 0.5
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class City:
    """A city of the gazetteer."""

    id: int
    lat: float
    lng: float
    population: int


@dataclass(frozen=True, slots=True)
class DemoListing:
    """One listing of the demonstration."""

    #: The same for the same seed.
    key: str
    fields: ListingFields
    #: Who publishes it; official information only.
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """Where the demonstration plays: asked, never changed."""

    #: Country → its cities, the largest first; countries without any are left out.
    cities: Mapping[str, Sequence[City]]
    #: (id of a city, language) → its name.
    name: Callable[[int, str], str]
    #: (lat, lng) → country, "" at sea.
    country_of: Callable[[float, float], str]
    taxonomy: Taxonomy


class Generator:
    """Draws listings; iterate over `listings` once."""

    def __init__(self, script: Script, world: World, moment: datetime, seed: int) -> None:
        self._script = script
        self._world = world
        self._moment = moment
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 (plausible, not secret)
        self._decks: dict[object, list[DemoText]] = {}

    def listings(self, count: int) -> Iterator[DemoListing]:
        """`count` listings, countries mixed."""
        countries = self._dealt_countries(count)
        for number, country in enumerate(countries):
            kind = self._weighted(_KINDS)
            draw = self._notice if kind is Kind.INFO else self._listing
            fields, organisation = draw(kind, country)
            yield DemoListing(f"{self._seed}-{number}", fields, organisation)

    def _dealt_countries(self, count: int) -> list[DemoCountry]:
        """As many entries as listings: each country its share, the small ones a few."""
        present = [each for each in self._script.countries if self._world.cities.get(each.code)]
        total = sum(each.weight for each in present)
        dealt = [
            country
            for country in present
            for _ in range(max(_LEAST_PER_COUNTRY, count * country.weight // total))
        ]
        dealt += self._random.choices(
            present, [each.weight for each in present], k=max(0, count - len(dealt))
        )
        self._random.shuffle(dealt)
        return dealt[:count]

    def _listing(self, kind: Kind, country: DemoCountry) -> tuple[ListingFields, str]:
        language = self._language(country)
        slugs = [each.slug for each in self._world.taxonomy.categories]
        slug = self._random.choices(slugs, [SOUGHT.get(each, 2) for each in slugs])[0]
        text = self._next_text(language, kind, slug)
        starts_at, ends_at = self._window(_OFFER_TIMES if kind is Kind.OFFER else None, text)
        fields = self._placed(
            ListingFields(
                kind=kind,
                categories=self._categories(kind, slug),
                urgency=text.urgency,
                title=text.title,
                text=text.text,
                languages=self._languages(country, language),
                locale=language,
                starts_at=starts_at,
                ends_at=ends_at,
            ),
            country,
        )
        if text.remote:
            return replace(fields, reach=self._weighted(_REACHES)), ""
        return replace(fields, radius_km=float(self._random.choice(_RADII_KM[kind]))), ""

    def _notice(self, kind: Kind, country: DemoCountry) -> tuple[ListingFields, str]:
        language = self._language(country)
        notice = self._random.choice(self._script.notices[language])
        as_text = DemoText(notice.title, notice.text, notice.urgency, remote=False)
        starts_at, ends_at = self._window(None, as_text)
        fields = ListingFields(
            kind=kind,
            categories=(notice.category,),
            urgency=notice.urgency,
            title=notice.title,
            text=notice.text,
            languages=(language,),
            locale=language,
            starts_at=starts_at,
            ends_at=ends_at,
            area_countries=(country.code,),
        )
        return self._placed(fields, country), self._script.organisations[language]

    def _language(self, country: DemoCountry) -> str:
        return self._random.choices(country.texts, _LANGUAGE_SHARES[: len(country.texts)])[0]

    def _languages(self, country: DemoCountry, written: str) -> tuple[str, ...]:
        """Languages the poster speaks: the one of the text, and often others."""
        others = [each for each in (*country.texts, *country.spoken) if each != written]
        return written, *(each for each in others if self._random.random() < 0.4)

    def _next_text(self, language: str, kind: Kind, slug: str) -> DemoText:
        """Texts come back only after all of their kind were used."""
        deck = self._decks.setdefault((language, kind, slug), [])
        if not deck:
            deck += self._script.texts[language, kind, slug]
            self._random.shuffle(deck)
        return deck.pop()

    def _categories(self, kind: Kind, slug: str) -> tuple[str, ...]:
        """The category of the text; an offer may cover a near one as well."""
        if kind is not Kind.OFFER or self._random.random() < 0.6:
            return (slug,)
        taxonomy = self._world.taxonomy
        affinity = taxonomy.affinity[taxonomy.id(slug)]
        near = [
            each.slug
            for each in taxonomy.categories
            if each.slug != slug and affinity[each.id] >= _NEAR_AFFINITY
        ]
        return (slug, self._random.choice(near)) if near else (slug,)

    def _window(
        self, times: tuple[float, float, float] | None, text: DemoText
    ) -> tuple[datetime, datetime]:
        """From when until when, around the moment; what is urgent is recent and short."""
        since, least, most = times or _TIMES[text.urgency]
        starts_at = self._moment - timedelta(days=self._random.uniform(0, since))
        ends_at = self._moment + timedelta(days=self._random.uniform(least, most))
        return starts_at.replace(microsecond=0), ends_at.replace(microsecond=0)

    def _placed(self, fields: ListingFields, country: DemoCountry) -> ListingFields:
        """In a quarter of one of the country's cities, whose name the text may say."""
        cities = self._world.cities[country.code]
        city = self._random.choices(cities, [each.population**0.8 for each in cities])[0]
        name = self._world.name(city.id, fields.locale)
        lat, lng = self._quarter(city, country.code)
        return replace(
            fields,
            title=_with_city(fields.title, name, fields.locale),
            text=_with_city(fields.text, name, fields.locale),
            cell=Place.at(lat, lng, _FINEST).cell,
            country=country.code,
            place_name=name,
        )

    def _quarter(self, city: City, country: str) -> tuple[float, float]:
        """A point near the centre of a city, on the ground of its country."""
        for _ in range(4):
            away_km = min(self._random.expovariate(math.log(2) / _QUARTER_KM[0]), _QUARTER_KM[1])
            bearing = self._random.uniform(0, 2 * math.pi)
            lat = city.lat + away_km * math.cos(bearing) / _KM_PER_DEGREE
            east = away_km * math.sin(bearing) / _KM_PER_DEGREE
            lng = city.lng + east / math.cos(math.radians(city.lat))
            if abs(lng) <= 180 and self._world.country_of(lat, lng) == country:
                return lat, lng
        return city.lat, city.lng

    def _weighted(self, shares: Sequence[tuple[_Item, int]]) -> _Item:
        return self._random.choices([item for item, _ in shares], [weight for _, weight in shares])[
            0
        ]


def _with_city(text: str, name: str, language: str) -> str:
    """The text with the city's name; French joins its article to the preposition."""
    filled = text.replace("{city}", name)
    return filled.replace("à Le ", "au ").replace("à Les ", "aux ") if language == "fr" else filled
