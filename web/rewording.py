"""Changing the words of a listing that a moderator asked to change, through a mailed link."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import rewording
from board.errors import Invalid, NotAllowed
from board.rewording import Words
from web.errors import error_response
from web.forms.choice import RewordForm
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("rewording", __name__, guard=Guard.LINK, url_prefix="/rewording")


@blueprint.get("/<token>")
def show(token: str) -> str:
    """The words as they are. Looking uses nothing up."""
    words = rewording.show(current_board(), token)
    form = RewordForm(formdata=None, data={"title": words.title, "text": words.text})
    return render_template("rewording/show.html", form=form, token=token, locale_of=words.locale)


@blueprint.post("/<token>")
def save(token: str) -> ResponseReturnValue:
    """Change them, once; or give the form back as it was."""
    form = RewordForm(request.form)
    g.page_address = url_for("rewording.show", token=token)
    try:
        words = Words(form.title.data or "", form.text.data or "", health=form.health.data)
        rewording.reword(current_board(), token, words)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        page = render_template("rewording/show.html", form=form, token=token, locale_of="")
        return page, 422
    except NotAllowed:
        return error_response(410)
    return redirect(url_for("reports.thanks"), 303)
