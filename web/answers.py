"""Answering a listing: the form, and the page after it."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import answers, listings
from board.answers import NewAnswer
from board.errors import Invalid, ListingNotFound, NotAllowed
from web import visitors
from web.errors import error_response
from web.forms.answer import AnswerForm
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.words import current_board

blueprint = GuardedBlueprint("answers", __name__, guard=Guard.PUBLIC, url_prefix="/listings")


@blueprint.get("/<public_id:public_id>/answer")
def new(public_id: str) -> str:
    """The empty form, for a listing behind which somebody stands."""
    return _render(public_id, AnswerForm(formdata=None))


@blueprint.post("/<public_id:public_id>/answer")
def create(public_id: str) -> ResponseReturnValue:
    """Keep the message and say "look at your mail"; or give the form back as it was."""
    form = AnswerForm(request.form)
    g.page_address = url_for("answers.new", public_id=public_id)
    written = NewAnswer(
        email=form.email.data or "", text=form.text.data or "", locale=current_locale()
    )
    try:
        if not visitors.is_trapped():
            answers.send(current_board(), public_id, written, visitors.current_visitor())
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(public_id, form), 422
    except NotAllowed:
        return error_response(410)
    return redirect(url_for("answers.sent", public_id=public_id), 303)


@blueprint.get("/<public_id:public_id>/answer/sent")
def sent(public_id: str) -> str:
    """What to do next. It says the same for every address."""
    return render_template("answers/sent.html", public_id=public_id)


def _render(public_id: str, form: AnswerForm) -> str:
    view = listings.get(current_board(), public_id)
    if not answers.can_be_answered(view):
        raise ListingNotFound(public_id)
    return render_template("answers/new.html", view=view, form=form)
