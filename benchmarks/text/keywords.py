"""A baseline without a model: lists of words, counted."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from board.scanning import scan
from scripts.text_phrases import LANGUAGES, vocabulary

if TYPE_CHECKING:
    from benchmarks.text.run import Judged

#: Held for these by `board.screening`, words of danger apart.
_RISKY = frozenset({"iban", "payment", "money", "prescription", "messaging"})


class Keywords:
    """Judges by how many words of a list stand in a text."""

    def __init__(self) -> None:
        self._of_category: dict[str, set[str]] = {}
        self._of_language: dict[str, set[str]] = {}
        self._of_urgency: dict[int, set[str]] = {level: set() for level in (3, 2, 1)}
        self._of_side: dict[str, set[str]] = {"request": set(), "offer": set(), "info": set()}
        for language in LANGUAGES:
            found = vocabulary(language)
            every = [*found.categories.values(), *found.urgency.values(), *found.sides.values()]
            self._of_language[language] = _words(" ".join(map(" ".join, every)))
            for slug, phrases in found.categories.items():
                self._of_category.setdefault(slug, set()).update(_words(" ".join(phrases)))
            for level, listed in self._of_urgency.items():
                listed |= {_spaced(phrase) for phrase in found.urgency[level]}
            for side, phrases in found.sides.items():
                self._of_side[side] |= _words(" ".join(phrases))

    def judge(self, text: str) -> Judged:
        """The labels whose lists hold most words of the text."""
        from benchmarks.text.run import Judged

        words = _words(text)
        return Judged(
            language=_most(self._of_language, words)[0],
            side=_most(self._of_side, words)[0],
            categories=tuple(_most(self._of_category, words)[:3]),
            urgency=self._urgency(_spaced(text)),
            risky=bool({finding.reason for finding in scan(text)} & _RISKY),
        )

    def _urgency(self, text: str) -> int:
        """The highest level of which the text holds a whole phrase."""
        held = [
            level
            for level, phrases in self._of_urgency.items()
            if any(phrase in text for phrase in phrases)
        ]
        return max(held, default=0)


def _spaced(text: str) -> str:
    """Its words, without accents and capitals, each between spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    words = re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))
    return f" {' '.join(words)} "


def _words(text: str) -> set[str]:
    return {word for word in _spaced(text).split() if len(word) > 1}


def _most(lists: dict[str, set[str]], words: set[str]) -> list[str]:
    """Labels by the words they share with a text; a word of many lists counts less."""
    in_lists = Counter(word for listed in lists.values() for word in listed & words)
    counted = {
        label: sum(1 / in_lists[word] for word in listed & words) for label, listed in lists.items()
    }
    return sorted(counted, key=lambda label: -counted[label])
