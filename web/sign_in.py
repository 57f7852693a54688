"""Signing in by a mailed code, and signing out."""

from __future__ import annotations

import logging
from typing import Final

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask import session as flask_session
from flask.typing import ResponseReturnValue

from board import passkeys, sessions, sign_in
from board.errors import CodeRefused, Invalid, NotAllowed, PasskeyRefused
from board.i18n import N_
from config.settings import Settings
from web.forms.sign_in import AddressForm, CodeForm
from web.guards import (
    Guard,
    GuardedBlueprint,
    current_member,
    drop_session,
    keep_session,
    over_https,
    safe_next,
    session_token,
)
from web.locale import current_locale
from web.me import banned
from web.words import current_board

blueprint = GuardedBlueprint("sign_in", __name__, guard=Guard.PUBLIC)

_log = logging.getLogger(__name__)

#: Where somebody comes who signed in without having been on the way to a page.
OWN_SPACE: Final = "/me"
#: What is said of a code that lets nobody in.
REFUSED: Final = {
    "wrong": N_("This is not the code of the last mail. Look again, and type it once more."),
    "over": N_("This code is over: it was used, is too old, or was tried too often."),
}


def code_cookie(settings: Settings) -> str:
    """Name of the cookie that binds a code to the browser that asked for it."""
    return "__Host-entraide-code" if over_https(settings) else "entraide-code"


@blueprint.get("/sign-in")
def ask() -> ResponseReturnValue:
    """The form that asks for the address; whoever is signed in goes on."""
    back = safe_next(request.args.get("next"), OWN_SPACE)
    if current_member() is not None:
        return redirect(back, 303)
    return _page("sign_in/ask.html", AddressForm(formdata=None, data={"next": back}))


@blueprint.post("/sign-in")
def send() -> ResponseReturnValue:
    """Have a code mailed. What is answered is the same for every address."""
    form = AddressForm(request.form)
    back = safe_next(form.next.data, OWN_SPACE)
    try:
        browser = sign_in.ask(current_board(), form.email.data or "", current_locale())
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _page("sign_in/ask.html", form, 422)
    response = redirect(url_for("sign_in.code", next=back), 303)
    return keep_code(response, browser)


@blueprint.get("/sign-in/code")
def code() -> ResponseReturnValue:
    """The form that asks for the code."""
    back = safe_next(request.args.get("next"), OWN_SPACE)
    return _page("sign_in/code.html", CodeForm(formdata=None, data={"next": back}))


@blueprint.post("/sign-in/code")
def enter() -> ResponseReturnValue:
    """Sign in with the code, once, in the browser that asked for it."""
    form = CodeForm(request.form)
    settings: Settings = current_app.config["SETTINGS"]
    try:
        token = sign_in.enter(
            current_board(),
            request.cookies.get(code_cookie(settings), ""),
            form.code.data or "",
            device=sessions.device_label(request.user_agent.string),
            replacing=session_token(),
        )
    except NotAllowed:
        _log.warning("sign-in by code refused: banned")
        return banned()
    except CodeRefused as refusal:
        _log.warning("sign-in by code refused: %s", refusal.reason)
        form.refuse("code", REFUSED[refusal.reason])
        form.code.data = ""
        return _page("sign_in/code.html", form, 422)
    return begin(redirect(safe_next(form.next.data, OWN_SPACE), 303), token)


@blueprint.post("/sign-in/passkey/options")
def passkey_options() -> ResponseReturnValue:
    """What the browser needs to sign in with a passkey."""
    body = passkeys.sign_in_options(current_board())
    return Response(body, mimetype="application/json", headers={"Cache-Control": "no-store"})


@blueprint.post("/sign-in/passkey")
def with_passkey() -> ResponseReturnValue:
    """Sign in with what a passkey answered."""
    form = AddressForm(request.form)
    try:
        token = passkeys.sign_in(
            current_board(),
            form.credential.data or "",
            device=sessions.device_label(request.user_agent.string),
            replacing=session_token(),
        )
    except NotAllowed:
        _log.warning("sign-in by passkey refused: banned")
        return banned()
    except PasskeyRefused:
        _log.warning("sign-in by passkey refused")
        form.refuse("credential", passkeys.REFUSED)
        return _page("sign_in/ask.html", form, 422)
    return begin(redirect(safe_next(form.next.data, OWN_SPACE), 303), token)


@blueprint.post("/sign-out")
def leave() -> ResponseReturnValue:
    """End the session, here and in the database."""
    reader = current_member()
    if reader is not None:
        with current_board().db.write() as session:
            sessions.revoke(session, reader.member_id, reader.session_id)
        _log.info("signed out: member %s", reader.member_id)
    flask_session.pop("csrf_token", None)
    return drop_session(redirect(url_for("home.index"), 303))


def begin(response: Response, token: str) -> Response:
    """Give the browser its session; what it had before the sign-in counts no more."""
    flask_session.pop("csrf_token", None)
    settings: Settings = current_app.config["SETTINGS"]
    _log.info("signed in: session begun at %s", request.endpoint)
    response.delete_cookie(
        code_cookie(settings),
        path="/",
        secure=over_https(settings),
        httponly=True,
        samesite="Lax",
    )
    return keep_session(response, token)


def keep_code(response: Response, browser: str) -> Response:
    """Give the browser what binds the code to it."""
    settings: Settings = current_app.config["SETTINGS"]
    response.set_cookie(
        code_cookie(settings),
        browser,
        max_age=sign_in.LIFETIME,
        secure=over_https(settings),
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def _page(template: str, form: AddressForm | CodeForm, status: int = 200) -> Response:
    response = make_response(render_template(template, form=form), status)
    response.headers["Cache-Control"] = "no-store"
    return response
