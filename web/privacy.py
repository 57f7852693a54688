"""The page that says what is kept, for how long, and who sees it."""

from __future__ import annotations

from flask import Response, make_response, render_template

from board import consent, export, offline
from board.privacy import KEPT
from web.export import page_of
from web.guards import Guard, GuardedBlueprint, current_member
from web.words import current_board

blueprint = GuardedBlueprint("privacy", __name__, guard=Guard.PUBLIC, url_prefix="/privacy")


@blueprint.get("")
def show() -> Response:
    """In plain words; whoever is signed in also sees the own data as the server has it."""
    member = current_member()
    own = None if member is None else page_of(export.of_member(current_board(), member.member_id))
    page = render_template(
        "privacy/show.html",
        kept=KEPT,
        copy_days=offline.KEPT_FOR.days,
        since=consent.SINCE,
        own=own,
    )
    response = make_response(page)
    if member is not None:
        response.headers["Cache-Control"] = "no-store"
    return response
