"""The moderators' page of a request's waves: whom they reached, in counts, and a button to stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import overseeing
from board.calls import CallStatus
from board.i18n import N_
from web.guards import Guard, GuardedBlueprint, signed_in
from web.words import current_board

blueprint = GuardedBlueprint(
    "overseeing", __name__, guard=Guard.MODERATOR, url_prefix="/moderation/waves"
)

#: Why nobody more is asked.
WHY: Final[Mapping[str, str]] = {
    "enough": N_("Enough people have come forward."),
    "end_near": N_("Its time is nearly over."),
    "nobody_left": N_("Everybody whom it concerns was asked, or reads of it in a daily mail."),
    "caps": N_("Whoever is left has had as many messages this week as they allow."),
    "closed": N_("The request is not on the board any more."),
    "moderator": N_("A moderator has stopped it."),
}


@blueprint.get("/<public_id:public_id>")
def show(public_id: str) -> str:
    """The waves of one request."""
    call = overseeing.show(current_board(), public_id)
    why = gettext(WHY[call.why]) if call.why else ""
    return render_template(
        "overseeing/show.html", call=call, why=why, stopped=call.status is CallStatus.STOPPED
    )


@blueprint.post("/<public_id:public_id>/stop")
def stop(public_id: str) -> ResponseReturnValue:
    """Ask nobody more."""
    overseeing.stop(current_board(), signed_in().member_id, public_id)
    return redirect(url_for(".show", public_id=public_id), 303)


@blueprint.post("/<public_id:public_id>/go-on")
def go_on(public_id: str) -> ResponseReturnValue:
    """Take the stop back."""
    overseeing.go_on(current_board(), signed_in().member_id, public_id)
    return redirect(url_for(".show", public_id=public_id), 303)
