"""Who may reach a route: every blueprint names its guard, and the guard runs before each view."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, request

from config.settings import Settings

#: Names of this machine for itself.
LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})


class Guard(StrEnum):
    """The right that a route asks for."""

    #: Anybody.
    PUBLIC = "public"
    #: Anybody who holds the token in the address; the board judges the token.
    LINK = "link"
    #: Only where mails go to the local catcher, never in production.
    EMBEDDED_MAIL = "embedded mail"


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


GUARDS: dict[Guard, Callable[[], None]] = {
    Guard.PUBLIC: _allow,
    Guard.LINK: _allow,
    Guard.EMBEDDED_MAIL: _embedded_mail_only,
}


class GuardedBlueprint(Blueprint):
    """A blueprint that cannot be made without saying who may use it."""

    def __init__(self, name: str, import_name: str, *, guard: Guard, **options: Any) -> None:
        super().__init__(name, import_name, **options)
        self.guard = guard
        self.before_request(GUARDS[guard])
