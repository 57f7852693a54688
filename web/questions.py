"""Asking an organisation in private: the form, and the page after it."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import asking, listings
from board.asking import NewQuestion
from board.errors import Invalid, ListingNotFound, NotAllowed
from web import visitors
from web.errors import error_response
from web.forms.organisation import QuestionForm
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.words import current_board

blueprint = GuardedBlueprint("questions", __name__, guard=Guard.PUBLIC, url_prefix="/listings")


@blueprint.get("/<public_id:public_id>/question")
def new(public_id: str) -> str:
    """The empty form, for an item behind which a verified organisation stands."""
    return _render(public_id, QuestionForm(formdata=None))


@blueprint.post("/<public_id:public_id>/question")
def create(public_id: str) -> ResponseReturnValue:
    """Keep the question and say "look at your mail"; or give the form back as it was."""
    form = QuestionForm(request.form)
    g.page_address = url_for("questions.new", public_id=public_id)
    written = NewQuestion(
        email=form.email.data or "",
        text=form.text.data or "",
        locale=current_locale(),
        health=form.health.data,
    )
    try:
        if not visitors.is_trapped():
            asking.ask(current_board(), public_id, written, visitors.current_visitor())
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(public_id, form), 422
    except NotAllowed:
        return error_response(410)
    return redirect(url_for("questions.sent", public_id=public_id), 303)


@blueprint.get("/<public_id:public_id>/question/sent")
def sent(public_id: str) -> str:
    """What to do next. It says the same for every address."""
    return render_template("questions/sent.html", public_id=public_id)


def _render(public_id: str, form: QuestionForm) -> str:
    board = current_board()
    view = listings.get(board, public_id)
    if not asking.can_be_asked(board, view):
        raise ListingNotFound(public_id)
    return render_template("questions/new.html", view=view, form=form)
