"""Listings: the list, the form, the page of one."""

from __future__ import annotations

import json
import secrets

from flask import Response, abort, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import (
    answering,
    checking,
    confirmations,
    emergency,
    listings,
    matching,
    posting,
    searching,
)
from board.errors import CodeRefused, Invalid, KeyReused, NotAllowed
from board.i18n import N_
from board.listings import ListingView, Status
from board.posting import NewListing
from matcher.place import Place
from matcher.taxonomy import Kind
from web import visitors, words
from web.errors import error_response
from web.forms.filters import Looking, read_filter, refuse, urgency_choices
from web.forms.listing import POSTED, ListingForm
from web.forms.place import find_place
from web.forms.sign_in import CodeForm
from web.guards import Guard, GuardedBlueprint, viewer_id
from web.information import show_information
from web.locale import current_locale
from web.map import hexagon_geometry
from web.me import banned
from web.places import Grid, grid_of_form
from web.words import current_board

#: The same whatever was wrong: whether an address waits for too many mails is told to nobody.
_WRONG_CODE = N_(
    "This code does not open this listing, is older than ten minutes, or was tried too often. Look "
    "at the mail again, or press its link."
)

blueprint = GuardedBlueprint("listings", __name__, guard=Guard.PUBLIC, url_prefix="/listings")


def newest(limit: int) -> tuple[ListingView, ...]:
    """The newest open listings, for the first page."""
    everything = searching.ListingFilter()
    found = searching.search(current_board(), everything, per_page=limit, viewer=viewer_id())
    return found.items


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The list and the map of open listings, filtered by the address."""
    board = current_board()
    looking = read_filter(request.args, board, current_locale())
    page: searching.Page | None = None
    information: tuple[ListingView, ...] = ()
    if looking.wanted is not None:
        try:
            page = searching.search(board, looking.wanted, viewer=viewer_id())
        except Invalid as invalid:
            refuse(looking, invalid)
    if looking.settled:
        center = Place(looking.settled.cell).center
        information = matching.information_at(board, center, looking.settled.country)
    body = _render_list(looking, page, information)
    return body, 400 if looking.form.refused else 200


def _render_list(
    looking: Looking, page: searching.Page | None, information: tuple[ListingView, ...]
) -> str:
    return render_template(
        "listings/index.html",
        looking=looking,
        form=looking.form,
        page=page,
        information=information,
        map_center=_map_center(looking),
        kind_choices=[("", gettext("Everything")), *_kind_choices()],
        category_groups=words.category_groups(),
        urgency_choices=urgency_choices(),
    )


def _map_center(looking: Looking) -> str:
    """Where the map opens, as JSON; "" where it shows everything."""
    if looking.settled is None or looking.wanted is None:
        return ""
    lat, lng = Place(looking.settled.cell).center
    return json.dumps({"lat": lat, "lng": lng, "radius_km": looking.wanted.radius_km})


def _kind_choices() -> list[tuple[str, str]]:
    return [
        ("request", gettext("Requests")),
        ("offer", gettext("Offers")),
        ("info", gettext("Official information")),
    ]


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    """The empty form of a kind; partners have one of their own."""
    if request.args.get("kind") == "info":
        return redirect(url_for("partners.index"), 303)
    kind = _kind_of_address()
    form = ListingForm.empty(kind, current_board(), current_locale())
    return _render_form(form, kind)


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Store what was typed and say "look at your mail"; or give the form back as it was."""
    kind = _kind_of_address()
    form = ListingForm()
    g.page_address = url_for("listings.new", kind=request.values.get("kind", "request"))
    if request.form.get("step"):
        return _one_step(form, kind)
    listing = form.read(kind, current_board(), current_locale())
    if listing is not None:
        try:
            return redirect(_post(listing, form.key.data or ""), 303)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
        except NotAllowed:
            return banned()
        except KeyReused:
            form.refuse(
                "form",
                N_(
                    "This form was already sent with other content. Send it again if you "
                    "want a second listing."
                ),
            )
            form.key.data = secrets.token_urlsafe(16)
            return _render_form(form, kind), 409
    return _render_form(form, kind, grid_of_form(form)), 422


