"""Answering a listing: the form, and the page after it."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import answering, listings, safety
from board.answering import NewAnswer
from board.errors import Invalid, ListingNotFound, NotAllowed
from web import visitors
from web.errors import error_response
from web.forms.answering import AnswerForm
from web.guards import Guard, GuardedBlueprint, current_member
from web.locale import current_locale
from web.words import current_board

blueprint = GuardedBlueprint("answering", __name__, guard=Guard.PUBLIC, url_prefix="/listings")


@blueprint.get("/<public_id:public_id>/answer")
def new(public_id: str) -> str:
    """The empty form, for a listing behind which somebody stands."""
    return _render(public_id, AnswerForm(formdata=None))


@blueprint.post("/<public_id:public_id>/answer")
def create(public_id: str) -> ResponseReturnValue:
    """Open the conversation, or keep a guest's message and say "look at your mail".

    A refused form is given back as it was.
    """
    form = AnswerForm(request.form)
    g.page_address = url_for("answering.new", public_id=public_id)
    try:
        return redirect(_answer(public_id, form), 303)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(public_id, form), 422
    except NotAllowed:
        return error_response(410)


def _answer(public_id: str, form: AnswerForm) -> str:
    """Do it; returns the address to go on to."""
    member, text = current_member(), form.text.data or ""
    board, locale = current_board(), current_locale()
    if member is not None:
        found = answering.answer_as_member(
            board, public_id, member.member_id, text, locale, health=form.health.data
        )
        return url_for("conversations.show", key=found, said="answer")
    if not visitors.is_trapped():
        email, health = form.email.data or "", form.health.data
        new = NewAnswer(email=email, text=text, locale=locale, health=health)
        answering.answer(board, public_id, new, visitors.current_visitor())
    return url_for("answering.sent", public_id=public_id)


@blueprint.get("/<public_id:public_id>/answer/sent")
def sent(public_id: str) -> str:
    """What to do next. It says the same for every address."""
    return render_template("answering/sent.html", public_id=public_id, draft=f"answer-{public_id}")


def _render(public_id: str, form: AnswerForm) -> str:
    view = listings.get(current_board(), public_id)
    if not answering.can_be_answered(view):
        raise ListingNotFound(public_id)
    return render_template(
        "answering/new.html",
        view=view,
        form=form,
        is_guest=current_member() is None,
        safety=safety.words_for(view.categories),
    )
