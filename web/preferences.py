"""The settings of one's alerts: quiet hours, how many mails, a pause.

Members sign in; guests come by the signed link of a mail. Both have the same page.
"""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import own_alerts, preferences, profiles
from board.errors import Invalid
from web.forms.preferences import PreferencesForm
from web.guards import Guard, GuardedBlueprint, signed_in
from web.words import current_board

blueprint = GuardedBlueprint(
    "preferences", __name__, guard=Guard.MEMBER, url_prefix="/me/preferences"
)
guests_blueprint = GuardedBlueprint(
    "preferences_links", __name__, guard=Guard.LINK, url_prefix="/preferences/by-link"
)


@blueprint.get("")
@guests_blueprint.get("/<token>")
def show(token: str = "") -> str:
    """The settings as they stand now, and the alerts that they are for."""
    chosen = preferences.get(current_board(), member_of(token))
    return _render(PreferencesForm.of(chosen), token)


@blueprint.post("")
@guests_blueprint.post("/<token>")
def save(token: str = "") -> ResponseReturnValue:
    """Keep what was chosen; or give the form back as it was."""
    member_id = member_of(token)
    form = PreferencesForm(request.form)
    g.page_address = url_for(".show", **by_link(token))
    new = form.read()
    if new is not None:
        try:
            preferences.save(current_board(), member_id, new)
            return redirect(url_for(".show", **by_link(token), saved=1), 303)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
    return _render(form, token), 422


def member_of(token: str) -> int:
    """Whose settings these are: of the link of a mail, or else of whoever is signed in."""
    if token:
        return preferences.member_of_token(current_board(), token)
    return signed_in().member_id


def by_link(token: str) -> dict[str, str]:
    """What addresses of these pages hold: the token, where one opened this page."""
    return {"token": token} if token else {}


def _render(form: PreferencesForm, token: str) -> str:
    return render_template(
        "preferences/show.html",
        form=form,
        token=token,
        alerts=own_alerts.all_of(current_board(), member_of(token)),
        time_zones=[(name, name.replace("_", " ")) for name in profiles.time_zones()],
        saved=request.args.get("saved") == "1",
        bounds=preferences.MOST_A_WEEK_BOUNDS,
    )
