"""The words of a text as the model sees them, and where each one stands."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import Final

#: Characters of a text that are read; what comes after decides nothing.
READ_UP_TO: Final = 2000
#: Words and signs that are read of these: a text has far fewer, and a row of letters costs no more.
WORDS_UP_TO: Final = 300
#: Characters of one word that are read.
_WORD_UP_TO: Final = 24

# Marks stay with their letters: Arabic vowels, and accents that were typed apart.
_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670"
_TOKEN = re.compile(rf"[\w{_MARKS}]+|[?!؟€$£%@…]|\.{{3}}|:(?!\d)")
_DIGIT = re.compile(r"\d")
#: Ways of writing the same letter in Arabic; tatweel only stretches a word.
_SAME = str.maketrans({"ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي", "ـ": None, "_": None, "؟": "?"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word, or one sign that tells something, of a text."""

    #: Without accents, capitals and the differences of digits.
    folded: str
    #: The same with its accents; they tell languages apart.
    accented: str
    #: Where it stands in the text as given: text[start:end].
    start: int
    end: int

    @property
    def is_sign(self) -> bool:
        """Whether it is a sign such as "?" and has no letters."""
        return not self.folded[:1].isalnum()


def words_of(text: str) -> list[Word]:
    """The first WORDS_UP_TO words of the first READ_UP_TO characters, in their order."""
    found = (_word(match) for match in _TOKEN.finditer(text[:READ_UP_TO]))
    return list(islice((word for word in found if word.folded), WORDS_UP_TO))


def _word(match: re.Match[str]) -> Word:
    accented = match[0][:_WORD_UP_TO].casefold()
    folded = accented
    if not folded.isascii():
        apart = unicodedata.normalize("NFKD", folded)
        folded = "".join(c for c in apart if not unicodedata.combining(c)).translate(_SAME)
    return Word(_DIGIT.sub("0", folded), accented, *match.span())
