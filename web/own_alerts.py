"""One's own alerts: to add one, to change one, to end one; signed in, or by the link of a mail."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import own_alerts
from board.alerts import Terms
from board.errors import Invalid, NotAllowed
from web.alerts import choices
from web.forms.alert import OwnAlertForm
from web.forms.place import find_place
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.me import banned
from web.places import Grid, grid_of_form
from web.preferences import by_link, member_of
from web.words import current_board

blueprint = GuardedBlueprint("own_alerts", __name__, guard=Guard.MEMBER, url_prefix="/me/alerts")
guests_blueprint = GuardedBlueprint(
    "own_alerts_links",
    __name__,
    guard=Guard.LINK,
    url_prefix="/preferences/by-link/<token>/alerts",
)


@blueprint.get("/new")
@guests_blueprint.get("/new")
def new(token: str = "") -> str:
    """The empty form; or, with `like`, what one of the own alerts says, for another place."""
    member_id, like = member_of(token), request.args.get("like")
    if like is None:
        return _render(OwnAlertForm.empty(), token)
    alert = own_alerts.get(current_board(), member_id, like)
    return _render(OwnAlertForm.elsewhere(alert), token)


@blueprint.post("")
@guests_blueprint.post("")
def create(token: str = "") -> ResponseReturnValue:
    """Start one more alert; or give the form back as it was."""
    return _keep(token)


@blueprint.get("/<public_id:public_id>")
@guests_blueprint.get("/<public_id:public_id>")
def show(public_id: str, token: str = "") -> str:
    """The form of an alert as it stands now."""
    alert = own_alerts.get(current_board(), member_of(token), public_id)
    return _render(OwnAlertForm.of(alert), token, public_id)


@blueprint.post("/<public_id:public_id>")
@guests_blueprint.post("/<public_id:public_id>")
def change(public_id: str, token: str = "") -> ResponseReturnValue:
    """Change it; or give the form back as it was."""
    # First: another's alert does not exist, whatever is sent.
    own_alerts.get(current_board(), member_of(token), public_id)
    return _keep(token, public_id)


@blueprint.post("/<public_id:public_id>/end")
@guests_blueprint.post("/<public_id:public_id>/end")
def end(public_id: str, token: str = "") -> ResponseReturnValue:
    """End it."""
    own_alerts.end(current_board(), member_of(token), public_id)
    return _done(token)


def _keep(token: str, public_id: str = "") -> ResponseReturnValue:
    """Read the form and keep it as a new alert, or as the one of this id."""
    board, member_id, locale = current_board(), member_of(token), current_locale()
    form = OwnAlertForm()
    g.page_address = _address("show" if public_id else "new", token, public_id)
    if request.form.get("step"):
        find_place(form, board, tuple(form.categories.data), locale)
        grid = grid_of_form(form, wanted=request.form["step"] == "grid")
        return _render(form, token, public_id, grid), 422 if form.refused else 200
    terms = form.terms(board, locale)
    if terms is not None:
        try:
            if public_id:
                own_alerts.change(board, member_id, public_id, Terms(**terms))
            else:
                own_alerts.add(board, member_id, Terms(**terms))
            return _done(token)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
        except NotAllowed:
            return banned()
    return _render(form, token, public_id, grid_of_form(form)), 422


def _done(token: str) -> ResponseReturnValue:
    shown = "preferences_links.show" if token else "preferences.show"
    return redirect(url_for(shown, **by_link(token), _anchor="own-alerts"), 303)


def _address(view: str, token: str, public_id: str) -> str:
    named = {"public_id": public_id} if public_id else {}
    return url_for(f".{view}", **by_link(token), **named)


def _render(form: OwnAlertForm, token: str, public_id: str = "", grid: Grid | None = None) -> str:
    return render_template(
        "own_alerts/form.html",
        form=form,
        grid=grid,
        token=token,
        is_new=not public_id,
        action=_address("change" if public_id else "create", token, public_id),
        **choices(),
    )
