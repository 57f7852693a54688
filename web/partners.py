"""What partners see of their organisation: its information, its readers, its members."""

from __future__ import annotations

from flask import abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import information, organisations, partners, questions, readers
from board.errors import Invalid, NotAllowed, OrganisationNotFound
from board.organisations import COORDINATOR, PARTNER, Seat
from web.forms.organisation import ColleagueForm
from web.guards import Guard, GuardedBlueprint, current_member
from web.words import current_board

blueprint = GuardedBlueprint("partners", __name__, guard=Guard.PARTNER, url_prefix="/organisation")


def own_seat(organisation: str) -> Seat:
    """The reader's right in an organisation, as it is now; 404 without one."""
    for seat in organisations.seats_of(current_board(), reader_id()):
        if seat.organisation.public_id == organisation:
            return seat
    raise OrganisationNotFound(organisation)


def reader_id() -> int:
    """Id of the signed-in member: the guard has seen to it that there is one."""
    reader = current_member()
    if reader is None:
        abort(404)
    return reader.member_id


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The reader's organisations; the page of the only one at once."""
    return _to_only("partners.show")


@blueprint.get("/inbox")
def inbox() -> ResponseReturnValue:
    """The questions to the reader's organisation."""
    return _to_only("inbox.index")


def _to_only(endpoint: str) -> ResponseReturnValue:
    seats = organisations.seats_of(current_board(), reader_id())
    if len(seats) == 1:
        return redirect(url_for(endpoint, organisation=seats[0].organisation.public_id), 303)
    return render_template("partners/index.html", seats=seats, endpoint=endpoint)


@blueprint.get("/<public_id:organisation>")
def show(organisation: str) -> str:
    """What the organisation has published, how many read it, and who acts for it."""
    return _render(organisation, ColleagueForm(formdata=None, data={"role": PARTNER}))


@blueprint.post("/<public_id:organisation>/members")
def add(organisation: str) -> ResponseReturnValue:
    """Let a colleague act for the organisation."""
    form = ColleagueForm(request.form)
    g.page_address = url_for("partners.show", organisation=organisation)
    try:
        partners.add_colleague(
            current_board(), reader_id(), organisation, form.email.data or "", form.role.data or ""
        )
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(organisation, form), 422
    except NotAllowed:
        abort(404)
    return redirect(url_for("partners.show", organisation=organisation, _anchor="members"), 303)


@blueprint.post("/<public_id:organisation>/members/<public_id:member>/remove")
def remove(organisation: str, member: str) -> ResponseReturnValue:
    """End a colleague's right."""
    form = ColleagueForm(formdata=None, data={"role": PARTNER})
    g.page_address = url_for("partners.show", organisation=organisation)
    try:
        partners.remove_colleague(current_board(), reader_id(), organisation, member)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(organisation, form), 422
    except NotAllowed:
        abort(404)
    return redirect(url_for("partners.show", organisation=organisation, _anchor="members"), 303)


def _render(organisation: str, form: ColleagueForm) -> str:
    board, seat = current_board(), own_seat(organisation)
    items = information.items(board, seat.organisation.id)
    waiting = [
        each
        for each in questions.inbox(board, reader_id(), organisation)
        if each.status is questions.Status.OPEN
    ]
    return render_template(
        "partners/show.html",
        organisation=seat.organisation,
        coordinator=seat.role == COORDINATOR,
        items=items,
        readers=readers.totals(board, [view.id for view in items]),
        waiting=len(waiting),
        colleagues=partners.colleagues(board, reader_id(), organisation),
        form=form,
    )
