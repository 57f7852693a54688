"""Languages of the interface: which there are, their catalogues, and which one a reader gets.

Message ids are English texts. Web pages, mails and the command line share one set of catalogues.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel import Locale, negotiate_locale
from babel.support import NullTranslations, Translations

#: Languages of the interface, in the order in which they are offered.
LOCALES: Final = ("fr", "en", "es", "pt", "ar")

#: What a reader gets who accepts none of them.
DEFAULT_LOCALE: Final = "fr"

CATALOGUES: Final = Path(__file__).resolve().parent.parent / "data" / "translations"

#: No browser sends more languages; a longer header is not read to its end.
_HEADER_MAX = 1000
_ACCEPTED = re.compile(
    r"\s*([A-Za-z]{2,3})((?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.ASCII
)


def N_(message: str) -> str:  # noqa: N802 (the name that gettext's tools know)
    """Mark a message id for the catalogues; whoever shows it translates it."""
    return message


@lru_cache(maxsize=len(LOCALES))
def translations(locale: str) -> NullTranslations:
    """The catalogue of one of LOCALES; an empty one, which answers in English, when not compiled.

    Raises ValueError for another locale.
    """
    if locale not in LOCALES:
        raise ValueError(f"locale must be one of {', '.join(LOCALES)}")
    return Translations.load(CATALOGUES, [locale], "messages")


def direction(locale: str) -> str:
    """Direction of writing of a locale, "ltr" or "rtl", as the `dir` attribute takes it."""
    return "rtl" if Locale.parse(locale).character_order == "right-to-left" else "ltr"


def negotiate(accept_language: str, default: str = DEFAULT_LOCALE) -> str:
    """The language of the interface that suits an Accept-Language header (RFC 9110, 12.5.4).

    The reader's order counts, a region is ignored when its language is known, and a malformed
    part is passed over.
    """
    wanted: list[tuple[float, str]] = []
    for part in accept_language[:_HEADER_MAX].split(","):
        read = _ACCEPTED.fullmatch(part)
        if read is None:
            continue
        weight = float(read[3] or 1)
        if weight > 0:
            wanted.append((-weight, read[1].lower() + read[2]))
    # sorted() is stable: languages of equal weight keep the reader's order.
    names = [name for _, name in sorted(wanted, key=lambda pair: pair[0])]
    return negotiate_locale(names, LOCALES, sep="-", aliases={}) or default
