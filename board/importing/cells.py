"""What stands in one cell of a file: words, codes and times. Each raises `Refused`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from board.i18n import N_
from board.validation import Refused, clean_text, required_text

#: Years in which a listing may be; beyond them a time is a mistake.
YEARS: Final = (1970, 2100)
#: Characters of a cell that holds codes.
CELL_MAX: Final = 1000
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?", re.ASCII)


def shown(value: object, length: int = 40) -> str:
    """The beginning of something that is not believed, safe to print."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value)[:length])


def given(values: Mapping[str, object], field: str) -> object:
    """The value of a field that must be there."""
    if field not in values:
        raise Refused(N_("This is missing."))
    return values[field]


def word(value: object, max_length: int) -> str:
    """A short text that is not empty; a whole number of GeoJSON is taken as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return required_text(value, max_length=max_length)


def codes(value: object, separators: str) -> tuple[str, ...]:
    """The codes of a cell, or of a JSON list of texts, each once, in their order.

    White space and each character of `separators` stand between codes.
    """
    found: list[str] = []
    for part in value if isinstance(value, list) else [value]:
        if not isinstance(part, str):
            raise Refused(N_("This is not a text."))
        part = clean_text(part, max_length=CELL_MAX, multiline=True)
        found += part.translate(str.maketrans(separators, " " * len(separators))).split()
    return tuple(dict.fromkeys(found))


def moment(value: object, zone: ZoneInfo) -> datetime:
    """An ISO 8601 date or time, in UTC; one without a zone is of `zone`, a date its midnight."""
    accepted = N_("A date, or a date and time, is accepted, such as 2026-11-20T08:00Z.")
    if not isinstance(value, str) or not _DATE.fullmatch(value.strip()):
        raise Refused(accepted)
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise Refused(accepted) from None
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise Refused(
            N_("A year from %(least)d to %(most)d is accepted."), least=YEARS[0], most=YEARS[1]
        )
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
