"""The form of an alert: what somebody wants to hear of, and where."""

from __future__ import annotations

from typing import ClassVar, Final

from flask_babel import lazy_gettext

from board.alerts import RADIUS_KM, NewAlert
from board.context import Board
from board.i18n import N_
from board.validation import email_address
from matcher.taxonomy import Kind
from web.forms.base import ChoicesField, TextField
from web.forms.listing import KINDS
from web.forms.place import PlaceForm, find_place

WHERE: Final = ("place", "remote")
DEFAULT_RADIUS_KM: Final = "15"


class AlertForm(PlaceForm):
    """What somebody types to be told."""

    RENAMED: ClassVar = {"remote": "where"}
    FIRST: ClassVar = ("kinds", "categories", "least_urgency", "where")

    where = TextField(lazy_gettext("Where should it be?"))
    radius_km = TextField(lazy_gettext("Distance around the place"))
    kinds = ChoicesField(lazy_gettext("What do you want to hear of?"))
    categories = ChoicesField(lazy_gettext("About what?"))
    least_urgency = TextField(lazy_gettext("How urgent, at least?"))
    languages = ChoicesField(lazy_gettext("In which languages?"))
    email = TextField(lazy_gettext("Your e-mail address"))

    @classmethod
    def empty(cls) -> AlertForm:
        """A fresh form with its defaults."""
        defaults = {"where": "place", "radius_km": DEFAULT_RADIUS_KM, "kinds": ["request"]}
        return cls(formdata=None, data=defaults)

    def read(self, board: Board, locale: str) -> NewAlert | None:
        """What was typed as the board takes it, or None with the problems on the fields."""
        remote = self.where.data == "remote"
        if self.where.data not in WHERE:
            self.refuse("where", N_("Choose one of the two answers."))
        settled = None if remote else find_place(self, board, tuple(self.categories.data), locale)
        if not remote and not self.place_given and not self.place.errors:
            self.refuse("place", N_("Say where: type the name of a town, quarter or village."))
        radius_km = None if remote else self._radius()
        kinds = self._kinds()
        least_urgency = self._least_urgency()
        self.check("email", lambda: email_address(self.email.data or ""))
        if self.refused:
            return None
        return NewAlert(
            email=self.email.data or "",
            locale=locale,
            remote=remote,
            cell=settled.cell if settled else None,
            place_name=settled.name if settled else "",
            radius_km=radius_km,
            kinds=kinds,
            categories=tuple(self.categories.data),
            least_urgency=least_urgency,
            languages=tuple(self.languages.data),
        )

    def _radius(self) -> float | None:
        return self.number("radius_km", *RADIUS_KM)

    def _kinds(self) -> tuple[Kind, ...]:
        unknown = [slug for slug in self.kinds.data if slug not in KINDS]
        if unknown:
            self.refuse("kinds", N_("Choose one of the answers of the list."))
        return tuple(KINDS[slug] for slug in self.kinds.data if slug in KINDS)

    def _least_urgency(self) -> int:
        typed = self.least_urgency.data or "0"
        if typed not in {"0", "1", "2", "3"}:
            self.refuse("least_urgency", N_("Choose one of the answers of the list."))
            return 0
        return int(typed)
