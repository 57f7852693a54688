"""Listed words, and money that somebody asks for in figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from board.scanning.lexicon import Lexicon
from board.scanning.plain import Finding, Plain

#: A need counts for an amount that follows within so many characters of the same sentence.
_NEAR = 60


def find_words(folded: Plain, words: Lexicon) -> Iterator[Finding]:
    """The listed words of every reason."""
    for reason, pattern in words.words.items():
        for match in pattern.finditer(folded.text):
            yield folded.finding(reason, *match.span())


def find_money(folded: Plain, words: Lexicon) -> Iterator[Finding]:
    """An amount that somebody says to need."""
    for match in amounts(words.currencies).finditer(folded.text):
        before = folded.text[max(0, match.start() - _NEAR) : match.start()]
        if words.need.search(re.split(r"[.!?\n؟]", before)[-1]):
            yield folded.finding("money", *match.span())


@lru_cache(maxsize=4)
def amounts(currencies: str) -> re.Pattern[str]:
    """Prices and sums, with a currency before or after, perhaps from one to another."""
    number = r"(?:\d{1,3}(?:[ .,']\d{3})+|\d{1,7})(?:[.,]\d{1,2})?"
    span = rf"(?:{number}\s*(?:-|–|a|to|au|ou|or|o|الى)\s*)?{number}"
    return re.compile(
        rf"(?<![\w.,-]){span}\s?{currencies}(?!\w)|(?<!\w)(?:€|\$|£|r\$|usd|eur|fcfa)\s?{span}(?![\w-])"
    )
