"""The one appeal against a ban, through the link of the mail that told of it."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import bans
from board.errors import Invalid
from board.reasons import BAN
from web.forms.choice import AppealForm
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("appeals", __name__, guard=Guard.LINK, url_prefix="/appeals")


@blueprint.get("/<token>")
def show(token: str) -> str:
    """Why the address is banned, and room to say why that is a mistake."""
    return _render(token, AppealForm(formdata=None))


@blueprint.post("/<token>")
def send(token: str) -> ResponseReturnValue:
    """Keep it, once; or give the form back as it was."""
    form = AppealForm(request.form)
    g.page_address = url_for("appeals.show", token=token)
    try:
        bans.appeal(current_board(), token, form.text.data or "")
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(token, form), 422
    return redirect(url_for("reports.thanks"), 303)


def _render(token: str, form: AppealForm) -> str:
    reason = gettext(BAN[bans.banned_for(current_board(), token)])
    return render_template("appeals/show.html", form=form, token=token, reason=reason)
