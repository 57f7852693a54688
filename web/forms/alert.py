"""The form of an alert: what somebody wants to hear of, and where."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, ClassVar, Final, Self

import shapely
from flask_babel import lazy_gettext

from board.alerts import RADIUS_KM, NewAlert
from board.context import Board
from board.i18n import N_
from board.own_alerts import OwnAlert
from board.rhythms import Rhythm
from board.validation import email_address
from matcher.taxonomy import Kind
from web.forms.base import ChoicesField, TextField
from web.forms.listing import KINDS, URGENCIES
from web.forms.place import PlaceForm, find_place

WHERE: Final = ("place", "area", "remote")
DEFAULT_RADIUS_KM: Final = "15"


class OwnAlertForm(PlaceForm):
    """What a member who is known wants to hear of, where and how often."""

    RENAMED: ClassVar = {"remote": "where"}
    FIRST: ClassVar = ("kinds", "categories", "least_urgency", "where")

    where = TextField(lazy_gettext("Where should it be?"))
    radius_km = TextField(lazy_gettext("Distance around the place"))
    area = TextField(lazy_gettext("The area, as a GeoJSON polygon"))
    kinds = ChoicesField(lazy_gettext("What do you want to hear of?"))
    categories = ChoicesField(lazy_gettext("About what?"))
    least_urgency = TextField(lazy_gettext("How urgent, at least?"))
    languages = ChoicesField(lazy_gettext("In which languages?"))
    rhythm = TextField(lazy_gettext("How often may we write?"))

    @classmethod
    def empty(cls) -> Self:
        """A fresh form with its defaults."""
        return cls(
            formdata=None,
            data={
                "where": "place",
                "radius_km": DEFAULT_RADIUS_KM,
                "kinds": ["request"],
                "rhythm": Rhythm.INSTANT.value,
            },
        )

    @classmethod
    def of(cls, alert: OwnAlert) -> Self:
        """The form as an alert stands now."""
        drawn = alert.area is not None
        slugs = {kind: slug for slug, kind in KINDS.items()}
        return cls(
            formdata=None,
            data={
                "where": "remote" if alert.remote else "area" if drawn else "place",
                "place": "" if drawn else alert.place_name,
                "place_for": "" if drawn else alert.place_name,
                "cell": alert.cell,
                "radius_km": f"{alert.radius_km:g}" if alert.radius_km else DEFAULT_RADIUS_KM,
                "area": "" if alert.area is None else shapely.to_geojson(alert.area),
                "kinds": [slugs[kind] for kind in alert.kinds],
                "categories": alert.categories,
                "least_urgency": str(alert.least_urgency),
                "languages": alert.languages,
                "rhythm": alert.rhythm.value,
            },
        )

    @classmethod
    def elsewhere(cls, alert: OwnAlert) -> Self:
        """A fresh form that asks for the same at a place that is still to be said."""
        radius_km = alert.radius_km or float(DEFAULT_RADIUS_KM)
        return cls.of(
            replace(alert, remote=False, area=None, place_name="", cell="", radius_km=radius_km)
        )

    def terms(self, board: Board, locale: str) -> dict[str, Any] | None:
        """The fields of `board.alerts.Terms`, or None with the problems on the fields."""
        where = self.where.data
        if where not in WHERE:
            self.refuse("where", N_("Choose one of the answers of the list."))
        settled = radius_km = area = None
        if where == "area":
            area = self._area()
        elif where != "remote":
            settled = find_place(self, board, tuple(self.categories.data), locale)
            if not self.place_given and not self.place.errors:
                self.refuse("place", N_("Say where: type the name of a town, quarter or village."))
            radius_km = self._radius()
        kinds, least_urgency = self._kinds(), self._least_urgency()
        if self.refused:
            return None
        return {
            "remote": where == "remote",
            "area": area,
            "cell": settled.cell if settled else None,
            "place_name": settled.name if settled else "",
            "radius_km": radius_km,
            "kinds": kinds,
            "categories": tuple(self.categories.data),
            "least_urgency": least_urgency,
            "languages": tuple(self.languages.data),
            "rhythm": self.rhythm.data or Rhythm.INSTANT.value,
        }

    def _area(self) -> Any:
        typed = (self.area.data or "").strip()
        if not typed:
            self.refuse("area", N_("Draw the area: press the map at each of its corners."))
        try:
            return json.loads(typed or "null")
        except (ValueError, RecursionError):
            self.refuse("area", N_("This is not a GeoJSON polygon."))
            return None

    def _radius(self) -> float | None:
        return self.number("radius_km", *RADIUS_KM)

    def _kinds(self) -> tuple[Kind, ...]:
        unknown = [slug for slug in self.kinds.data if slug not in KINDS]
        if unknown:
            self.refuse("kinds", N_("Choose one of the answers of the list."))
        return tuple(KINDS[slug] for slug in self.kinds.data if slug in KINDS)

    def _least_urgency(self) -> int:
        typed = self.least_urgency.data or "0"
        if typed not in URGENCIES:
            self.refuse("least_urgency", N_("Choose one of the answers of the list."))
            return 0
        return int(typed)


class AlertForm(OwnAlertForm):
    """The same of somebody who is not signed in, and gives an address."""

    email = TextField(lazy_gettext("Your e-mail address"))

    def read(self, board: Board, locale: str) -> NewAlert | None:
        """What was typed as the board takes it, or None with the problems on the fields."""
        terms = self.terms(board, locale)
        self.check("email", lambda: email_address(self.email.data or ""))
        if terms is None or self.refused:
            return None
        return NewAlert(email=self.email.data or "", locale=locale, **terms)
