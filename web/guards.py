"""Who may reach a route: every blueprint names its guard, and the guard runs before each view."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, current_app, g, redirect, request
from flask.typing import ResponseReturnValue

from board import sessions
from board.context import Board
from board.roles import WITH_SECOND_FACTOR, Role
from board.sessions import SignedIn
from config.settings import Settings

_log = logging.getLogger(__name__)

#: Names of this machine for itself.
LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})
#: Headers that a proxy adds.
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
#: Pages that let somebody in.
SIGN_IN = "/sign-in"
SECOND_FACTOR = "/second-factor"
#: Longest address that is kept to come back to after a sign-in.
_NEXT_MAX = 500


class Guard(StrEnum):
    """The right that a route asks for."""

    #: Anybody.
    PUBLIC = "public"
    #: Anybody who holds the token in the address; the board judges the token.
    LINK = "link"
    #: Only where mails go to the local catcher, never in production.
    EMBEDDED_MAIL = "embedded mail"
    #: Whoever watches over the installation: by a token, or on this machine.
    OPERATOR = "operator"
    #: Whoever is signed in.
    MEMBER = "member"
    #: Whoever is signed in and has the role; its second factor too, where the role needs one.
    RELAY = "relay"
    PARTNER = "partner"
    MODERATOR = "moderator"
    ADMINISTRATOR = "administrator"


def session_cookie(settings: Settings) -> str:
    """Name of the cookie that holds the token of a session."""
    return "__Host-entraide-session" if over_https(settings) else "entraide-session"


def offline_cookie(settings: Settings) -> str:
    """Name of the cookie that says for which session this device keeps a copy."""
    return "__Host-entraide-offline" if over_https(settings) else "entraide-offline"


def over_https(settings: Settings) -> bool:
    """Whether readers reach this site over https: its cookies may then travel by no other way."""
    return urlsplit(str(settings.base_url)).scheme == "https"


def current_member() -> SignedIn | None:
    """Who is signed in at this request, for pages of every guard; None for a guest."""
    if "signed_in" not in g:
        token = session_token()
        board: Board = current_app.config["BOARD"]
        g.signed_in = sessions.of(board, token) if token else None
    found: SignedIn | None = g.signed_in
    return found


def signed_in() -> SignedIn:
    """Who is signed in, for views behind a guard that let nobody else in."""
    found = current_member()
    if found is None:
        abort(401)
    return found


def viewer_id() -> int | None:
    """Id of the member who looks, for what hides those whom the member blocked; None for guests."""
    found = current_member()
    return None if found is None else found.member_id


def reader() -> SignedIn | None:
    """As `current_member`, for the frame of every page; a guest where that cannot be told.

    Pages of errors have the frame too, and must not fail a second time for the same reason.
    """
    try:
        return current_member()
    except Exception as error:
        _log.warning("who is signed in cannot be told: %s", type(error).__name__)
        return None


def session_token() -> str | None:
    """The token of a session that the browser sends, whatever it is worth."""
    return request.cookies.get(session_cookie(current_app.config["SETTINGS"]))


def keep_session(response: Response, token: str) -> Response:
    """Give the browser the token of its session."""
    settings: Settings = current_app.config["SETTINGS"]
    return keep_cookie(response, session_cookie(settings), token)


def drop_session(response: Response) -> Response:
    """Take the token of its session from the browser, with whatever it has kept of our pages."""
    settings: Settings = current_app.config["SETTINGS"]
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    for name in (session_cookie(settings), offline_cookie(settings)):
        drop_cookie(response, name)
    return response


def keep_cookie(response: Response, name: str, value: str) -> Response:
    """Give the browser a cookie that no script reads, for as long as a session may last."""
    settings: Settings = current_app.config["SETTINGS"]
    response.set_cookie(
        name,
        value,
        max_age=sessions.LONGEST,
        secure=over_https(settings),
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def drop_cookie(response: Response, name: str) -> Response:
    """Take a cookie of `keep_cookie` from the browser."""
    settings: Settings = current_app.config["SETTINGS"]
    response.delete_cookie(
        name, secure=over_https(settings), httponly=True, samesite="Lax", path="/"
    )
    return response


def safe_next(address: str | None, otherwise: str) -> str:
    """The address if it is one of this site and written as a path; else `otherwise`.

    A browser reads "//host" and "/\\host" as another site, and drops tabs and line ends.
    """
    typed = address or ""
    plain = typed.isprintable() and typed.isascii() and "\\" not in typed
    inside = typed.startswith("/") and not typed.startswith("//")
    return typed if plain and inside and len(typed) <= _NEXT_MAX else otherwise


def _allow() -> None:
    """Let the request through."""


def _embedded_mail_only() -> None:
    """Answer 404 unless mails are caught on this machine."""
    settings = current_app.config["SETTINGS"]
    if settings.production or not settings.embedded_mail or not _asked_by_its_name(settings):
        abort(404)


def _asked_by_its_name(settings: Settings) -> bool:
    """Whether the host is ours: a foreign name that leads to this machine must read no mail."""
    host = urlsplit(f"//{request.host}").hostname
    return host in {*LOOPBACK_NAMES, urlsplit(settings.base_url).hostname}


def _operator_only() -> None:
    """Answer 404 without the token of the settings, or where there is none, from elsewhere."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.metrics_token is None:
        if not _asked_from_here():
            abort(404)
        return
    shown = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(shown, f"Bearer {settings.metrics_token}".encode()):
        abort(404)


