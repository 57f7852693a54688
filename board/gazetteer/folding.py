"""One spelling for the many ways in which a place name is written."""

from __future__ import annotations

import unicodedata
from typing import Final

#: Letters that Unicode does not decompose, and forms of one Arabic letter that keyboards and
#: habits of writing exchange (alef, ya, kaf, ta marbuta and ha).
_LETTERS: Final = {
    **{"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"},
    **{"ٱ": "ا", "ى": "ي", "ی": "ي", "ے": "ي", "ک": "ك", "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه"},
    "\u0640": "",  # tatweel only stretches a word
    "\u200c": " ",  # zero-width non-joiner: a space that Persian does not show
}

#: Letters that stand for apostrophes, which most people type.
_APOSTROPHES: Final = frozenset(map(chr, range(0x02B0, 0x0300)))

#: A hostile text may hold every character there is; those of real names are fewer than this.
_REMEMBERED: Final = 20_000


class _Folding(dict[int, str]):
    """Code point → folded text, computed when first met, for str.translate."""

    def __missing__(self, codepoint: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(codepoint)).casefold()
        folded = "".join(map(_folded, unicodedata.normalize("NFKD", decomposed)))
        if len(self) < _REMEMBERED:
            self[codepoint] = folded
        return folded


def _folded(character: str) -> str:
    if character in _LETTERS:
        return _LETTERS[character]
    category = unicodedata.category(character)
    if category in ("Mn", "Cf"):
        return ""
    # Mc are vowels of Indic scripts.
    kept = category[0] in "LN" or category == "Mc"
    return character if kept and character not in _APOSTROPHES else " "


_FOLDING = _Folding()


def fold(text: str) -> str:
    """The name in lower case without accents, its words separated by single spaces.

    NFKD; accents, Arabic vowel signs and tatweel dropped; forms of one Arabic letter made one;
    every sign that is no letter or digit becomes a space. Any text is accepted.
    """
    return " ".join(text.translate(_FOLDING).split())
