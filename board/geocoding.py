"""Finding a place from what was typed: by an online geocoder if there is one, else offline.

The geocoder is off unless the operator names one. The server asks it, without the visitor's
address, and its answer is coarsened before anything else sees it. When it cannot be reached the
offline gazetteer answers.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final, NoReturn, Self
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from geopy.adapters import URLLibAdapter
from geopy.exc import GeocoderServiceError, GeocoderTimedOut, GeopyError
from geopy.geocoders import BANFrance, Nominatim, Photon

from board.countries import Countries
from board.gazetteer import Gazetteer, name_resolution
from board.i18n import LOCALES
from board.places import COARSEST, FINEST, SettledPlace, settle_cell, settle_name
from config.settings import Settings
from matcher.place import Place

log = logging.getLogger(__name__)

_SERVICES: Final[Mapping[str, Any]] = {"photon": Photon, "nominatim": Nominatim, "ban": BANFrance}
#: Languages that a service can answer in, where these are not all.
_LANGUAGES: Final[Mapping[str, tuple[str, ...]]] = {"photon": ("fr", "en"), "ban": ()}
_USER_AGENT: Final = "entraide"
_TIMEOUT_S: Final = 2.0
_LONGEST_ANSWER: Final = 1_000_000
#: After a failure the geocoder is left alone for so long: nobody waits for it twice.
_PAUSE_S: Final = 30.0
_LONGEST_TEXT: Final = 300

#: The network fails in its ways, and an answer that is not checked for its form in any way.
_UNUSABLE: Final = (
    *(GeopyError, OSError, HTTPException),
    *(ValueError, LookupError, TypeError, AttributeError, RecursionError),
)

#: What the services call the thing they found, by how much its position tells.
_ADDRESSES: Final = frozenset({"house", "housenumber", "building", "street", "road"})
_QUARTERS: Final = frozenset(
    {"locality", "district", "suburb", "quarter", "neighbourhood", "hamlet", "village"}
)
_TOO_LARGE: Final = frozenset(
    {"country", "state", "region", "province", "county", "state_district", "continent"}
)
_QUARTER_RESOLUTION: Final = 7
#: The largest town this near says how precise the name of a town is.
_TOWN_KM: Final = 10


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A place that may be meant."""

    #: For the eyes of whoever typed, never to be kept: it may hold an address.
    label: str
    place: SettledPlace


@dataclass(frozen=True, slots=True)
class Located:
    """One answer of a geocoder, which lives until it is settled."""

    label: str
    lat: float
    lng: float
    #: The service's own word for what it found, such as "street" or "city".
    sort: str


class GeocoderAway(Exception):
    """The geocoder gave no answer that can be used."""


