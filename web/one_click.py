"""What a mail offers in one click, without signing in: not this one, not now, no more of them.

Each link opens a page with one button; looking changes nothing, because mail scanners look too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import validate_csrf
from wtforms import ValidationError

from board import preferences, tellings, unsubscribing
from board.i18n import N_
from board.unsubscribing import What
from web.errors import error_response
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("unsubscribe", __name__, guard=Guard.LINK, url_prefix="/unsubscribe")
not_this_blueprint = GuardedBlueprint(
    "not_this", __name__, guard=Guard.LINK, url_prefix="/not-this"
)
not_now_blueprint = GuardedBlueprint("not_now", __name__, guard=Guard.LINK, url_prefix="/not-now")

#: The body that RFC 8058 prescribes for a mail program that unsubscribes by itself.
ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
#: What ends -> title, what happens, the button, what is said when it is done.
ENDINGS: Final = {
    What.ALERT: (
        N_("End this alert?"),
        N_("You get no more mails from it. You can set up another one at any time."),
        N_("End the alert"),
        N_("The alert has ended"),
    ),
    What.POSTERS: (
        N_("No more news about your listings?"),
        N_("We no longer write to you when somebody matches. Answers still reach you."),
        N_("Stop this news"),
        N_("You get no more news about your listings"),
    ),
    What.MAILS: (
        N_("No more mails about listings?"),
        N_("Your alerts stay, and write nothing. You can have the mails again in the settings."),
        N_("Stop these mails"),
        N_("You get no more mails about listings"),
    ),
}
NOT_THIS: Final = (
    N_("Not this one?"),
    N_("You hear no more of this listing. Of others you do."),
    N_("Not this one"),
    N_("You hear no more of this listing"),
)
NOT_NOW: Final = (
    N_("Not available now?"),
    N_("We write nothing for a week. What is still open then comes in one mail."),
    N_("Not available now"),
    N_("We write nothing for a week"),
)
Texts = tuple[str, str, str, str]


@blueprint.get("/<token>")
def show(token: str) -> str:
    """One button."""
    return _ask(ENDINGS[unsubscribing.look(current_board(), token)])


@blueprint.post("/<token>")
def one_click(token: str) -> ResponseReturnValue:
    """End it: from the button of our page, or from a mail program (RFC 8058).

    A mail program has no session, so this address is exempt from the CSRF check; the token is
    the proof. The button's form is checked all the same.
    """
    if request.form.get(ONE_CLICK[0]) != ONE_CLICK[1]:
        try:
            validate_csrf(request.form.get("csrf_token"))
        except ValidationError:
            return error_response(400)
    return _done(ENDINGS[unsubscribing.end(current_board(), token)])


@not_this_blueprint.get("/<token>")
def ask_not_this(token: str) -> str:
    """One button."""
    return _look(tellings.look, token, NOT_THIS)


@not_this_blueprint.post("/<token>")
def not_this(token: str) -> str:
    """Tell this reader no more of one listing."""
    tellings.not_this(current_board(), token)
    return _done(NOT_THIS)


@not_now_blueprint.get("/<token>")
def ask_not_now(token: str) -> str:
    """One button."""
    return _look(preferences.look_not_now, token, NOT_NOW)


@not_now_blueprint.post("/<token>")
def not_now(token: str) -> str:
    """Write nothing to this reader for a while."""
    preferences.not_now(current_board(), token)
    return _done(NOT_NOW)


def _look(judge: Callable[..., None], token: str, texts: Texts) -> str:
    judge(current_board(), token)
    return _ask(texts)


def _ask(texts: Texts) -> str:
    title, happens, button, _ = texts
    return render_template("one_click/show.html", title=title, happens=happens, button=button)


def _done(texts: Texts) -> str:
    return render_template("one_click/done.html", title=texts[3])
