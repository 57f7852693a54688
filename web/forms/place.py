"""The place of a form: a typed name, a choice among several, or a cell of the map or the grid."""

from __future__ import annotations

from typing import Final

from flask_babel import lazy_gettext
from wtforms import Form

from board import places
from board.context import Board
from board.gazetteer import GazetteerPlace
from board.geocoding import Suggestion
from board.i18n import N_
from board.places import SettledPlace
from board.validation import Refused, clean_text, fold
from matcher.place import Place, PlaceError
from web.forms.base import PageForm, TextField

#: Candidates shown when a name belongs to several places.
CANDIDATES: Final = 8
PLACE_TEXT_MAX: Final = 120
#: Values of `precision`: the finest resolution that the poster wants to be kept.
PRECISIONS: Final = ("", "7", "6", "5")
GEONAMES_DIGITS: Final = 9


class PlaceFields(Form):
    """The fields of a place.

    `place_for` is the text for which `place_id` or `cell` was chosen: when the text has been
    changed since, the choice is forgotten.
    """

    place = TextField(lazy_gettext("Town, quarter or village"))
    place_id = TextField(lazy_gettext("Which of these places?"))
    place_for = TextField()
    cell = TextField(lazy_gettext("Where on the grid?"))
    precision = TextField(lazy_gettext("How precisely may it be shown?"))


class PlaceForm(PageForm, PlaceFields):
    """A form that asks for a place."""

    #: Filled by `find_place` when the typed name belongs to several places.
    candidates: list[GazetteerPlace]
    #: Filled by `find_place`.
    settled: SettledPlace | None
    #: Whether the place is that of official information, which is kept as it is.
    official: bool = False

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.candidates = []
        self.settled = None

    def forget_stale_choice(self) -> None:
        """Forget the choice made for another text than the one that stands there now."""
        if self.place_for.data and self.place_for.data != (self.place.data or ""):
            self.place_id.data = self.cell.data = self.place_for.data = ""

    @property
    def place_given(self) -> bool:
        """Whether anything was said about the place."""
        return bool(self.place.data or self.place_id.data or self.cell.data)


def find_place(
    form: PlaceForm,
    board: Board,
    categories: tuple[str, ...],
    locale: str,
    *,
    is_typing: bool = False,
) -> SettledPlace | None:
    """The place that the form names, or None with the problem or the candidates on the form.

    Nothing is guessed: a name of several places comes back as a question. While somebody
    `is_typing`, a half of a name is asked of nobody else.
    """
    form.forget_stale_choice()
    try:
        if form.cell.data:
            form.settled = _from_cell(form, board, categories, locale)
        elif form.place_id.data:
            form.settled = _from_id(form, board, form.place_id.data, categories, locale)
        elif form.place.data:
            form.settled = _from_name(form, board, categories, locale, online=not is_typing)
    except (Refused, PlaceError) as refusal:
        message = getattr(refusal, "message", N_("This is not a place on the map."))
        form.refuse("place", message, **getattr(refusal, "params", {}))
        form.cell.data = form.place_id.data = ""
    return form.settled


def search_name(board: Board, text: str, locale: str) -> list[GazetteerPlace]:
    """The places that a typed text may mean: only one where only one is called exactly so."""
    found = board.gazetteer.search(text, locale, limit=CANDIDATES)
    exact = [place for place in found if fold(text) in (fold(place.name), fold(place.matched))]
    return exact if len(exact) == 1 else found


def coarser_resolution(form: PlaceForm) -> int | None:
    """The resolution that the poster asked for, or None for the finest that is kept."""
    chosen = form.precision.data or ""
    if chosen not in PRECISIONS:
        raise Refused(N_("Choose one of the precisions of the list."))
    return int(chosen) if chosen else None


def _from_cell(
    form: PlaceForm, board: Board, categories: tuple[str, ...], locale: str
) -> SettledPlace:
    cell = Place.from_hex(str(form.cell.data)).cell
    return places.settle_cell(
        board.gazetteer,
        board.countries,
        cell,
        categories,
        locale,
        coarser=coarser_resolution(form),
        official=form.official,
    )


def _from_id(
    form: PlaceForm, board: Board, typed: str, categories: tuple[str, ...], locale: str
) -> SettledPlace:
    if not (typed.isascii() and typed.isdigit() and len(typed) <= GEONAMES_DIGITS):
        raise Refused(N_("Choose one of the places of the list."))
    return places.settle_name(
        board.gazetteer,
        board.countries,
        int(typed),
        categories,
        locale,
        coarser=coarser_resolution(form),
    )


def _from_name(
    form: PlaceForm, board: Board, categories: tuple[str, ...], locale: str, *, online: bool
) -> SettledPlace | None:
    text = clean_text(form.place.data or "", max_length=PLACE_TEXT_MAX)
    found = search_name(board, text, locale)
    if not found:
        # Only what the offline gazetteer does not know is asked for online, if at all.
        suggested = board.finder.find(text, categories, locale, limit=2) if online else []
        if suggested:
            return _found_online(form, suggested[0])
        raise Refused(
            N_(
                "We know no place called “%(name)s”. Try a larger town nearby, or another spelling."
            ),
            name=text[:60],
        )
    if len(found) == 1:
        form.place_id.data = str(found[0].id)
        form.place_for.data = form.place.data
        return _from_id(form, board, str(found[0].id), categories, locale)
    form.candidates = found
    form.place_for.data = form.place.data
    form.refuse("place_id", N_("Several places have this name: choose yours."))
    return None


def _found_online(form: PlaceForm, suggestion: Suggestion) -> SettledPlace:
    """Put the geocoder's answer on the form, to be seen and sent again: nothing is guessed."""
    form.cell.data = Place(suggestion.place.cell).hex
    form.place_for.data = form.place.data
    form.refuse(
        "place",
        N_("Is it this one: %(label)s? If so, send the form again; else type another name."),
        label=suggestion.label,
    )
    return suggestion.place
