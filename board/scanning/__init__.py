"""What a text holds that a person should look at: contact data, money, medicines, danger.

`scan` is the one way in. The words are data: `data/reference/held_words.json`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from board.scanning.contacts import find_emails, find_ibans
from board.scanning.lexicon import Lexicon, load_lexicon
from board.scanning.numbers import find_phones
from board.scanning.phrases import find_money, find_words
from board.scanning.plain import Finding, plain

__all__ = [
    "CONTACTS",
    "Finding",
    "Lexicon",
    "Part",
    "load_lexicon",
    "marked",
    "scan",
    "without_contacts",
]

#: Reasons of what somebody can be reached or paid by.
CONTACTS: Final = frozenset({"phone", "email", "messaging", "iban"})


@dataclass(frozen=True, slots=True)
class Part:
    """Some characters of a text, and the reasons that were found in them."""

    text: str
    reasons: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _shipped() -> Lexicon:
    return load_lexicon()


def scan(text: str, lexicon: Lexicon | None = None) -> list[Finding]:
    """Every finding in a text, in its order; spans count characters of the text as given.

    Two findings of one reason do not overlap; findings of several reasons may.
    """
    words = lexicon or _shipped()
    folded = plain(text)
    ibans = find_ibans(folded, words)
    found = [
        *ibans,
        *find_emails(folded, words),
        *find_phones(folded, words, taken=ibans),
        *find_words(folded, words),
        *find_money(folded, words),
    ]
    return _apart(sorted(found, key=lambda each: (each.start, -each.end, each.reason)))


def _apart(found: list[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    ends: dict[str, int] = {}
    for each in found:
        if each.start >= ends.get(each.reason, 0):
            kept.append(each)
            ends[each.reason] = each.end
    return kept


def marked(text: str) -> tuple[Part, ...]:
    """The text cut into parts, those with findings apart; together they are the text."""
    found = scan(text)
    cuts = sorted({0, len(text), *(each.start for each in found), *(each.end for each in found)})
    parts = []
    for start, end in itertools.pairwise(cuts):
        reasons = [each.reason for each in found if each.start <= start and end <= each.end]
        parts.append(Part(text[start:end], tuple(dict.fromkeys(reasons))))
    return tuple(parts)


def without_contacts(text: str) -> str:
    """The text with "…" for each thing by which somebody can be reached or paid."""
    return "".join("…" if CONTACTS & {*part.reasons} else part.text for part in marked(text))
