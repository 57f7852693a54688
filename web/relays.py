"""The space of a relay: what was posted for others, and what became of it."""

from __future__ import annotations

from flask import abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import checking, relays
from board.errors import Invalid, KeyReused
from board.i18n import N_
from matcher.taxonomy import Kind
from web import words
from web.errors import error_response
from web.forms.listing import POSTED
from web.forms.place import find_place
from web.forms.relay import RelayForm
from web.guards import Guard, GuardedBlueprint, signed_in
from web.locale import current_locale
from web.places import Grid, grid_of_form
from web.words import current_board

blueprint = GuardedBlueprint("relays", __name__, guard=Guard.RELAY, url_prefix="/relay")


@blueprint.get("")
def index() -> str:
    """What this relay has posted, with its outcome."""
    found = relays.own(current_board(), signed_in().member_id)
    outcomes = {key: gettext(text) for key, text in relays.OUTCOMES.items()}
    return render_template("relays/index.html", relayed=found, outcomes=outcomes)


@blueprint.get("/new")
def new() -> str:
    """The form, for somebody who has agreed."""
    kind = _kind_of_address()
    return _render(RelayForm.empty(kind, current_board(), current_locale()), kind)


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Post it and show what to read out, once; or give the form back as it was."""
    kind, form, board = _kind_of_address(), RelayForm(), current_board()
    g.page_address = url_for("relays.new", kind=words.kind_slug(kind))
    if step := request.form.get("step"):
        find_place(form, board, tuple(form.categories.data), current_locale())
        if not form.place_given:
            form.refuse("place", N_("Say where: type the name of a town, quarter or village."))
        grid = grid_of_form(form, wanted=step == "grid")
        return _render(form, kind, grid), 422 if form.refused else 200
    listing = form.read(kind, board, current_locale())
    if listing is not None:
        try:
            dictated = relays.post(
                board,
                signed_in().member_id,
                listing,
                form.consent.data or "",
                form.key.data or "",
                health=listing.health,
            )
            return render_template("relays/code.html", dictated=dictated)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
        except KeyReused:
            return redirect(url_for("relays.index"), 303)
    return _render(form, kind, grid_of_form(form)), 422


@blueprint.post("/<public_id:public_id>/code")
def new_code(public_id: str) -> str:
    """Another code, shown once."""
    dictated = relays.new_code(current_board(), signed_in().member_id, public_id)
    return render_template("relays/code.html", dictated=dictated)


@blueprint.post("/<public_id:public_id>")
def act(public_id: str) -> ResponseReturnValue:
    """Close or extend a listing that this relay has posted."""
    try:
        relays.act(current_board(), signed_in().member_id, public_id, request.form.get("deed", ""))
    except Invalid as invalid:
        return error_response(400, invalid.problems[0].message)
    return redirect(url_for("relays.index"), 303)


def _kind_of_address() -> Kind:
    kind = POSTED.get(request.values.get("kind", "request"))
    if kind is None:
        abort(404)
    return kind


def _render(form: RelayForm, kind: Kind, grid: Grid | None = None) -> str:
    return render_template(
        "relays/new.html",
        form=form,
        kind=words.kind_slug(kind),
        grid=grid,
        action=url_for("relays.create", kind=words.kind_slug(kind)),
        most=checking.MAX_CATEGORIES[kind],
        category_groups=words.category_groups(),
        languages=words.language_choices(),
        consents=[(key, gettext(text), "check", "") for key, text in relays.CONSENTS.items()],
        **words.question_choices(),
    )
