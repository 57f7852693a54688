"""The console in which administrators judge organisations."""

from __future__ import annotations

import json

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from shapely.geometry import mapping

from board import organisations, partners, verification
from board.errors import Invalid
from board.organisations import OrganisationView, Status
from web import words
from web.forms.organisation import ColleagueForm, DecisionForm
from web.guards import Guard, GuardedBlueprint, current_member
from web.words import current_board

blueprint = GuardedBlueprint(
    "verification", __name__, guard=Guard.ADMINISTRATOR, url_prefix="/admin/organisations"
)

_ORDER = (Status.APPLIED, Status.VERIFIED, Status.REVOKED, Status.REFUSED)


@blueprint.get("")
def index() -> str:
    """Every confirmed organisation, those that wait first."""
    return render_template(
        "verification/index.html", organisations=organisations.listed(current_board(), _ORDER)
    )


@blueprint.get("/<public_id:public_id>")
def show(public_id: str) -> str:
    """What an organisation said, what was decided, and the form to decide."""
    organisation = organisations.get(current_board(), public_id, public=False)
    return _render(organisation, _form_of(organisation))


@blueprint.post("/<public_id:public_id>")
def decide(public_id: str) -> ResponseReturnValue:
    """Verify, refuse or revoke, with the evidence noted."""
    board, form = current_board(), DecisionForm(request.form)
    g.page_address = url_for("verification.show", public_id=public_id)
    decision, reader = form.read(), current_member()
    if decision is not None and reader is not None:
        try:
            verification.decide(board, reader.member_id, public_id, decision)
            return redirect(url_for("verification.show", public_id=public_id), 303)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
    return _render(organisations.get(board, public_id, public=False), form), 422


@blueprint.post("/<public_id:public_id>/coordinator")
def add_coordinator(public_id: str) -> ResponseReturnValue:
    """Let an address coordinate the organisation."""
    form, reader = ColleagueForm(request.form), current_member()
    g.page_address = url_for("verification.show", public_id=public_id)
    if reader is not None:
        try:
            email = form.email.data or ""
            partners.add_coordinator(current_board(), reader.member_id, public_id, email)
            return redirect(url_for("verification.show", public_id=public_id), 303)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
    organisation = organisations.get(current_board(), public_id, public=False)
    return _render(organisation, _form_of(organisation), form), 422


def _form_of(organisation: OrganisationView) -> DecisionForm:
    """The form with what holds now."""
    area = "" if organisation.area is None else json.dumps(mapping(organisation.area))
    return DecisionForm(
        formdata=None,
        data={
            "countries": organisation.countries,
            "area": area,
            "phone": organisation.phone,
            "verdict": "",
        },
    )


def _render(
    organisation: OrganisationView, form: DecisionForm, colleague: ColleagueForm | None = None
) -> str:
    return render_template(
        "verification/show.html",
        organisation=organisation,
        form=form,
        colleague=colleague or ColleagueForm(formdata=None),
        verdicts=[verdict.value for verdict in verification.possible(organisation.status)],
        country_choices=words.country_choices(),
        bounds=json.dumps(current_board().countries.bounds(organisation.countries)),
    )