class OnlineGeocoder:
    """One of the geocoders that geopy speaks to: "photon", "nominatim" or "ban"."""

    def __init__(
        self,
        service: str,
        domain: str | None = None,
        *,
        scheme: str = "https",
        timeout_s: float = _TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # geopy logs the addresses it opens, and with them what was typed.
        logging.getLogger("geopy").setLevel(logging.WARNING)
        options: dict[str, Any] = {"domain": domain} if domain else {}
        self._service = service
        self._geocoder = _SERVICES[service](
            scheme=scheme,
            timeout=timeout_s,
            user_agent=_USER_AGENT,
            adapter_factory=_BoundedAdapter,
            **options,
        )
        self._clock = clock
        self._paused_until = -math.inf

    def locate(self, text: str, locale: str, limit: int) -> list[Located]:
        """What the service finds; raises GeocoderAway when it cannot be asked or understood."""
        if self._clock() < self._paused_until:
            raise GeocoderAway
        languages = _LANGUAGES.get(self._service, LOCALES)
        options = {"language": locale} if locale in languages else {}
        try:
            answers = self._geocoder.geocode(text, exactly_one=False, limit=limit, **options)
            return [_located(answer) for answer in answers or ()]
        except _UNUSABLE as error:
            self._fail(error)

    def _fail(self, error: Exception) -> NoReturn:
        self._paused_until = self._clock() + _PAUSE_S
        log.warning("the geocoder gave no answer: %s", type(error).__name__)
        raise GeocoderAway from error


class _NoRedirect(HTTPRedirectHandler):
    """Leaves a redirect as it is: only the server that the operator named is ever asked."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


class _BoundedAdapter(URLLibAdapter):  # type: ignore[misc]
    """Reads an answer within one time limit and one length, however slowly it drips."""

    def __init__(self, *, proxies: dict[str, str] | None, ssl_context: Any) -> None:
        super().__init__(proxies=proxies, ssl_context=ssl_context)
        opener = build_opener(
            HTTPSHandler(context=ssl_context), ProxyHandler(proxies), _NoRedirect()
        )
        self.urlopen = opener.open

    def get_json(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> Any:
        return _on_earth(super().get_json(url, timeout=timeout, headers=headers))

    def get_text(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> str:
        deadline = time.monotonic() + timeout
        body = bytearray()
        request = Request(url, headers=dict(headers))  # noqa: S310 (the scheme is our own)
        try:
            with self.urlopen(request, timeout=timeout) as page:
                while chunk := page.read1(65_536):
                    body += chunk
                    if time.monotonic() > deadline:
                        raise GeocoderTimedOut("the answer took too long")
                    if len(body) > _LONGEST_ANSWER:
                        raise GeocoderServiceError("the answer is too long")
        except HTTPError as error:
            error.close()
            raise GeocoderServiceError(f"status {error.code}") from None
        return body.decode("utf-8")


def _on_earth(answer: Any) -> Any:
    """The answer without what has no position on Earth: geopy would wrap it, or invent one.

    A malformed answer raises what it may.
    """
    if isinstance(answer, list):
        return [each for each in answer if _is_position(each["lat"], each["lon"])]
    found = []
    for each in answer["features"]:
        lng, lat = each["geometry"]["coordinates"][:2]
        if _is_position(lat, lng):
            found.append(each)
    return {**answer, "features": found}


def _is_position(lat: Any, lng: Any) -> bool:
    return -90 <= float(lat) <= 90 and -180 <= float(lng) <= 180


def _located(answer: Any) -> Located:
    """One answer of geopy. Photon and BAN speak GeoJSON, Nominatim a form of its own."""
    raw = answer.raw
    sort = raw.get("addresstype") or raw.get("properties", raw).get("type")
    label = str(answer.address)[:_LONGEST_TEXT]
    return Located(label, answer.latitude, answer.longitude, str(sort))


class PlaceFinder:
    """Suggests places for a typed text, online where the operator chose so, always offline too."""

    def __init__(
        self, gazetteer: Gazetteer, countries: Countries, online: OnlineGeocoder | None = None
    ) -> None:
        self._gazetteer = gazetteer
        self._countries = countries
        self._online = online

    @classmethod
    def from_settings(cls, settings: Settings, gazetteer: Gazetteer, countries: Countries) -> Self:
        """With the geocoder that the settings name, if any."""
        if settings.geocoder == "none":
            return cls(gazetteer, countries)
        online = OnlineGeocoder(settings.geocoder, settings.geocoder_domain)
        return cls(gazetteer, countries, online)

    def find(
        self, text: str, categories: Iterable[str], locale: str, limit: int = 8
    ) -> list[Suggestion]:
        """Places that the text may mean; those of the geocoder first, at most half of them.

        Never raises for a geocoder that is slow, broken or away: the gazetteer's places remain.
        """
        sensitive = tuple(categories)
        online = self._found_online(text, sensitive, locale, max(1, limit // 2))
        found = {(each.place.cell, each.place.name): each for each in online}
        for named in self._gazetteer.search(text, locale, limit):
            place = settle_name(self._gazetteer, self._countries, named.id, sensitive, locale)
            found.setdefault((place.cell, place.name), Suggestion(named.label, place))
        return list(found.values())[:limit]

    def _found_online(
        self, text: str, categories: tuple[str, ...], locale: str, limit: int
    ) -> Iterator[Suggestion]:
        # Half characters and control characters belong in no address that is opened.
        asked = "".join(filter(str.isprintable, text)).strip()
        if self._online is None or not asked or len(asked) > _LONGEST_TEXT:
            return
        try:
            located = self._online.locate(asked, locale, limit)
        except GeocoderAway:
            return
        for each in located[:limit]:
            place = self._settled(each, categories, locale)
            if place is not None:
                yield Suggestion(each.label, place)

    def _settled(
        self, located: Located, categories: tuple[str, ...], locale: str
    ) -> SettledPlace | None:
        """The place coarsened to what its sort tells, named by its cell; None for a country."""
        if located.sort in _TOO_LARGE:
            return None
        place = Place.at(located.lat, located.lng, FINEST)
        if located.sort in _ADDRESSES:
            resolution = FINEST
        elif located.sort in _QUARTERS:
            resolution = _QUARTER_RESOLUTION
        else:
            resolution = self._town_resolution(place, locale)
        # By its ancestors, as every other door coarsens: one position has one cell.
        cell = place.coarsened(resolution).cell
        return settle_cell(self._gazetteer, self._countries, cell, categories, locale)

    def _town_resolution(self, place: Place, locale: str) -> int:
        """How precise the name of a town near `place` is.

        Whole cells are judged, the coarsest first, so that the resolution that comes out says no
        more of the position than the cell does.
        """
        for resolution in (COARSEST, COARSEST + 1):
            center = place.coarsened(resolution).center
            town = self._gazetteer.largest_near(*center, _TOWN_KM, locale)
            if name_resolution(town.population if town else 0) <= resolution:
                return resolution
        return _QUARTER_RESOLUTION
