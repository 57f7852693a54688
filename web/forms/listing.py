"""The form of a request, an offer or official information."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final

from flask_babel import lazy_gettext

from board import consent
from board.checking import HOW_MANY, MAX_CATEGORIES, PLACES_NEEDED, RADIUS_KM
from board.context import Board
from board.i18n import N_
from board.places import SettledPlace
from board.posting import NewListing
from board.validation import (
    TEXT_MAX,
    TITLE_MAX,
    Refused,
    clean_text,
    email_address,
    required_text,
)
from matcher.taxonomy import Kind, Reach, Urgency
from web import dates
from web.forms.base import ChoicesField, SwitchField, TextField
from web.forms.place import PlaceForm, find_place
from web.guards import current_member

#: Kinds as addresses name them; official information has a form of its own.
POSTED: Final = {"request": Kind.REQUEST, "offer": Kind.OFFER}
KINDS: Final = {"request": Kind.REQUEST, "offer": Kind.OFFER, "info": Kind.INFO}
REACHES: Final = {
    "local": Reach.LOCAL,
    "country": Reach.COUNTRY,
    "language": Reach.LANGUAGE,
    "world": Reach.WORLD,
}
#: Days that a listing is open unless the poster says otherwise.
OPEN_DAYS: Final = {Kind.REQUEST: 14, Kind.OFFER: 60, Kind.INFO: 30}
#: Levels of urgency, as forms send them.
URGENCIES: Final = frozenset(str(int(level)) for level in Urgency)
#: How many people are needed, or can be helped at a time, unless the poster says otherwise.
PLACES: Final = {Kind.REQUEST: 1, Kind.OFFER: 3, Kind.INFO: 1}
DEFAULT_RADIUS_KM: Final = "10"
_POLYGON_MAX: Final = 60_000


class ListingForm(PlaceForm):
    """What somebody types to post a listing."""

    RENAMED: ClassVar = {"from": "starts_on", "until": "ends_on"}
    FIRST: ClassVar = ("categories", "title", "text", "urgency", "area_countries", "area")

    key = TextField()
    categories = ChoicesField(lazy_gettext("What is it about?"))
    title = TextField(lazy_gettext("In one sentence"))
    text = TextField(lazy_gettext("Tell a little more"))
    urgency = TextField(lazy_gettext("How urgent is it?"))
    area_countries = ChoicesField(lazy_gettext("Countries it is about"))
    area = TextField(lazy_gettext("A narrower area, as a GeoJSON polygon"))
    reach = TextField(lazy_gettext("How far may the help come from?"))
    radius_km = TextField(lazy_gettext("Distance around the place"))
    places_needed = TextField(lazy_gettext("How many people?"))
    starts_on = TextField(lazy_gettext("From"))
    ends_on = TextField(lazy_gettext("Until, this day included"))
    languages = ChoicesField(lazy_gettext("Languages you speak"))
    email = TextField(lazy_gettext("Your e-mail address"))
    health = SwitchField(lazy_gettext("What is told of health"))
    notify = SwitchField(lazy_gettext("News by mail"), default=True)

    @classmethod
    def empty(cls, kind: Kind, board: Board, locale: str) -> ListingForm:
        """A fresh form with its defaults and a key of its own."""
        day = dates.today(board)
        return cls(
            formdata=None,
            data={
                "key": secrets.token_urlsafe(16),
                "urgency": "" if kind is Kind.REQUEST else "0",
                "reach": "local",
                "radius_km": DEFAULT_RADIUS_KM,
                "places_needed": str(PLACES[kind]),
                "starts_on": day.isoformat(),
                "ends_on": (day + timedelta(days=OPEN_DAYS[kind])).isoformat(),
                "languages": [locale],
            },
        )

    def read(self, kind: Kind, board: Board, locale: str) -> NewListing | None:
        """What was typed as the board takes it, or None with the problems on the fields."""
        self.official = kind is Kind.INFO
        settled = find_place(self, board, tuple(self.categories.data), locale)
        reach = self._reach(kind)
        if self._place_is_missing(kind, reach):
            self.refuse("place", N_("Say where: type the name of a town, quarter or village."))
        starts_at, ends_at = self._window(board, settled)
        values = self._plain_values(kind, locale)
        radius_km = self._radius(kind, reach)
        places_needed = self._places_needed(kind)
        self._check_words(kind)
        self._check_health(kind)
        self.check_poster()
        if self.refused or reach is None:
            return None
        return NewListing(
            **values,
            cell=settled.cell if settled else None,
            country=settled.country if settled else "",
            place_name=settled.name if settled else "",
            reach=reach,
            radius_km=radius_km,
            places_needed=places_needed,
            starts_at=starts_at,
            ends_at=ends_at,
        )

    def _check_words(self, kind: Kind) -> None:
        """What the board would refuse in any case."""
        most = MAX_CATEGORIES[kind]
        if not 1 <= len(self.categories.data) <= most:
            self.refuse("categories", HOW_MANY[kind], most=most)
        self.check("title", lambda: required_text(self.title.data or "", max_length=TITLE_MAX))
        read_text = required_text if kind is Kind.INFO else clean_text
        text = self.text.data or ""
        self.check("text", lambda: read_text(text, max_length=TEXT_MAX, multiline=True))
        if kind is Kind.INFO and not self.area_countries.data:
            self.refuse("area_countries", N_("Choose the country or countries it is about."))

    def _check_health(self, kind: Kind) -> None:
        """What is told of health needs a box that is ticked; the board asks the same."""
        if self.title.errors or self.text.errors:
            # What is too long anyway is not read word by word.
            return
        typed = (self.title.data or "", self.text.data or "")
        tells = consent.tells_of_health(*typed, categories=tuple(self.categories.data))
        if kind is not Kind.INFO and tells and not self.health.data:
            self.refuse("health", consent.NEEDED)

    def check_poster(self) -> None:
        """A guest gives an address."""
        if current_member() is None:
            self.check("email", lambda: email_address(self.email.data or ""))

    def _plain_values(self, kind: Kind, locale: str) -> dict[str, Any]:
        """What needs no place to be understood."""
        info = kind is Kind.INFO
        return {
            "kind": kind,
            "categories": tuple(self.categories.data),
            "urgency": self._urgency(),
            "title": self.title.data or "",
            "text": self.text.data or "",
            "languages": tuple(self.languages.data),
            "locale": locale,
            "email": self.email.data or "",
            "health": self.health.data,
            "notify": self.notify.data and not info,
            "area_countries": tuple(self.area_countries.data) if info else (),
            "area": self._polygon() if info else None,
        }

    def _place_is_missing(self, kind: Kind, reach: Reach | None) -> bool:
        needed = kind is not Kind.INFO and reach in (Reach.LOCAL, Reach.COUNTRY)
        return needed and not self.place_given and not self.place.errors

    def _urgency(self) -> int:
        typed = self.urgency.data or ""
        if typed not in URGENCIES:
            self.refuse("urgency", N_("Choose one of the four answers."))
            return 0
        return int(typed)

    def _reach(self, kind: Kind) -> Reach | None:
        if kind is Kind.INFO:
            return Reach.LOCAL
        reach = REACHES.get(self.reach.data or "")
        if reach is None:
            self.refuse("reach", N_("Choose one of the four answers."))
        return reach

    def _radius(self, kind: Kind, reach: Reach | None) -> float | None:
        if kind is Kind.INFO or reach is not Reach.LOCAL:
            return None
        return self.number("radius_km", *RADIUS_KM)

    def _places_needed(self, kind: Kind) -> int:
        """How many people; a form without the question means what is proposed."""
        if kind is Kind.INFO or self.places_needed.data is None:
            return PLACES[kind]
        least, most = PLACES_NEEDED
        typed = self.places_needed.data.strip()
        if typed.isascii() and typed.isdigit() and len(typed) < 4 and least <= int(typed) <= most:
            return int(typed)
        message = N_("A whole number from %(least)d to %(most)d is accepted.")
        self.refuse("places_needed", message, least=least, most=most)
        return least

    def _window(self, board: Board, settled: SettledPlace | None) -> tuple[datetime, datetime]:
        """The two days as moments at the place: from its first midnight to its last."""
        zone = dates.zone_of(board, settled.cell if settled else None)
        moments = []
        for name, moment_of in (("starts_on", dates.start_of), ("ends_on", dates.end_of)):
            try:
                moments.append(moment_of(dates.parse_day(self[name].data), zone))
            except (Refused, OverflowError) as refusal:
                message = getattr(refusal, "message", N_("This date is out of range."))
                self.refuse(name, message, **getattr(refusal, "params", {}))
                moments.append(datetime.combine(date(2000, 1, 1), datetime.min.time(), UTC))
        return moments[0], moments[1]

    def _polygon(self) -> dict[str, Any] | None:
        typed = (self.area.data or "").strip()
        if not typed:
            return None
        try:
            if len(typed) > _POLYGON_MAX:
                raise ValueError("too long")
            area = json.loads(typed, parse_constant=_no_constant)
            if not isinstance(area, dict):
                raise ValueError("not an object")
        except (ValueError, RecursionError):
            self.refuse("area", N_("A polygon in the GeoJSON format is accepted."))
            return None
        return area


def _no_constant(name: str) -> float:
    """JSON has no NaN and no infinities, whatever Python's reader takes."""
    raise ValueError(f"{name} is not JSON")
