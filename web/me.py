"""My space: one's own listings and alerts, and what can be done with them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask import Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from shapely.geometry import mapping

from board import me, offline
from board.errors import Invalid, NotAllowed
from board.listings import ListingView
from board.own_alerts import OwnAlert
from matcher.place import Place
from web.conversations import state_words
from web.errors import error_response
from web.forms.editing import EditForm
from web.guards import Guard, GuardedBlueprint, signed_in
from web.keeping import is_kept_for
from web.map import hexagon_geometry
from web.words import current_board, question_choices

blueprint = GuardedBlueprint("me", __name__, guard=Guard.MEMBER, url_prefix="/me")


@blueprint.get("")
def index() -> str:
    """Everything of one's own at a glance."""
    space = me.space(current_board(), signed_in().member_id)
    roles = sorted(signed_in().roles)
    return render_template(
        "me/index.html",
        space=space,
        roles=roles,
        is_kept=is_kept_for(signed_in()),
        kept_days=offline.KEPT_FOR.days,
        state_words=state_words,
        alert_shapes=json.dumps(shapes) if (shapes := _shapes(space.alerts)) else "",
    )


def _shapes(alerts: Iterable[OwnAlert]) -> list[dict[str, Any]]:
    """Where each alert listens, as GeoJSON; of a place, how far around the middle of its cell."""
    found: list[dict[str, Any]] = []
    for alert in alerts:
        if alert.area is not None:
            found.append({"shape": mapping(alert.area)})
        elif alert.cell:
            around = {
                "center": Place.from_hex(alert.cell).center,
                "radius_m": round(alert.radius_km * 1000),
            }
            found.append({"shape": hexagon_geometry(alert.cell), **around})
    return found


@blueprint.get("/listings/<public_id:public_id>/edit")
def edit(public_id: str) -> str:
    """The form that changes one's own listing."""
    board = current_board()
    view = me.listing(board, signed_in().member_id, public_id)
    return edit_page(EditForm.of(view, board), view, url_for("me.change", public_id=public_id))


@blueprint.post("/listings/<public_id:public_id>/edit")
def change(public_id: str) -> ResponseReturnValue:
    """Change it; or give the form back as it was."""
    board, member_id = current_board(), signed_in().member_id
    view = me.listing(board, member_id, public_id)
    form = EditForm(request.form)
    changes = form.read(view, board)
    if changes is not None:
        try:
            me.edit(board, member_id, public_id, changes)
            return redirect(url_for("me.index"), 303)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
        except NotAllowed:
            return not_allowed()
    g.page_address = action = url_for("me.change", public_id=public_id)
    return edit_page(form, view, action), 422


@blueprint.post("/listings/<public_id:public_id>/extend")
def extend(public_id: str) -> ResponseReturnValue:
    """Give one's own listing more time."""
    try:
        me.extend(current_board(), signed_in().member_id, public_id)
    except Invalid as invalid:
        return error_response(410, invalid.problems[0].message)
    return redirect(url_for("me.index"), 303)


@blueprint.post("/listings/<public_id:public_id>/close")
def close(public_id: str) -> ResponseReturnValue:
    """Take one's own listing off the board."""
    me.close(current_board(), signed_in().member_id, public_id)
    return redirect(url_for("me.index"), 303)


def edit_page(form: EditForm, view: ListingView, action: str) -> str:
    """The form that changes a listing, for its owner or whoever holds its link."""
    choices = question_choices()["urgency_choices"]
    return render_template(
        "editing/form.html", form=form, view=view, action=action, urgency_choices=choices
    )


def banned() -> Response:
    """Whose address was banned; the mail that said so has the link to an appeal."""
    return Response(render_template("links/banned.html"), 403)


def not_allowed() -> Response:
    """Whose right to publish official information is gone."""
    return Response(render_template("links/not_allowed.html"), 403)
