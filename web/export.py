"""Everything that is kept about the reader: as a page, as a file; for guests by a mailed link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import consent, erasure, export
from board.errors import Invalid, NotAllowed
from board.export import OwnData
from board.i18n import N_
from web import words
from web.errors import error_response
from web.forms.preferences import clock_words
from web.forms.sign_in import AddressForm
from web.guards import Guard, GuardedBlueprint, drop_session, signed_in
from web.locale import current_locale
from web.words import current_board

blueprint = GuardedBlueprint("export", __name__, guard=Guard.MEMBER, url_prefix="/me")
#: For who has no account: asking for the link, and what the link opens.
asking_blueprint = GuardedBlueprint("data", __name__, guard=Guard.PUBLIC, url_prefix="/data")
links_blueprint = GuardedBlueprint("data_links", __name__, guard=Guard.LINK, url_prefix="/data")

#: Column, or column of a table → its name for readers. What is missing here is a number that only
#: the program needs.
LABELS: Final[Mapping[str, str]] = {
    "action": N_("Deed"),
    "active_at": N_("Last activity"),
    "area": N_("Area"),
    "area_countries": N_("Countries"),
    "at": N_("When"),
    "categories": N_("Subjects"),
    "category": N_("Subject"),
    "cell": N_("Area on the map"),
    "closed_at": N_("Taken down"),
    "consent": N_("How the person agreed"),
    "consented_at": N_("Agreed"),
    "country": N_("Country"),
    "created_at": N_("Made"),
    "device": N_("Browser"),
    "display_name": N_("Name"),
    "done_at": N_("Done"),
    "email": N_("E-mail address"),
    "ended_at": N_("Ended"),
    "ends_at": N_("End"),
    "expires_at": N_("Works until"),
    "given_at": N_("Agreed"),
    "helps_with": N_("Can help with"),
    "here_cell": N_("Lives in: area on the map"),
    "here_name": N_("Lives in"),
    "kind": N_("Kind"),
    "kinds": N_("Kinds"),
    "languages": N_("Languages"),
    "least_urgency": N_("Urgency, at least"),
    "locale": N_("Language of the mails"),
    "mine": N_("Written by you"),
    "my_side": N_("Your side"),
    "name": N_("Name"),
    "notify": N_("News by mail"),
    "opened_at": N_("On the board since"),
    "organisation": N_("Organisation"),
    "outcome": N_("Outcome"),
    "pending_email": N_("E-mail address, not confirmed"),
    "place_name": N_("Place"),
    "places_needed": N_("People needed"),
    "places_taken": N_("People found"),
    "purpose": N_("Purpose"),
    "radius_m": N_("Distance in metres"),
    "reach": N_("Reach"),
    "reason": N_("Reason"),
    "reference": N_("Number for the telephone"),
    "remote": N_("Far away"),
    "role": N_("Role"),
    "second_factor_at": N_("Second proof"),
    "seen_at": N_("Last used"),
    "side": N_("Side"),
    "since": N_("Since"),
    "starts_at": N_("Beginning"),
    "state": N_("State"),
    "status": N_("State"),
    "subject": N_("About"),
    "text": N_("Text"),
    "there_cell": N_("Ties to: area on the map"),
    "there_name": N_("Ties to"),
    "time_zone": N_("Time zone"),
    "title": N_("Title"),
    "urgency": N_("Urgency"),
    "used_at": N_("Used"),
    "appeal": N_("Appeal"),
    "appealed_at": N_("Appealed"),
    "appeal_decided_at": N_("Decided"),
    "cases.opened_at": N_("Opened"),
    "decided_at": N_("Decided"),
    "decision": N_("Decision"),
    "lifted_at": N_("Lifted"),
    "reasons": N_("Reasons"),
    "what": N_("Kind"),
    "answered_at": N_("Answered"),
    "countries": N_("Countries"),
    "note": N_("What was written for the check"),
    "phone": N_("Line for emergencies"),
    "website": N_("Website"),
    "version": N_("Version of the text"),
    "withdrawn_at": N_("Taken back"),
    "rhythm": N_("How often"),
    "quiet_from": N_("Quiet hours begin"),
    "quiet_to": N_("Quiet hours end"),
    "urgent_passes": N_("Urgent ones may pass the quiet hours"),
    "most_a_week": N_("At most so many mails a week"),
    "paused_until": N_("Pause until"),
    "by_email": N_("By e-mail"),
    "by_push": N_("By notification"),
    "service": N_("Push service"),
    "suspended_at": N_("No mails since"),
    "asked.at": N_("Asked"),
    "wave": N_("Wave"),
    "rings": N_("Rings of areas around the place"),
    "look_at": N_("Next look"),
    "hour": N_("Hour of the day, at the place"),
    "distance_m": N_("Distance in metres; -1 where it is not known"),
    "named": N_("Your alert names the category"),
    "told_week": N_("Messages in the week before"),
    "chance": N_("Estimated chance that you say yes"),
    "usual": N_("The same of somebody of whom nothing is known"),
    "asked.why": N_("Why you"),
    "calls.why": N_("Why nobody more was asked"),
    "told_at": N_("Told"),
    "told_on": N_("Day of the digest"),
    "declined_at": N_("Not wanted any more"),
}
#: What only the program needs: in the file, not on the page.
PLUMBING: Final = frozenset(
    {"id", "public_id", "listing_id", "conversation_id", "region", "sign_count", "tries"}
    | {"demo", "ask_at", "due_at", "proven", "crowded"}
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One table on the page: its title, and each row as pairs of label and words."""

    title: str
    rows: tuple[tuple[tuple[str, str], ...], ...]
    #: Why the rows stay after an erasure; "" where they go.
    stays: str


