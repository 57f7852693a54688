"""Mailed links: GET shows what would happen and one button, POST does it."""

from __future__ import annotations

from typing import Final

from flask import Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import confirmations
from board.errors import Invalid, NotAllowed
from board.i18n import N_
from board.links import (
    CLOSE_LISTING,
    CONFIRM_ALERT,
    CONFIRM_ANSWER,
    CONFIRM_LISTING,
    CONFIRM_PARTNER,
    CONFIRM_QUESTION,
)
from web.errors import error_response
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("links", __name__, guard=Guard.LINK, url_prefix="/links")

#: Purpose of a link -> title, what happens, the button, what is said when it is done.
TEXTS: Final = {
    CONFIRM_LISTING: (
        N_("Publish your listing"),
        N_("One press, and your listing is on the board. People nearby are told."),
        N_("Publish now"),
        N_("Your listing is on the board."),
    ),
    CLOSE_LISTING: (
        N_("Take your listing down"),
        N_("One press, and nobody sees your listing any more. This cannot be undone."),
        N_("Take it down now"),
        N_("Your listing is off the board."),
    ),
    CONFIRM_ALERT: (
        N_("Start your alert"),
        N_("One press, and we write to you when something you wait for appears."),
        N_("Start the alert"),
        N_("Your alert is on. Every mail has a link that ends it."),
    ),
    CONFIRM_ANSWER: (
        N_("Send your message"),
        N_("One press, and your message goes to this person together with your address."),
        N_("Send it now"),
        N_("Your message is on its way."),
    ),
    CONFIRM_PARTNER: (
        N_("Send your application"),
        N_("One press, and whoever runs the board checks who your organisation is."),
        N_("Send it now"),
        N_("Your application has arrived. We write to you when it is decided."),
    ),
    CONFIRM_QUESTION: (
        N_("Send your question"),
        N_("One press, and the organisation gets your question, without your address."),
        N_("Send it now"),
        N_("Your question is on its way. The answer comes by mail."),
    ),
}


@blueprint.get("/<token>")
def show(token: str) -> str:
    """What the link would do, and its one button. Looking changes nothing."""
    deed = confirmations.show(current_board(), token)
    title, text, button, _ = map(gettext, TEXTS[deed.purpose])
    return render_template(
        "links/show.html", deed=deed, title=title, text=text, button=button, token=token
    )


@blueprint.post("/<token>")
def act(token: str) -> ResponseReturnValue:
    """Do what the link is for, once."""
    try:
        deed = confirmations.act(current_board(), token)
    except NotAllowed:
        return _not_allowed()
    except Invalid as invalid:
        problem = invalid.problems[0]
        return error_response(410, gettext(problem.message) % dict(problem.params))
    if deed.purpose == CONFIRM_LISTING:
        return redirect(url_for("listings.show", public_id=deed.public_id, published=1), 303)
    title = gettext(TEXTS[deed.purpose][3])
    return render_template("links/done.html", deed=deed, title=title)


def _not_allowed() -> Response:
    """The poster of official information is no partner any more."""
    response = make_response(render_template("links/not_allowed.html"))
    response.status_code = 403
    return response
