"""The inbox that the members of an organisation share."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import partners, questions
from board.errors import Invalid
from board.questions import Reply
from web.forms.organisation import ReplyForm
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.partners import own_seat, reader_id
from web.words import current_board

blueprint = GuardedBlueprint(
    "inbox",
    __name__,
    guard=Guard.PARTNER,
    url_prefix="/organisation/<public_id:organisation>/inbox",
)


@blueprint.get("")
def index(organisation: str) -> str:
    """The questions, those that wait first."""
    return render_template(
        "inbox/index.html",
        organisation=own_seat(organisation).organisation,
        questions=questions.inbox(current_board(), reader_id(), organisation),
    )


@blueprint.get("/<public_id:public_id>")
def show(organisation: str, public_id: str) -> str:
    """One question, whose it is, and the form to answer it."""
    return _render(organisation, public_id, ReplyForm(formdata=None))


@blueprint.post("/<public_id:public_id>/assign")
def assign(organisation: str, public_id: str) -> ResponseReturnValue:
    """Give the question to a colleague, or to nobody."""
    try:
        to = request.form.get("assigned_to") or None
        questions.assign(current_board(), reader_id(), organisation, public_id, to)
    except Invalid as invalid:
        form = ReplyForm(formdata=None)
        form.refuse_all(invalid.problems)
        return _render(organisation, public_id, form), 422
    return redirect(url_for("inbox.show", organisation=organisation, public_id=public_id), 303)


@blueprint.post("/<public_id:public_id>/answer")
def answer(organisation: str, public_id: str) -> ResponseReturnValue:
    """Mail the answer, and publish it where a question for everybody was written."""
    form = ReplyForm(request.form)
    g.page_address = url_for("inbox.show", organisation=organisation, public_id=public_id)
    reply = Reply(
        text=form.text.data or "",
        published_question=form.published_question.data or "",
        locale=current_locale(),
    )
    try:
        questions.answer(current_board(), reader_id(), organisation, public_id, reply)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(organisation, public_id, form), 422
    return redirect(url_for("inbox.index", organisation=organisation), 303)


def _render(organisation: str, public_id: str, form: ReplyForm) -> str:
    board = current_board()
    return render_template(
        "inbox/show.html",
        organisation=own_seat(organisation).organisation,
        question=questions.get(board, reader_id(), organisation, public_id),
        colleagues=partners.colleagues(board, reader_id(), organisation),
        form=form,
    )
