"""Passing a listing on: its address, and a poster of it to print."""

from __future__ import annotations

import segno
from flask import Flask, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from board import listings
from board.i18n import N_
from board.listings import ListingView
from web.errors import error_response
from web.guards import Guard, GuardedBlueprint, viewer_id
from web.words import current_board

blueprint = GuardedBlueprint("sharing", __name__, guard=Guard.PUBLIC, url_prefix="/listings")


@blueprint.get("/<public_id:public_id>/poster")
def poster(public_id: str) -> ResponseReturnValue:
    """One sheet of paper for a wall."""
    view = listings.get(current_board(), public_id, viewer=viewer_id())
    if not can_be_shared(view):
        return error_response(
            410, N_("This listing is over: it was taken down, or its time has passed.")
        )
    return render_template("sharing/poster.html", view=view, code=code_of(address_of(public_id)))


def can_be_shared(view: ListingView) -> bool:
    """Whether it is on the board: paper and messages outlive what has ended."""
    return view.state in ("open", "found")


def address_of(public_id: str) -> str:
    """The address of a listing's page, as anybody may type it."""
    return f"{current_board().settings.base_url}{url_for('listings.show', public_id=public_id)}"


def code_of(address: str) -> Markup:
    """The QR code of an address, as SVG without a size of its own.

    Level M corrects 15 % of its modules: a crease in the paper, a drop of rain.
    """
    code = segno.make_qr(address, error="m")
    drawn = code.svg_inline(omitsize=True, svgclass="code", dark="#000", light="#fff")
    # It holds paths and the two colours that are named here; the address is no text in it.
    return Markup(drawn)  # noqa: S704


def init_sharing(app: Flask) -> None:
    """Give templates what to pass on, and whether."""
    app.jinja_env.globals.update(can_be_shared=can_be_shared, share_address=address_of)
