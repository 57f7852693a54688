"""What a browser may keep of a reader: said in headers of every page, obeyed by its worker.

A device keeps a copy for reading offline only where its member has switched that on, with a cookie
that names the session. Each page says for which session a copy may be there, so that the worker
deletes any other one: after a sign-out, after the session has ended, when somebody else signs in.
"""

from __future__ import annotations

import hmac
from typing import Final

from flask import Flask, Response, current_app, g, request

from board.context import Board
from board.sessions import SignedIn
from config.settings import Settings
from web.guards import offline_cookie, reader, session_token
from web.locale import current_locale

#: Header: for which session a copy may be on this device, or `NOBODY`.
KEEPS: Final = "Entraide-Keeps"
NOBODY: Final = "nobody"
#: Header: where the copy is to be had, on pages after which it is worth renewing.
COPY: Final = "Entraide-Copy"
#: Address of the copy.
COPY_PATH: Final = "/me/offline"
#: Blueprints whose pages the copy is of.
_COPIED: Final = frozenset({"me", "conversations"})
_SIGNS: Final = 32


def mark_of(member: SignedIn) -> str:
    """What a session is called in headers and on the device: nothing can be made of it."""
    board: Board = current_app.config["BOARD"]
    return board.vault.once("offline copy", member.session_id)[:_SIGNS]


def is_kept_for(member: SignedIn) -> bool:
    """Whether this member has switched the copy on, in this browser and session."""
    settings: Settings = current_app.config["SETTINGS"]
    given = request.cookies.get(offline_cookie(settings), "")
    return hmac.compare_digest(given.encode("utf-8", "replace"), mark_of(member).encode())


def draft_reader() -> str | None:
    """Whose drafts a page may give back: a member's mark, "" for a guest, None where unknown."""
    member = reader()
    if member is None:
        return "" if _is_known() else None
    board: Board = current_app.config["BOARD"]
    return board.vault.once("drafts", member.member_id)[:_SIGNS]


def _is_known() -> bool:
    """Whether it has been told who reads; a database that is away must delete nobody's copy."""
    return "signed_in" in g or session_token() is None


def _say(response: Response) -> Response:
    if response.mimetype != "text/html":
        return response
    response.headers["Content-Language"] = current_locale()
    if not _is_known():
        return response
    member: SignedIn | None = g.get("signed_in")
    kept = member is not None and is_kept_for(member)
    response.headers[KEEPS] = mark_of(member) if member is not None and kept else NOBODY
    if kept and request.method == "GET" and request.blueprint in _COPIED:
        response.headers[COPY] = COPY_PATH
    return response


def init_keeping(app: Flask) -> None:
    """Add the headers to pages, and name the reader of drafts in templates."""
    app.after_request(_say)
    app.jinja_env.globals.update(draft_reader=draft_reader)