def _post(listing: NewListing, key: str) -> str:
    """Store it, a member's at once; returns the address to go on to."""
    board, visitor, member_id = current_board(), visitors.current_visitor(), viewer_id()
    if member_id is None:
        # A program that is told nothing learns nothing: its page is the same.
        session["posted"] = (
            secrets.token_urlsafe(9)
            if visitors.is_trapped()
            else posting.post(board, listing, key, visitor).public_id
        )
        return url_for("listings.sent")
    posted = posting.post_as_member(board, member_id, listing, key, visitor)
    if not posted.is_held:
        return url_for("listings.show", public_id=posted.public_id, published=1)
    session["posted"] = posted.public_id
    return url_for("listings.sent")


def _one_step(form: ListingForm, kind: Kind) -> ResponseReturnValue:
    """Without script: look the place up, or open the grid around it; nothing is sent yet."""
    find_place(form, current_board(), tuple(form.categories.data), current_locale())
    if not form.place_given:
        form.refuse("place", N_("Say where: type the name of a town, quarter or village."))
    grid = grid_of_form(form, wanted=request.form["step"] == "grid")
    return _render_form(form, kind, grid), 422 if form.refused else 200


@blueprint.get("/sent")
def sent() -> ResponseReturnValue:
    """What to do next: open the link of the mail or type its code, or wait for a moderator.

    The same for every address. Whom to call in danger, and what officials have answered, stand
    there before anybody is asked.
    """
    posted, status = _posted()
    if status is Status.OPEN:
        return _to_published(posted)
    return _sent_page(CodeForm(formdata=None), posted, is_held=status is Status.HELD)


@blueprint.post("/sent")
def publish() -> ResponseReturnValue:
    """Publish what this browser has posted, by the code of its mail."""
    form = CodeForm(request.form)
    g.page_address = url_for("listings.sent")
    posted, status = _posted()
    if status is Status.OPEN:
        # Pressed twice, or after the link was opened elsewhere.
        return _to_published(posted)
    if status is Status.HELD or not posted:
        return redirect(url_for("listings.sent"), 303)
    try:
        deed = confirmations.publish(current_board(), posted, form.code.data or "")
    except NotAllowed:
        return banned()
    except Invalid as invalid:
        problem = invalid.problems[0]
        return error_response(410, gettext(problem.message) % dict(problem.params))
    except CodeRefused:
        form.refuse("code", _WRONG_CODE)
        form.code.data = ""
        return _sent_page(form, posted), 422
    return redirect(url_for("listings.sent"), 303) if deed.held else _to_published(posted)


def _posted() -> tuple[str, Status | None]:
    """What this browser has posted last, "" for nothing; and where that stands."""
    posted = str(session.get("posted", ""))
    return posted, posting.status_of(current_board(), posted)


def _to_published(public_id: str) -> Response:
    return redirect(url_for("listings.show", public_id=public_id, published=1), 303)


def _sent_page(form: CodeForm, posted: str, *, is_held: bool = False) -> str:
    board = current_board()
    return render_template(
        "listings/sent.html",
        # Whoever has posted nothing here has nothing to type.
        form=form if posted else None,
        is_held=is_held,
        help=emergency.for_request(board, posted),
        answers=matching.official_answers(board, posted),
    )


@blueprint.get("/<public_id:public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """A listing with its counterparts and why each stands where it stands.

    What a person took down, or what ended, is shown to nobody; imported rows stay readable.
    """
    board = current_board()
    view = listings.get(board, public_id, viewer=viewer_id())
    if view.kind is Kind.INFO:
        return show_information(view)
    if view.state == "closed" and view.source is None:
        return error_response(
            410, N_("This listing is over: it was taken down, or its time has passed.")
        )
    counterparts = matching.counterparts(board, public_id, viewer=viewer_id())
    return render_template(
        "listings/show.html",
        view=view,
        counterparts=counterparts,
        help=emergency.for_request(board, public_id),
        answers=matching.official_answers(board, public_id),
        answerable=answering.can_be_answered(view),
        hexagon=json.dumps(hexagon_geometry(view.cell)) if view.cell else "",
        published=request.args.get("published") == "1",
    )


def _kind_of_address() -> Kind:
    kind = POSTED.get(request.values.get("kind", "request"))
    if kind is None:
        abort(404)
    return kind


def _render_form(form: ListingForm, kind: Kind, grid: Grid | None = None) -> str:
    return render_template(
        "listings/new.html",
        form=form,
        kind=words.kind_slug(kind),
        grid=grid,
        is_guest=viewer_id() is None,
        most=checking.MAX_CATEGORIES[kind],
        category_groups=words.category_groups(),
        languages=words.language_choices(),
        **words.question_choices(),
    )
