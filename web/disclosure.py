"""Where to report a weakness: /.well-known/security.txt."""

from __future__ import annotations

from flask import Response, abort

from board import disclosure
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("disclosure", __name__, guard=Guard.PUBLIC)


@blueprint.get(disclosure.PATH)
def security_txt() -> Response:
    """The file, as plain text; 404 where nobody said who reads the reports."""
    text = disclosure.security_txt(current_board())
    if text is None:
        abort(404)
    return Response(text, mimetype="text/plain")
