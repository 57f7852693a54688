"""Counting readers of official information. A script of the page asks: GET changes nothing."""

from __future__ import annotations

from flask import Response, request

from board import readers
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("readers", __name__, guard=Guard.PUBLIC, url_prefix="/listings")


@blueprint.post("/<public_id:public_id>/read")
def count(public_id: str) -> Response:
    """Count this reader once today. What tells readers apart is hashed at once and not kept."""
    who = f"{request.remote_addr} {request.headers.get('User-Agent', '')[:300]}"
    readers.count(current_board(), public_id, who)
    return Response(status=204)
