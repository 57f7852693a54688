"""The settings of one's alerts: quiet hours, how many mails, a pause.

Members sign in; guests come by the signed link of a mail. Both have the same page.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import own_alerts, preferences, profiles, push_keys, push_subscriptions
from board.errors import Invalid
from web.forms.preferences import PreferencesForm
from web.forms.push import PushForm
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
    return page(token)


@blueprint.post("")
@guests_blueprint.post("/<token>")
def save(token: str = "") -> ResponseReturnValue:
    """Keep what was chosen; or give the form back as it was."""
    member_id = member_of(token)
    form = PreferencesForm(request.form)
    g.page_address = address(token)
    new = form.read(push=push_keys.public_key(current_board().settings) is not None)
    if new is not None:
        try:
            preferences.save(current_board(), member_id, new)
            return redirect(f"{address(token)}?saved=1", 303)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
    return page(token, form), 422


def member_of(token: str) -> int:
    """Whose settings these are: of the link of a mail, or else of whoever is signed in."""
    if token:
        return preferences.member_of_token(current_board(), token)
    return signed_in().member_id


def by_link(token: str) -> dict[str, str]:
    """What addresses of these pages hold: the token, where one opened this page."""
    return {"token": token} if token else {}


def address(token: str) -> str:
    """The page of the settings, by whichever door."""
    return url_for("preferences_links.show" if token else "preferences.show", **by_link(token))


def page(token: str, form: PreferencesForm | None = None, push_form: PushForm | None = None) -> str:
    """The page of the settings; with a form that was refused, where one was."""
    board, member_id = current_board(), member_of(token)
    return render_template(
        "preferences/show.html",
        form=form or PreferencesForm.of(preferences.get(board, member_id)),
        push=_push(member_id),
        push_form=push_form or PushForm(formdata=None),
        token=token,
        alerts=own_alerts.all_of(board, member_id),
        time_zones=[(name, name.replace("_", " ")) for name in profiles.time_zones()],
        saved=request.args.get("saved") == "1",
        bounds=preferences.MOST_A_WEEK_BOUNDS,
    )


@dataclass(frozen=True, slots=True)
class _Push:
    """What the page shows of push messages."""

    #: What browsers subscribe with.
    key: str
    browsers: list[push_subscriptions.Listed]


def _push(member_id: int) -> _Push | None:
    """None where the operator has made no key: then there are no push messages."""
    board = current_board()
    key = push_keys.public_key(board.settings)
    return None if key is None else _Push(key, push_subscriptions.all_of(board, member_id))
