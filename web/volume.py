"""Sheer volume: what one network may ask for in a minute, so that it cannot drown the others.

It protects the machine, not people: what protects somebody is counted in SQL (`board.limits`).
Telephones share addresses, so the bound is far above what a crowd of readers asks for.
"""

from __future__ import annotations

import hmac

from flask import Flask, Response, request
from flask_limiter import ApplicationLimit, Limiter
from flask_limiter.errors import RateLimitExceeded

from board.i18n import N_
from board.limits import prefix
from config.settings import Settings
from web.errors import error_response

_FREE = frozenset({"assets.vendor", "assets.static", "assets.favicon", "pages.health"})
_WAIT_S = 60


def init_volume(app: Flask, settings: Settings) -> None:
    """Count requests in the server of the queue.

    While that is away, each process counts for itself and has its share of the limit: together they
    let no more pass.
    """
    if not settings.requests_per_minute:
        return
    key = settings.secret_key.encode()

    def network() -> str:
        # No address is written anywhere, not even for a minute.
        return hmac.digest(key, _network().encode(), "sha256").hex()[:32]

    alone = ApplicationLimit(f"{_share(settings)} per minute", key_function=network)
    limiter = Limiter(
        network,
        app=app,
        application_limits=[f"{settings.requests_per_minute} per minute"],
        storage_uri=_storage(settings),
        # Words, as its type asks for, would be a limit of each page; a limit is taken as it is.
        in_memory_fallback=[alone],  # type: ignore[list-item]
        strategy="moving-window",
        key_prefix="volume",
    )
    limiter.request_filter(lambda: request.endpoint in _FREE or not _network())
    app.register_error_handler(RateLimitExceeded, _refused)


def _share(settings: Settings) -> int:
    """Of one process; at least one request, else nobody could be answered."""
    return max(1, settings.requests_per_minute // settings.web_processes)


def _network() -> str:
    """An address of IPv4, a network of IPv6; "" for what the world does not see: it is not counted.

    One reader has many addresses of IPv6, and many readers share one of IPv4.
    """
    address = request.remote_addr or ""
    known = prefix(address)
    if known is None:
        return ""
    return known if ":" in known else address


def _refused(error: RateLimitExceeded) -> Response:
    response = error_response(
        429,
        N_("Many requests came from your network. Wait a minute, then try again."),
        title=N_("A little slower, please."),
    )
    response.headers["Retry-After"] = str(_WAIT_S)
    return response


def _storage(settings: Settings) -> str:
    """The address as the library writes it: of a socket, redis+unix://."""
    address = settings.redis_effective_url
    return f"redis+{address}" if address.startswith("unix:") else address
