"""Alerts: the form, the page after it, and leaving in one click."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import validate_csrf
from wtforms import ValidationError

from board import alerts
from board.errors import Invalid
from board.i18n import N_
from board.rhythms import Rhythm
from web import visitors, words
from web.errors import error_response
from web.forms.alert import AlertForm
from web.forms.place import find_place
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.places import Grid, grid_of_form
from web.words import current_board

blueprint = GuardedBlueprint("alerts", __name__, guard=Guard.PUBLIC, url_prefix="/alerts")
unsubscribe_blueprint = GuardedBlueprint(
    "unsubscribe", __name__, guard=Guard.LINK, url_prefix="/unsubscribe"
)

#: The body that RFC 8058 prescribes for a mail program that unsubscribes by itself.
ONE_CLICK = ("List-Unsubscribe", "One-Click")


@blueprint.get("/new")
def new() -> str:
    """The empty form."""
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


@unsubscribe_blueprint.get("/<token>")
def show(token: str) -> str:
    """One button. Looking changes nothing: mail scanners look too."""
    alerts.token_alert(current_board(), token)
    return render_template("unsubscribe/show.html", token=token)


@unsubscribe_blueprint.post("/<token>")
def one_click(token: str) -> ResponseReturnValue:
    """End the alert: from the button of our page, or from a mail program (RFC 8058).

    A mail program has no session, so this address is exempt from the CSRF check; the token is
    the proof. The button's form is checked all the same.
    """
    if request.form.get(ONE_CLICK[0]) != ONE_CLICK[1]:
        try:
            validate_csrf(request.form.get("csrf_token"))
        except ValidationError:
            return error_response(400)
    alerts.unsubscribe(current_board(), token)
    return render_template("unsubscribe/done.html")
