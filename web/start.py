"""The way from one question to a listing: what and where, what it was taken for, a last look.

Nothing is stored on the way: each step carries what was said before it, and the last one is sent to
`web.listings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date

from board import consent
from board.i18n import N_
from board.nearby import Nearby, nearby
from board.validation import TEXT_MAX
from matcher.taxonomy import Kind, Urgency
from matcher.text import Suggestions
from web import dates, words
from web.forms.listing import POSTED
from web.forms.place import find_place
from web.forms.start import StartForm
from web.guards import Guard, GuardedBlueprint, viewer_id
from web.locale import current_locale
from web.places import grid_of_form
from web.words import current_board

blueprint = GuardedBlueprint("start", __name__, guard=Guard.PUBLIC, url_prefix="/start")

#: A shorter text says too little to be taken for anything while it is typed.
_SAYS_SOMETHING: Final = 8


@dataclass(frozen=True, slots=True)
class Taken:
    """What a text is taken for, as a page shows it."""

    kind: str
    category: str
    urgency: str
    nearby: Nearby | None


@blueprint.get("")
def what() -> str:
    """The first step alone, for whoever comes to this address."""
    return render_template("start/what.html", form=StartForm())


@blueprint.post("")
def again() -> str:
    """The first step with what was said, to say it otherwise."""
    form = StartForm()
    find_place(form, current_board(), (form.category.data or "",), current_locale())
    return render_template("start/what.html", form=form, grid=grid_of_form(form))


@blueprint.post("/check")
def check() -> ResponseReturnValue:
    """The second step: what the text was taken for, and who is near; nothing is sent yet."""
    form = _read()
    if form.refused or request.form.get("step"):
        return _first(form)
    return _checked(form)


@blueprint.post("/review")
def review() -> ResponseReturnValue:
    """The third step: all of it once more, and how to reach whoever asks."""
    form = _read()
    if form.refused:
        return _first(form)
    form.check_answers(current_board())
    if form.refused:
        return _checked(form, 422)
    board, locale = current_board(), current_locale()
    language = form.propose(board).language
    listing = form.as_listing(board, locale, language and language.value)
    tells = consent.tells_of_health(
        listing.title.data or "", listing.text.data or "", categories=tuple(listing.categories.data)
    )
    return render_template(
        "start/review.html",
        form=listing,
        kind=form.kind.data,
        settled=form.settled,
        tells_of_health=tells,
        last_day=format_date(dates.parse_day(listing.ends_on.data), "long"),
        is_guest=viewer_id() is None,
    )


@blueprint.post("/suggestions")
def suggestions() -> ResponseReturnValue:
    """A piece of the first page while somebody types: what it seems to be, and who is near."""
    form = StartForm()
    text = (form.words.data or "").strip()
    if not _SAYS_SOMETHING <= len(text) <= TEXT_MAX:
        return "", 204
    board = current_board()
    form.forget_unknown(board)
    form.propose(board)
    find_place(form, board, (form.category.data or "",), current_locale(), is_typing=True)
    return render_template("start/suggestions.html", taken=_taken(form), settled=form.settled)


def _read() -> StartForm:
    """The text and the place, judged."""
    form = StartForm()
    g.page_address = url_for("start.what")
    form.check_words()
    find_place(form, current_board(), (form.category.data or "",), current_locale())
    if not form.place_given:
        form.refuse("place", N_("Say where: type the name of a town, quarter or village."))
    return form


def _first(form: StartForm) -> ResponseReturnValue:
    """The first step with what was said: what is missing, or without script the place looked up."""
    grid = grid_of_form(form, wanted=request.form.get("step") == "grid")
    page = render_template("start/what.html", form=form, grid=grid)
    return page, 422 if form.refused else 200


def _checked(form: StartForm, status: int = 200) -> ResponseReturnValue:
    form.forget_unknown(current_board())
    found = form.propose(current_board())
    page = render_template(
        "start/check.html",
        form=form,
        likely=_likely(form, found),
        taken=_taken(form),
        settled=form.settled,
        category_groups=words.category_groups(),
        urgency_choices=[
            (value, words.urgency_name(int(value)), symbol, "")
            for value, _, symbol, _ in words.question_choices()["urgency_choices"]
        ],
    )
    return page, status


def _likely(form: StartForm, found: Suggestions) -> list[str]:
    """Slugs of the categories that are offered first; the chosen one is among them."""
    board = current_board()
    slugs = [board.taxonomy.slug(each.value) for each in found.categories]
    chosen = form.category.data
    if chosen and chosen not in slugs:
        slugs = [chosen, *slugs[:-1]]
    return slugs


def _taken(form: StartForm) -> Taken:
    """What the form says or was proposed; nothing in it is unknown."""
    kind, category = form.kind.data or "", form.category.data or ""
    urgency = form.urgency.data or str(int(Urgency.STANDING))
    around: Nearby | None = None
    if form.settled is not None and kind and category:
        around = nearby(
            current_board(),
            POSTED[kind],
            category,
            Urgency(int(urgency)) if POSTED[kind] is Kind.REQUEST else Urgency.STANDING,
            form.settled.cell,
            form.settled.country,
            viewer=viewer_id(),
        )
    return Taken(kind, category, urgency, around)
