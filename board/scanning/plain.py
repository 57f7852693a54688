"""A text as it is searched: folded character by character, each knowing where it came from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

#: Letters that look like, or are read as, another one and that Unicode does not take apart.
_ALIKE: Final = {
    **dict(zip("авеиікмнорсстухјѕԁ", "abeuikmhopcctyxjsd", strict=True)),
    **dict(zip("αβεικνορτυχ", "abeiknoptux", strict=True)),
    **{"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "ı": "i", "đ": "d"},
    **{"ى": "ي", "ة": "ه", "ی": "ي", "ک": "ك", "گ": "ك", "ٱ": "ا"},
    **{"\u0640": "", "’": "'", "ʼ": "'", "‘": "'", "…": "."},
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Part of a text, and why somebody should look at it."""

    #: A key of `board.reasons.HELD`.
    reason: str
    #: Characters [start, end) of the text as it was given.
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Plain:
    """The folded text: lower case, no accents or invisible marks, digits as 0 to 9."""

    text: str
    #: For each character of `text`, the index of the one that it came from.
    origin: tuple[int, ...]

    def finding(self, reason: str, start: int, end: int) -> Finding:
        """A finding for characters [start, end) of the folded text."""
        return Finding(reason, self.origin[start], self.origin[end - 1] + 1)


def plain(text: str) -> Plain:
    """Fold a text."""
    letters: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(text):
        for letter in _fold(character):
            letters.append(letter)
            origin.append(index)
    return Plain("".join(letters), tuple(origin))


def fold_word(text: str) -> str:
    """A listed word as it stands in folded texts."""
    return plain(text).text.strip()


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    """One character, folded; "" for marks and what nobody sees."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(map(_fold_part, folded))


def _fold_part(part: str) -> str:
    category = unicodedata.category(part)
    # Accents and enclosing marks; zero-width and direction marks, soft hyphens, tags.
    if category[0] == "M" or category == "Cf":
        return ""
    digit = unicodedata.decimal(part, None)
    if digit is not None:
        return str(digit)
    if part.isspace():
        return "\n" if part == "\n" else " "
    return _ALIKE.get(part, part)
