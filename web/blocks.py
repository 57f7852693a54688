"""Blocking whoever posted a listing, and the list of whom one has blocked."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from board import blocks, listings
from web.guards import Guard, GuardedBlueprint, signed_in
from web.words import current_board

blueprint = GuardedBlueprint("blocks", __name__, guard=Guard.MEMBER)


@blueprint.get("/listings/<public_id:public_id>/block")
def ask(public_id: str) -> str:
    """What a block does, and its one button."""
    view = listings.get(current_board(), public_id, viewer=signed_in().member_id)
    return render_template("blocks/ask.html", view=view)


@blueprint.post("/listings/<public_id:public_id>/block")
def block(public_id: str) -> ResponseReturnValue:
    """Block its poster, who is not told."""
    listings.block_poster(current_board(), signed_in().member_id, public_id)
    return redirect(url_for("blocks.index"), 303)


@blueprint.get("/me/blocked")
def index() -> str:
    """Whom one has blocked."""
    blocked = blocks.listed(current_board(), signed_in().member_id)
    return render_template("blocks/index.html", blocked=blocked)


@blueprint.post("/me/blocked/<public_id:public_id>/end")
def end(public_id: str) -> ResponseReturnValue:
    """Take a block back."""
    blocks.take_back(current_board(), signed_in().member_id, public_id)
    return redirect(url_for("blocks.index"), 303)
