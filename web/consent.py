"""Taking back a consent."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from board import consent
from web.guards import Guard, GuardedBlueprint, signed_in
from web.words import current_board

blueprint = GuardedBlueprint("consent", __name__, guard=Guard.MEMBER, url_prefix="/me/consents")


@blueprint.post("/<int:consent_id>/withdraw")
def withdraw(consent_id: int) -> ResponseReturnValue:
    """Take it back; what rests on it is closed."""
    consent.withdraw(current_board(), signed_in().member_id, consent_id)
    return redirect(url_for("export.show"), 303)
