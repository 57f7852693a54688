"""The forms of organisations: applying, judging, colleagues."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

from flask_babel import lazy_gettext

from board.i18n import N_
from board.organisations import NewOrganisation
from board.verification import Decision
from web.forms.base import ChoicesField, PageForm, SwitchField, TextField

_POLYGON_MAX: Final = 60_000


def polygon(form: PageForm, field: str) -> dict[str, Any] | None:
    """The GeoJSON object typed into a field; None where it is empty or was refused."""
    typed = (form[field].data or "").strip()
    if not typed:
        return None
    try:
        if len(typed) > _POLYGON_MAX:
            raise ValueError("too long")
        area = json.loads(typed, parse_constant=_no_constant)
        if not isinstance(area, dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError):
        form.refuse(field, N_("A polygon in the GeoJSON format is accepted."))
        return None
    return area


def _no_constant(name: str) -> float:
    """JSON has no NaN and no infinities, whatever Python's reader takes."""
    raise ValueError(f"{name} is not JSON")


class OrganisationForm(PageForm):
    """What an organisation says of itself when it applies; the board judges it."""

    kind = TextField(lazy_gettext("What kind of organisation is it?"))
    name = TextField(lazy_gettext("Its name"))
    country = TextField(lazy_gettext("Its own country"))
    countries = ChoicesField(lazy_gettext("For which countries does it speak?"))
    website = TextField(lazy_gettext("Its website"))
    phone = TextField(lazy_gettext("Its line for emergencies"))
    note = TextField(lazy_gettext("How can we check that you speak for it?"))
    email = TextField(lazy_gettext("Your e-mail address there"))

    def read(self, locale: str) -> NewOrganisation:
        """What was typed, as the board takes it."""
        return NewOrganisation(
            kind=self.kind.data or "",
            name=self.name.data or "",
            country=self.country.data or "",
            countries=tuple(self.countries.data),
            website=self.website.data or "",
            phone=self.phone.data or "",
            note=self.note.data or "",
            email=self.email.data or "",
            locale=locale,
        )


class DecisionForm(PageForm):
    """What an administrator decides."""

    verdict = TextField(lazy_gettext("What do you decide?"))
    evidence = TextField(lazy_gettext("How you checked it, or why not"))
    countries = ChoicesField(lazy_gettext("Countries for which it may speak"))
    area = TextField(lazy_gettext("A narrower area, as a GeoJSON polygon"))
    phone = TextField(lazy_gettext("Its line for emergencies"))

    def read(self) -> Decision | None:
        """What was typed as the board takes it; None with the problem on the area."""
        area = polygon(self, "area")
        if self.refused:
            return None
        return Decision(
            verdict=self.verdict.data or "",
            evidence=self.evidence.data or "",
            countries=tuple(self.countries.data),
            area=area,
            phone=self.phone.data or "",
        )


class ColleagueForm(PageForm):
    """Somebody who shall act for the organisation."""

    RENAMED: ClassVar = {"member": "email"}

    email = TextField(lazy_gettext("E-mail address of a colleague"))
    role = TextField(lazy_gettext("What may this person do?"))


class QuestionForm(PageForm):
    """A private question."""

    text = TextField(lazy_gettext("Your question"))
    health = SwitchField(lazy_gettext("What is told of health"))
    email = TextField(lazy_gettext("Your e-mail address"))


class ReplyForm(PageForm):
    """An answer to a question."""

    text = TextField(lazy_gettext("Your answer"))
    published_question = TextField(lazy_gettext("The question in your own words, for everybody"))
