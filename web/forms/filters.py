"""What the reader of the board looks for, kept in the address of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict

from board import places
from board.context import Board
from board.errors import Invalid
from board.gazetteer import GazetteerPlace
from board.i18n import N_
from board.places import SettledPlace
from board.searching import ListingFilter
from board.validation import Refused, clean_text, finite
from matcher.place import Place, PlaceError
from matcher.taxonomy import Kind
from web.forms.base import PageForm, TextField
from web.forms.listing import KINDS
from web.forms.place import PLACE_TEXT_MAX, search_name

DEFAULT_RADIUS_KM: Final = "25"
#: Names of the address that make a filter; anything else is left alone.
NAMES: Final = ("kind", "category", "urgency", "near", "place", "cell", "radius_km", "q", "page")
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)


class FilterForm(PageForm):
    """The form above the list. It only reads, so it carries no CSRF token."""

    q = TextField(lazy_gettext("Words"))
    near = TextField(lazy_gettext("Around a place"))
    radius_km = TextField(lazy_gettext("Kilometres around"))
    kind = TextField(lazy_gettext("Kind"))
    category = TextField(lazy_gettext("Subject"))
    urgency = TextField(lazy_gettext("Urgency"))
    place = TextField(lazy_gettext("Around a place"))
    cell = TextField(lazy_gettext("Around a place"))
    page = TextField(lazy_gettext("Page"))

    class Meta(PageForm.Meta):
        csrf = False


@dataclass(slots=True)
class Looking:
    """A filter as read from an address."""

    form: FilterForm
    wanted: ListingFilter | None = None
    #: The place, named in the reader's language.
    settled: SettledPlace | None = None
    #: Places that have the typed name, when there are several.
    candidates: list[GazetteerPlace] = field(default_factory=list)

    @property
    def plain(self) -> bool:
        """Whether nothing is asked."""
        return not any(self.form[name].data for name in NAMES)

    def arguments(self, **changes: Any) -> dict[str, str]:
        """The parts of the address that give this filter with changes; None leaves one out."""
        current = {name: self.form[name].data or "" for name in NAMES if name != "page"}
        merged = {**current, **{key: value or "" for key, value in changes.items()}}
        return {key: str(value) for key, value in merged.items() if value}

    def query(self, **changes: Any) -> str:
        """The same as a query string."""
        return urlencode(self.arguments(**changes))


def read_filter(arguments: MultiDict[str, str], board: Board, locale: str) -> Looking:
    """The filter of an address; problems lie on the fields of its form."""
    looking = Looking(FilterForm(formdata=arguments))
    _find_place(looking, board, locale)
    form = looking.form
    wanted = ListingFilter(
        kind=_kind(form),
        category=form.category.data or None,
        least_urgency=_whole(form, "urgency", 0, 3),
        cell=looking.settled.cell if looking.settled else None,
        radius_km=_radius(form) if looking.settled else None,
        words=form.q.data or "",
        page=_whole(form, "page", 1, 10_000),
    )
    if not form.refused and not looking.candidates:
        looking.wanted = wanted
    return looking


def refuse(looking: Looking, invalid: Invalid) -> None:
    """Put the board's problems on the form."""
    looking.form.refuse_all(invalid.problems)
    looking.wanted = None


def _kind(form: FilterForm) -> Kind | None:
    typed = form.kind.data or ""
    if typed and typed not in KINDS:
        form.refuse("kind", N_("Choose one of the answers of the list."))
    return KINDS.get(typed)


def _whole(form: FilterForm, name: str, least: int, most: int) -> int:
    typed = form[name].data or ""
    if not typed:
        return least
    if not _WHOLE.fullmatch(typed) or not least <= int(typed) <= most:
        form.refuse(
            name, N_("A number from %(least)g to %(most)g is accepted."), least=least, most=most
        )
        return least
    return int(typed)


def _radius(form: FilterForm) -> float | None:
    if not form.radius_km.data:
        form.radius_km.data = DEFAULT_RADIUS_KM
    try:
        return finite(form.radius_km.data.replace(",", "."), least=1, most=500)
    except Refused as refusal:
        form.refuse("radius_km", refusal.message, **refusal.params)
        return None


def _find_place(looking: Looking, board: Board, locale: str) -> None:
    """The place by its id or cell, unless another name was typed over it."""
    form = looking.form
    try:
        chosen = _chosen_place(form, board, locale)
    except (Refused, PlaceError):
        form.refuse("near", N_("This is not a place on the map."))
        return
    typed = form.near.data
    if chosen and (typed is None or typed == chosen.name):
        looking.settled = chosen
        form.near.data = chosen.name
        return
    form.place.data = form.cell.data = ""
    if typed and typed.strip():
        _search_name(looking, board, locale, typed)


def _chosen_place(form: FilterForm, board: Board, locale: str) -> SettledPlace | None:
    if form.cell.data:
        cell = Place.from_hex(form.cell.data).cell
        return places.settle_cell(board.gazetteer, board.countries, cell, (), locale)
    if form.place.data:
        if not _WHOLE.fullmatch(form.place.data):
            raise Refused(N_("This is not a place on the map."))
        return places.settle_name(
            board.gazetteer, board.countries, int(form.place.data), (), locale
        )
    return None


def _search_name(looking: Looking, board: Board, locale: str, typed: str) -> None:
    form = looking.form
    try:
        text = clean_text(typed, max_length=PLACE_TEXT_MAX)
    except Refused as refusal:
        form.refuse("near", refusal.message, **refusal.params)
        return
    found = search_name(board, text, locale)
    if not found:
        form.refuse("near", N_("We know no place of this name. Try a larger town nearby."))
    elif len(found) > 1:
        looking.candidates = found
    else:
        form.place.data = str(found[0].id)
        looking.settled = places.settle_name(
            board.gazetteer, board.countries, found[0].id, (), locale
        )
        form.near.data = looking.settled.name


def urgency_choices() -> list[tuple[str, str]]:
    """Least urgency of the filter: (value, words)."""
    return [
        ("", gettext("Any")),
        ("3", gettext("Today")),
        ("2", gettext("Within two days or sooner")),
        ("1", gettext("This week or sooner")),
    ]
