"""Where somebody is signed in: the list, and signing out one browser or all."""

from __future__ import annotations

from flask import abort, redirect, render_template, url_for
from flask import session as flask_session
from flask.typing import ResponseReturnValue

from board import sessions
from web.guards import Guard, GuardedBlueprint, drop_session, signed_in
from web.words import current_board

blueprint = GuardedBlueprint("sessions", __name__, guard=Guard.MEMBER, url_prefix="/me/sessions")


@blueprint.get("")
def index() -> str:
    """The open sessions of whoever asks."""
    reader = signed_in()
    with current_board().db.read() as session:
        devices = sessions.devices(session, reader.member_id)
    return render_template("sessions/index.html", devices=devices, own=reader.session_id)


@blueprint.post("/<int:session_id>/end")
def end(session_id: int) -> ResponseReturnValue:
    """Sign one browser out."""
    reader = signed_in()
    with current_board().db.write() as session:
        if not sessions.revoke(session, reader.member_id, session_id):
            abort(404)
    return redirect(url_for("sessions.index"), 303)


@blueprint.post("/end-all")
def end_all() -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    with current_board().db.write() as session:
        sessions.revoke_all(session, signed_in().member_id)
    flask_session.pop("csrf_token", None)
    return drop_session(redirect(url_for("home.index"), 303))
