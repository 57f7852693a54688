"""Official information: its page, and the forms with which partners publish it."""

from __future__ import annotations

import json
import secrets

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from shapely.geometry import mapping

from board import asking, checking, information, questions
from board.errors import Invalid, KeyReused
from board.i18n import N_
from board.listings import ListingView
from board.organisations import OrganisationView, Status
from board.validation import Refused
from matcher.taxonomy import Kind
from web import dates, words
from web.errors import error_response
from web.forms.information import InformationForm
from web.forms.place import find_place
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.map import hexagon_geometry
from web.partners import own_seat, reader_id
from web.places import Grid, grid_of_form
from web.words import current_board

blueprint = GuardedBlueprint(
    "information",
    __name__,
    guard=Guard.PARTNER,
    url_prefix="/organisation/<public_id:organisation>/information",
)


def show_information(view: ListingView) -> ResponseReturnValue:
    """The page of an item; one that was replaced leads to its successor."""
    board = current_board()
    details = information.details(board, view.id)
    if view.state == "closed" and view.source is None and details.successor is None:
        return error_response(
            410, N_("This listing is over: it was taken down, or its time has passed.")
        )
    page = render_template(
        "information/show.html",
        view=view,
        details=details,
        verified=details.organisation is not None
        and details.organisation.status is Status.VERIFIED,
        answers=questions.public_answers(board, view.id),
        can_be_asked=asking.can_be_asked(board, view),
        hexagon=json.dumps(hexagon_geometry(view.cell)) if view.cell else "",
    )
    return page, 410 if view.state == "closed" and view.source is None else 200


@blueprint.get("/new")
def new(organisation: str) -> str:
    """The empty form."""
    office = own_seat(organisation).organisation
    form = InformationForm.for_office(
        office, current_board(), current_locale(), request.args.get("replaces", "")
    )
    return _render(office, form)


@blueprint.post("")
def create(organisation: str) -> ResponseReturnValue:
    """Publish at once; or give the form back as it was."""
    office, board, form = own_seat(organisation).organisation, current_board(), InformationForm()
    g.page_address = url_for("information.new", organisation=organisation)
    if request.form.get("step"):
        return _one_step(office, form)
    new = form.read_official(office, board, current_locale())
    if new is not None:
        try:
            public_id = information.publish(board, reader_id(), new, form.key.data or "")
            return redirect(url_for("listings.show", public_id=public_id), 303)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
        except KeyReused:
            form.refuse("form", N_("This form was already sent with other content."))
            form.key.data = secrets.token_urlsafe(16)
            return _render(office, form), 409
    return _render(office, form, grid_of_form(form)), 422


def _one_step(office: OrganisationView, form: InformationForm) -> ResponseReturnValue:
    """Without script: look the place up, or open the grid around it; nothing is sent yet."""
    form.official = True
    find_place(form, current_board(), tuple(form.categories.data), current_locale())
    if not form.place_given:
        form.refuse("place", N_("Say where: type the name of a town, quarter or village."))
    grid = grid_of_form(form, wanted=request.form["step"] == "grid")
    return _render(office, form, grid), 422 if form.refused else 200


@blueprint.post("/<public_id:public_id>/withdraw")
def withdraw(organisation: str, public_id: str) -> ResponseReturnValue:
    """Take an item off the board."""
    information.withdraw(current_board(), reader_id(), organisation, public_id)
    return redirect(url_for("partners.show", organisation=organisation), 303)


@blueprint.post("/<public_id:public_id>/extend")
def extend(organisation: str, public_id: str) -> ResponseReturnValue:
    """Give an item another last day."""
    # A day that is refused would tell others that the organisation is there.
    own_seat(organisation)
    try:
        day = dates.parse_day(request.form.get("ends_on"))
        ends_at = dates.end_of(day, dates.zone_of(current_board(), None))
        information.extend(current_board(), reader_id(), organisation, public_id, ends_at)
    except (Refused, Invalid) as refusal:
        problem = refusal.problems[0] if isinstance(refusal, Invalid) else refusal
        return error_response(400, problem.message, 422)
    return redirect(url_for("partners.show", organisation=organisation), 303)


def _render(office: OrganisationView, form: InformationForm, grid: Grid | None = None) -> str:
    board = current_board()
    items = information.items(board, office.id)
    return render_template(
        "information/new.html",
        organisation=office,
        form=form,
        grid=grid,
        most=checking.MAX_CATEGORIES[Kind.INFO],
        category_groups=words.category_groups(),
        country_choices=[
            (code, words.country_name(code), "globe", "") for code in office.countries
        ],
        older=[
            ("", words.nothing()),
            *((v.public_id, v.title) for v in items if v.state == "open"),
        ],
        languages=words.language_choices(),
        urgency_choices=words.question_choices()["urgency_choices"],
        bounds=json.dumps(board.countries.bounds(office.countries)),
        limits="" if office.area is None else json.dumps(mapping(office.area)),
    )