def _asked_from_here() -> bool:
    """Whether a program of this machine asks by itself, and not a proxy for somebody.

    A proxy on this machine has its address: it is known by what it adds, or by the name that its
    reader asked for. None of it makes a foreign address one of this machine.
    """
    forwarded = any(name in request.headers for name in _FORWARDED)
    host = urlsplit(f"//{request.host}").hostname
    original = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    peers = (request.remote_addr, original.get("REMOTE_ADDR"))
    return not forwarded and host in LOOPBACK_NAMES and LOOPBACK_NAMES.issuperset(peers)


def _member() -> ResponseReturnValue | None:
    """Let members in; others are asked to sign in, and come back."""
    if current_member() is None:
        if request.method not in ("GET", "HEAD"):
            abort(401)
        return _to(SIGN_IN, _own_address())
    return None


def _holder_of(role: Role) -> ResponseReturnValue | None:
    """Let in who has the role; to others the page does not exist."""
    asked = _member()
    if asked is not None:
        return asked
    signed_in = current_member()
    if signed_in is None or role not in signed_in.roles:
        member_id = signed_in.member_id if signed_in else None
        _log.warning("denied: member %s is no %s at %s", member_id, role, request.endpoint)
        abort(404)
    if role in WITH_SECOND_FACTOR and not signed_in.second_factor:
        return to_second_factor(_own_address() if request.method in ("GET", "HEAD") else "")
    return None


def to_second_factor(back: str) -> ResponseReturnValue:
    """Ask for the second factor, then come back to this address of ours ("" for none)."""
    return _to(SECOND_FACTOR, back)


def _to(page: str, back: str) -> ResponseReturnValue:
    return redirect(f"{page}?{urlencode({'next': back})}" if back else page, 303)


def _own_address() -> str:
    """The address of this request, to come back to."""
    return request.full_path if request.query_string else request.path


GUARDS: dict[Guard, Callable[[], ResponseReturnValue | None]] = {
    Guard.PUBLIC: _allow,
    Guard.LINK: _allow,
    Guard.EMBEDDED_MAIL: _embedded_mail_only,
    Guard.OPERATOR: _operator_only,
    Guard.MEMBER: _member,
    Guard.RELAY: partial(_holder_of, Role.RELAY),
    Guard.PARTNER: partial(_holder_of, Role.PARTNER),
    Guard.MODERATOR: partial(_holder_of, Role.MODERATOR),
    Guard.ADMINISTRATOR: partial(_holder_of, Role.ADMINISTRATOR),
}


def guard_of(blueprint: str | None) -> Guard | None:
    """The guard of a blueprint by its name; None where no route was found."""
    found = current_app.blueprints.get(blueprint or "")
    return found.guard if isinstance(found, GuardedBlueprint) else None


class GuardedBlueprint(Blueprint):
    """A blueprint that cannot be made without saying who may use it."""

    def __init__(self, name: str, import_name: str, *, guard: Guard, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.guard = guard
        self.before_request(GUARDS[guard])
