"""Pages about the board itself, and the probe of the server's health."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, jsonify, render_template

from board.db import now
from board.gazetteer import ATTRIBUTION, ATTRIBUTION_URL
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("pages", __name__, guard=Guard.PUBLIC)


@blueprint.get("/about")
def about() -> str:
    """What the board is, what it keeps and what it never knows."""
    host = urlsplit(ATTRIBUTION_URL).hostname
    return render_template("pages/about.html", attribution=ATTRIBUTION, host=host)


@blueprint.get("/health")
def health() -> Response:
    """200 when the database answers; the error handler says 503 when it does not."""
    with current_board().db.read() as session:
        now(session)
    return jsonify(status="ok")
