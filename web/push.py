"""Browsers that get push messages: added after a press, removed; on the page of the settings."""

from __future__ import annotations

from flask import abort, g, redirect, request
from flask.typing import ResponseReturnValue

from board import push_subscriptions, sessions
from board.errors import Invalid
from web import preferences
from web.forms.push import PushForm
from web.guards import Guard, GuardedBlueprint
from web.preferences import member_of
from web.words import current_board

blueprint = GuardedBlueprint("push", __name__, guard=Guard.MEMBER, url_prefix="/me/push")
guests_blueprint = GuardedBlueprint(
    "push_links", __name__, guard=Guard.LINK, url_prefix="/preferences/by-link/<token>/push"
)


@blueprint.post("")
@guests_blueprint.post("")
def add(token: str = "") -> ResponseReturnValue:
    """Send messages to the browser that asks; or say on the page of the settings why not."""
    member_id, form = member_of(token), PushForm(request.form)
    device = sessions.device_label(request.user_agent.string)
    try:
        push_subscriptions.add(current_board(), member_id, form.read(), device)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        g.page_address = preferences.address(token)
        return preferences.page(token, push_form=form), 422
    return redirect(f"{preferences.address(token)}#push", 303)


@blueprint.post("/<int:subscription_id>/remove")
@guests_blueprint.post("/<int:subscription_id>/remove")
def remove(subscription_id: int, token: str = "") -> ResponseReturnValue:
    """Send nothing more to one of one's own browsers."""
    if not push_subscriptions.remove(current_board(), member_of(token), subscription_id):
        abort(404)
    return redirect(f"{preferences.address(token)}#push", 303)
