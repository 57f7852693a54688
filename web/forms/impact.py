"""Which figures the reader of the impact page wants, kept in the address of the page."""

from __future__ import annotations

import re
from typing import Any, Final

from flask_babel import lazy_gettext, ngettext
from werkzeug.datastructures import MultiDict

from board.i18n import N_
from board.statistics import SPANS, Scope
from web.forms.base import PageForm, TextField

#: Names of the address that make a scope; anything else is left alone.
NAMES: Final = ("weeks", "category", "country")
_WHOLE = re.compile(r"\d{1,3}", re.ASCII)


class ImpactForm(PageForm):
    """The form above the figures. It only reads, so it carries no CSRF token."""

    weeks = TextField(lazy_gettext("Time"))
    category = TextField(lazy_gettext("Subject"))
    country = TextField(lazy_gettext("Country"))

    class Meta(PageForm.Meta):
        csrf = False

    def arguments(self) -> dict[str, str]:
        """The parts of the address that give these figures."""
        return {name: self[name].data for name in NAMES if self[name].data}


def read_scope(arguments: MultiDict[str, str]) -> tuple[ImpactForm, Scope | None]:
    """The form of an address, and what it asks for; None where a number is none.

    The board judges whether there is such a span, category or country.
    """
    form = ImpactForm(formdata=arguments)
    typed = form.weeks.data or str(SPANS[0])
    if not _WHOLE.fullmatch(typed):
        codes = ", ".join(map(str, SPANS))
        form.refuse("weeks", N_("One of these is accepted: %(codes)s."), codes=codes)
        return form, None
    given: dict[str, Any] = {name: form[name].data or None for name in ("category", "country")}
    return form, Scope(weeks=int(typed), **given)


def week_choices() -> list[tuple[str, str]]:
    """Spans of the form: (value, words)."""
    return [
        (str(weeks), ngettext("The last %(num)s week", "The last %(num)s weeks", weeks))
        for weeks in SPANS
    ]
