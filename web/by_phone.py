"""Closing or extending with the number and the code that a relay has read out."""

from __future__ import annotations

from typing import Final

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import relays
from board.errors import CodeRefused, Invalid
from board.i18n import N_
from web.forms.relay import PhoneForm
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("by_phone", __name__, guard=Guard.PUBLIC, url_prefix="/by-phone")

_REFUSED: Final = N_(
    "Number and code do not go together, or were tried too often. "
    "Look again, or ask whoever posted the listing for a new code."
)


@blueprint.get("")
def ask() -> ResponseReturnValue:
    """The form for the person, or whoever helps."""
    return _page(PhoneForm(formdata=None, data={"deed": "helped"}))


@blueprint.post("")
def act() -> ResponseReturnValue:
    """Do it, or say that number and code do not go together."""
    form = PhoneForm(request.form)
    deed = form.deed.data or ""
    try:
        title = relays.by_phone(
            current_board(), form.reference.data or "", form.code.data or "", deed
        )
    except CodeRefused:
        form.refuse("code", _REFUSED)
        form.code.data = ""
        return _page(form, 422)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _page(form, 422)
    return make_response(render_template("by_phone/done.html", title=title, deed=deed))


def _page(form: PhoneForm, status: int = 200) -> ResponseReturnValue:
    deeds = [(key, gettext(text), "check", "") for key, text in relays.OUTCOMES.items()]
    extend = gettext("Keep it on the board longer")
    deeds.append(("extend", extend, "calendar", ""))
    response = make_response(render_template("by_phone/ask.html", form=form, deeds=deeds), status)
    response.headers["Cache-Control"] = "no-store"
    return response