def page_of(data: OwnData) -> list[Shown]:
    """What the page shows: tables with something in them, in the reader's language."""
    return [
        Shown(
            gettext(part.title),
            tuple(tuple(_shown_row(part.name, row)) for row in part.rows),
            gettext(part.stays) if part.stays else "",
        )
        for part in data.parts
        if part.rows
    ]


def _shown_row(table: str, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (gettext(LABELS.get(f"{table}.{column}") or LABELS[column]), _words(table, column, value))
        for column, value in row.items()
        if column not in PLUMBING and value not in (None, "", [])
    ]


def _words(table: str, column: str, value: Any) -> str:
    """A value as a reader says it; codes that have no words stay as the server has them."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if column.endswith("_at") or column in ("at", "since"):
        return words.moment_words(datetime.fromisoformat(value))
    if column in _NAMES:
        return _NAMES[column](value)
    if column == "kind" and table == "listings":
        return words.kind_name(value)
    return ", ".join(value) if isinstance(value, list) else str(value)


def _categories(codes: list[str] | int) -> str:
    taxonomy = current_board().taxonomy
    given = [codes] if isinstance(codes, int) else codes
    return ", ".join(words.category_name(taxonomy.slug(int(code))) for code in given)


def _cell(cell: str) -> str:
    return f"{cell} ({words.precision_words(cell)})"


_NAMES: Final[Mapping[str, Any]] = {
    "categories": _categories,
    "category": _categories,
    "helps_with": _categories,
    "kinds": lambda codes: ", ".join(words.kind_name(int(code)) for code in codes),
    "urgency": words.urgency_name,
    "least_urgency": words.urgency_name,
    "reach": words.reach_name,
    "languages": lambda codes: ", ".join(words.language_names(codes)),
    "locale": words.language_name,
    "country": words.country_name,
    "area_countries": lambda codes: ", ".join(words.country_names(codes)),
    "cell": _cell,
    "here_cell": _cell,
    "there_cell": _cell,
    "quiet_from": clock_words,
    "quiet_to": clock_words,
    "rhythm": words.rhythm_name,
    "paused_until": lambda moment: words.moment_words(datetime.fromisoformat(moment)),
}


@blueprint.get("/data")
def show() -> str:
    """Everything about the reader, what was agreed to, and the ways on from here."""
    board, member_id = current_board(), signed_in().member_id
    return render_template(
        "export/show.html",
        own=page_of(export.of_member(board, member_id)),
        consents=[
            each
            for each in consent.given(board, member_id)
            if each.kind == "health" and each.withdrawn_at is None
        ],
    )


@blueprint.get("/data.json")
def download() -> Response:
    """The same as a file."""
    return as_file(export.of_member(current_board(), signed_in().member_id))


def as_file(data: OwnData) -> Response:
    """One's own data to be saved; no cache keeps it."""
    headers = {
        "Content-Disposition": 'attachment; filename="entraide.json"',
        "Cache-Control": "private, no-store",
    }
    return Response(data.as_json(), mimetype="application/json", headers=headers)


@asking_blueprint.get("")
def ask() -> str:
    """The form that asks for the address."""
    return render_template("export/ask.html", form=AddressForm(formdata=None))


@asking_blueprint.post("")
def send() -> ResponseReturnValue:
    """Have the link mailed. What is answered is the same for every address."""
    form = AddressForm(request.form)
    g.page_address = url_for("data.ask")
    try:
        export.ask(current_board(), form.email.data or "", current_locale())
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return render_template("export/ask.html", form=form), 422
    return redirect(url_for("data.sent"), 303)


@asking_blueprint.get("/sent")
def sent() -> str:
    """What to do next."""
    return render_template("export/sent.html")


@links_blueprint.get("/by-link/<token>")
def by_link(token: str) -> str:
    """One button. Looking changes nothing: mail scanners look too."""
    export.look(current_board(), token)
    return render_template("export/by_link.html", token=token)


@links_blueprint.post("/by-link/<token>")
def open_(token: str) -> str:
    """What is kept about the address, once; with one link to download and one to erase it."""
    opened = export.open_(current_board(), token)
    return render_template("export/opened.html", own=page_of(opened.data), opened=opened)


@links_blueprint.post("/by-link/<token>/file")
def file(token: str) -> Response:
    """The same as a file, once."""
    return as_file(export.download(current_board(), token))


@links_blueprint.post("/by-link/<token>/erase")
def erase(token: str) -> ResponseReturnValue:
    """Erase everything about the address, once."""
    try:
        erasure.erase_by_link(current_board(), token)
    except NotAllowed:
        return error_response(403, N_("This needs your second proof: sign in, then erase."))
    return drop_session(redirect(url_for("data.erased"), 303))


@asking_blueprint.get("/erased")
def erased() -> str:
    """What was done."""
    return render_template("erasure/done.html")
