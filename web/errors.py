"""Pages for what goes wrong, in the reader's language."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from board.errors import LimitReached, LinkRefused, NotFound, SchemaMismatch, Unavailable
from board.i18n import N_

#: Seconds after which a reader may try again when a part is away.
RETRY_AFTER_S = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """Title and advice of an error, as msgids."""

    title: str
    advice: str


PAGES: dict[int, ErrorPage] = {
    400: ErrorPage(
        N_("We could not read what was sent."),
        N_("Go back to the page before and try again."),
    ),
    401: ErrorPage(
        N_("Sign in first."),
        N_("You are not signed in, or were signed out meanwhile. Sign in, then try again."),
    ),
    403: ErrorPage(
        N_("Somebody else has to do this."),
        N_("It is about yourself, or about something that you decided."),
    ),
    404: ErrorPage(
        N_("This page does not exist."),
        N_("The listing may be over, or the address may have been cut. Look for it on the board."),
    ),
    405: ErrorPage(
        N_("This address does not do that."),
        N_("Start again from the home page."),
    ),
    409: ErrorPage(
        N_("This form was already sent with other content."),
        N_("Open a new form and send it again."),
    ),
    410: ErrorPage(
        N_("This link opens nothing any more."),
        N_("A link works once and for a limited time."),
    ),
    413: ErrorPage(
        N_("What was sent is too big."),
        N_("Shorten the text or the area, then send the form again."),
    ),
    429: ErrorPage(
        N_("That is enough for today."),
        N_("Please go on tomorrow."),
    ),
    500: ErrorPage(
        N_("Something broke on our side."),
        N_("Nothing you did is wrong. Please try again in a few minutes."),
    ),
    503: ErrorPage(
        N_("The board is resting for a moment."),
        N_("Nothing is lost. Please try again in a few seconds."),
    ),
}

_LINK_ADVICE = {
    "used": N_("This link has already been used: what it was for is done."),
    "expired": N_("This link is too old. Send the form again to receive a new one."),
    "unknown": N_("The address may have been cut by your mail program. Copy the whole link."),
}
_COOKIE_ADVICE = N_(
    "The page was open for too long, or your browser refuses cookies. "
    "Go back, reload the page and send the form again: what you typed stays there."
)
_BEHIND_ADVICE = N_(
    "Nothing is lost. The database waits for its update: whoever runs this board has to run "
    "“entraide migrate”."
)
_AHEAD_ADVICE = N_(
    "Nothing is lost. The database belongs to a newer version of the program: whoever runs this "
    "board has to update it."
)


def wants_json() -> bool:
    """Whether the reader is a program: the addresses that answer JSON say so by their view."""
    return request.endpoint in {"map.geojson", "places.search", "pages.health", "proofs.challenge"}


def error_response(
    code: int, advice: str | None = None, status: int | None = None, title: str | None = None
) -> Response:
    """The page of an error; `title` and `advice` replace the usual sentences (msgids)."""
    page = PAGES.get(code, PAGES[400 if code < 500 else 500])
    texts = {"title": gettext(title or page.title), "advice": gettext(advice or page.advice)}
    if wants_json():
        response = jsonify(error=texts["title"], advice=texts["advice"])
    else:
        response = make_response(render_template("errors/error.html", code=code, **texts))
    response.status_code = status or code
    if code == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    if 300 <= code < 400:
        return error.get_response()  # type: ignore[return-value]
    response = error_response(code)
    valid_methods = getattr(error, "valid_methods", None)
    if code == 405 and valid_methods:
        response.headers["Allow"] = ", ".join(sorted(valid_methods))
    return response


def _unavailable(error: Unavailable) -> Response:
    _log.warning("unavailable: %s", error.part)
    return error_response(503)


def _schema_mismatch(error: SchemaMismatch) -> Response:
    _log.error("unavailable: %s", error)
    return error_response(503, _AHEAD_ADVICE if error.ahead else _BEHIND_ADVICE)


def _refused_form(error: CSRFError) -> Response:
    _log.warning("refused: a form without its token at %s", request.endpoint)
    return error_response(400, _COOKIE_ADVICE)


def _limited(error: LimitReached) -> Response:
    _log.warning("refused: %s at %s", type(error).__name__, request.endpoint)
    return error_response(429)


def _unexpected(error: Exception) -> Response:
    _log.error("unexpected error at %s", request.endpoint, exc_info=error)
    return error_response(500)


def init_errors(app: Flask) -> None:
    """Answer every error with a page of ours."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _refused_form)
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(SchemaMismatch, _schema_mismatch)
    app.register_error_handler(NotFound, lambda error: error_response(404))
    app.register_error_handler(LimitReached, _limited)
    app.register_error_handler(
        LinkRefused,
        lambda error: error_response(410, _LINK_ADVICE.get(error.reason, _LINK_ADVICE["unknown"])),
    )
    app.register_error_handler(Exception, _unexpected)
