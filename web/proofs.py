"""The challenges of the proof of work, for the widget on anonymous forms."""

from __future__ import annotations

from flask import Response, jsonify

from board import proofs
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("proofs", __name__, guard=Guard.PUBLIC)


@blueprint.get("/proof")
def challenge() -> Response:
    """A fresh challenge; nothing is stored before it is solved and used."""
    response = jsonify(proofs.challenge(current_board()))
    response.headers["Cache-Control"] = "no-store"
    return response
