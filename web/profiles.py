"""One's profile: what a member tells of oneself, and two coarse places."""

from __future__ import annotations

from typing import Literal

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import profiles
from board.errors import Invalid
from board.i18n import N_
from web import words
from web.forms.place import find_place
from web.forms.profile import ProfileForm, ProfilePlaceForm
from web.guards import Guard, GuardedBlueprint, signed_in
from web.locale import current_locale
from web.places import Grid, grid_of_form
from web.words import current_board

blueprint = GuardedBlueprint("profiles", __name__, guard=Guard.MEMBER, url_prefix="/me/profile")

Where = Literal["here", "there"]


@blueprint.get("")
def show() -> str:
    """The form as the profile stands now."""
    return _render(ProfileForm.of(profiles.get(current_board(), signed_in().member_id)))


@blueprint.post("")
def save() -> ResponseReturnValue:
    """Keep what was typed; or give the form back as it was."""
    form = ProfileForm(request.form)
    try:
        profiles.save(current_board(), signed_in().member_id, form.read())
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(form), 422
    return redirect(url_for("profiles.show"), 303)


@blueprint.get("/<any(here, there):where>")
def place(where: Where) -> str:
    """The form of one of the two places."""
    return _render_place(ProfilePlaceForm(formdata=None), where)


@blueprint.post("/<any(here, there):where>")
def set_place(where: Where) -> ResponseReturnValue:
    """Keep the place, coarsely; or forget it; or give the form back as it was."""
    board, form = current_board(), ProfilePlaceForm()
    g.page_address = url_for("profiles.place", where=where)
    step = request.form.get("step", "")
    if step == "forget":
        profiles.set_place(board, signed_in().member_id, where, None, "")
        return redirect(url_for("profiles.show"), 303)
    settled = find_place(form, board, (), current_locale())
    if not form.place_given:
        form.refuse("place", N_("Say where: type the name of a town, quarter or village."))
    if step or settled is None or form.refused:
        grid = grid_of_form(form, wanted=step == "grid")
        return _render_place(form, where, grid), 422 if form.refused else 200
    try:
        profiles.set_place(board, signed_in().member_id, where, settled.cell, settled.name)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render_place(form, where), 422
    return redirect(url_for("profiles.show"), 303)


def _render(form: ProfileForm) -> str:
    return render_template(
        "profiles/show.html",
        form=form,
        profile=profiles.get(current_board(), signed_in().member_id),
        languages=words.language_choices(),
        category_groups=words.category_groups(),
        time_zones=[(name, name.replace("_", " ")) for name in profiles.time_zones()],
    )


def _render_place(form: ProfilePlaceForm, where: Where, grid: Grid | None = None) -> str:
    return render_template("profiles/place.html", form=form, where=where, grid=grid)
