"""The reader's language: the address, then what was kept, then the browser, then the default."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from flask import Flask, g, request, session
from flask_babel import Babel

from board.i18n import DEFAULT_LOCALE, LOCALES, direction, negotiate
from config.settings import Settings

#: Names of the languages in themselves, for the switcher.
OWN_NAMES = {
    "fr": "Français",
    "en": "English",
    "es": "Español",
    "pt": "Português",
    "ar": "العربية",
}


_COUNTRY = re.compile(r"[A-Za-z]{2}")


def current_locale() -> str:
    """The locale of this answer, one of `LOCALES`; also outside a request (the default)."""
    return str(g.get("locale", DEFAULT_LOCALE))


def measuring_locale() -> str:
    """As `current_locale`, with the country that the browser names beside the language: "en_GB".

    For lengths, whose unit the language does not tell.
    """
    locale = current_locale()
    for tag, _ in request.accept_languages:
        language, _, country = tag.replace("_", "-").partition("-")
        if language.lower() == locale:
            return f"{locale}_{country.upper()}" if _COUNTRY.fullmatch(country) else locale
    return locale


def _choose(default: str) -> str:
    asked = request.args.get("lang", "")
    if asked in LOCALES:
        if session.get("lang") != asked:
            session.permanent = True
            session["lang"] = asked
        return asked
    kept = session.get("lang")
    if kept in LOCALES:
        return str(kept)
    return negotiate(request.headers.get("Accept-Language", ""), default)


def language_links() -> list[tuple[str, str, str]]:
    """(code, own name, address of this page in it) for each language.

    A refused form was posted to an address that shows something else when it is read: its view
    sets `g.page_address` to the address of the form.
    """
    address = str(g.get("page_address", request.path))
    path, _, query = address.partition("?")
    kept = [(key, value) for key, value in request.args.items(multi=True) if key != "lang"]
    tail = query or urlencode(kept)
    return [
        (code, OWN_NAMES[code], f"{path}?{tail + '&' if tail else ''}lang={code}")
        for code in LOCALES
    ]


def init_locale(app: Flask, settings: Settings, directories: str) -> None:
    """Choose the locale before each request and give templates what they need of it."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = directories

    @app.before_request
    def choose_locale() -> None:
        if request.blueprint == "assets":
            # Files are the same in every language and shared caches may keep them.
            return
        g.locale = _choose(settings.default_locale)

    Babel(app, locale_selector=current_locale, default_locale=settings.default_locale)

    @app.context_processor
    def locale_names() -> dict[str, object]:
        locale = current_locale()
        return {
            "locale": locale,
            "direction": direction(locale),
            "language_links": language_links,
        }
