"""Organisations as everybody sees them: the list, the page of one, the form to apply."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import information, organisations, verification
from board.errors import Invalid
from board.organisations import Status
from web import visitors, words
from web.forms.organisation import OrganisationForm
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.words import current_board

blueprint = GuardedBlueprint(
    "organisations", __name__, guard=Guard.PUBLIC, url_prefix="/organisations"
)


@blueprint.get("")
def index() -> str:
    """Every verified organisation."""
    return render_template(
        "organisations/index.html", organisations=organisations.verified(current_board())
    )


@blueprint.get("/new")
def new() -> str:
    """The empty form."""
    return _render(OrganisationForm(formdata=None))


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Keep the application and say "look at your mail"; or give the form back as it was."""
    form = OrganisationForm(request.form)
    g.page_address = url_for("organisations.new")
    try:
        if not visitors.is_trapped():
            new = form.read(current_locale())
            verification.apply(current_board(), new, visitors.current_visitor())
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(form), 422
    return redirect(url_for("organisations.sent"), 303)


@blueprint.get("/sent")
def sent() -> str:
    """What to do next. It says the same for every address."""
    return render_template("organisations/sent.html")


@blueprint.get("/<public_id:public_id>")
def show(public_id: str) -> str:
    """A verified organisation with its information; a revoked one says so and shows none."""
    board = current_board()
    organisation = organisations.get(board, public_id)
    found = information.items(board, organisation.id)
    open_ = [view for view in found if view.state == "open"]
    return render_template(
        "organisations/show.html",
        organisation=organisation,
        items=open_ if organisation.status is Status.VERIFIED else [],
    )


def _render(form: OrganisationForm) -> str:
    return render_template(
        "organisations/new.html",
        form=form,
        kinds=words.organisation_kinds(),
        country_choices=words.country_choices(),
    )
