"""Alerts: the form, and the page after it."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import alerts
from board.errors import Invalid
from board.i18n import N_
from board.rhythms import Rhythm
from web import visitors, words
from web.forms.alert import AlertForm
from web.forms.place import find_place
from web.guards import Guard, GuardedBlueprint, viewer_id
from web.locale import current_locale
from web.places import Grid, grid_of_form
from web.words import current_board

blueprint = GuardedBlueprint("alerts", __name__, guard=Guard.PUBLIC, url_prefix="/alerts")


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """The empty form; members have one of their own, which asks for no address."""
    if viewer_id() is not None:
        return redirect(url_for("own_alerts.new"), 303)
    return _render(AlertForm.empty())


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Store the alert and say "look at your mail"; or give the form back as it was."""
    form = AlertForm()
    g.page_address = url_for("alerts.new")
    board, locale = current_board(), current_locale()
    if request.form.get("step"):
        find_place(form, board, tuple(form.categories.data), locale)
        if not form.place_given:
            form.refuse("place", N_("Say where: type the name of a town, quarter or village."))
        grid = grid_of_form(form, wanted=request.form["step"] == "grid")
        return _render(form, grid), 422 if form.refused else 200
    alert = form.read(board, locale)
    if alert is not None:
        try:
            if not visitors.is_trapped():
                alerts.save(board, alert, visitors.current_visitor())
            return redirect(url_for("alerts.sent"), 303)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
    return _render(form, grid_of_form(form)), 422


@blueprint.get("/sent")
def sent() -> str:
    """What to do next. It says the same for every address."""
    return render_template("alerts/sent.html")


def _render(form: AlertForm, grid: Grid | None = None) -> str:
    return render_template("alerts/new.html", form=form, grid=grid, **choices())


def choices() -> dict[str, object]:
    """What the questions of an alert offer, in the reader's language."""
    return {
        "category_groups": words.category_groups(),
        "languages": words.language_choices(),
        "kind_choices": [
            ("request", gettext("Requests for help"), "request", ""),
            ("offer", gettext("Offers of help"), "offer", ""),
            ("info", gettext("Official information"), "official", ""),
        ],
        "where_choices": [
            ("place", gettext("Around a place"), "place", ""),
            ("area", gettext("Inside an area that you draw"), "map", ""),
            ("remote", gettext("Far away: help that works at a distance"), "remote", ""),
        ],
        "urgency_choices": [
            ("0", gettext("Any, also without hurry")),
            ("1", gettext("This week or sooner")),
            ("2", gettext("Within two days or sooner")),
            ("3", gettext("Only today")),
        ],
        "rhythm_choices": [(each.value, words.rhythm_name(each)) for each in Rhythm],
    }
