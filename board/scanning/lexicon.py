"""The listed words, read and compiled once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from board.scanning.plain import fold_word

WORDS: Final = Path(__file__).resolve().parents[2] / "data" / "reference" / "held_words.json"

#: From this length on, a word is also found with signs between its letters or digits for them.
_DISGUISED_FROM: Final = 6
_LEET: Final = {"a": "[a4@]", "e": "[e3€]", "i": "[i1!|]", "o": "[o0]", "s": "[s5$]", "t": "[t7+]"}
_BEFORE, _AFTER = r"(?<![^\W_])", r"(?![^\W_])"
#: "and", "so" and the article, "with", "for" and "as" are written together with an Arabic word.
_ARABIC_BEFORE: Final = r"(?:[وف]?(?:ال|بال|لل|كال|[بلك])?)"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What `scan` knows."""

    #: Reason -> the pattern of its words.
    words: dict[str, re.Pattern[str]]
    #: Folded word -> the number from 0 to 99 that it means.
    numbers: dict[str, int]
    number_links: frozenset[str]
    phone_words: re.Pattern[str]
    currencies: str
    need: re.Pattern[str]
    sure_at: str
    doubtful_at: str
    dot: str
    mail_hosts: str
    #: ISO 3166-1 alpha-2 code -> characters of an IBAN.
    iban_lengths: dict[str, int]


def load_lexicon(path: Path = WORDS) -> Lexicon:
    """Read the words; raises KeyError or ValueError where the file is not what it should be."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Lexicon(
        words={
            reason: re.compile("|".join(map(_pattern, _all(by_language))))
            for reason, by_language in data["words"].items()
        },
        numbers=_numbers(data["numbers"]),
        number_links=frozenset(map(fold_word, data["number_links"])),
        phone_words=re.compile(_BEFORE + _either(data["phone_words"]) + _AFTER),
        currencies=_either(data["currencies"]),
        need=re.compile(_BEFORE + _either(data["need"])),
        sure_at=_either(data["at"]["sure"]),
        doubtful_at=_either(data["at"]["doubtful"]),
        dot=_either(data["dot"]),
        mail_hosts=_either(data["mail_hosts"]),
        iban_lengths={str(code): int(length) for code, length in data["iban_lengths"].items()},
    )


def _all(by_language: dict[str, list[str]]) -> list[str]:
    return list(dict.fromkeys(word for words in by_language.values() for word in words))


def _numbers(by_language: dict[str, dict[str, list[str]]]) -> dict[str, int]:
    return {
        fold_word(word): int(number)
        for numbers in by_language.values()
        for number, words in numbers.items()
        for word in words
    }


def _either(words: Iterable[Any]) -> str:
    """A group of the words, the longest first."""
    folded = sorted(map(fold_word, words), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(word).replace("\\ ", r"[\W_]{1,3}") for word in folded) + ")"


def _pattern(listed: str) -> str:
    """The pattern of one listed word or phrase; a `*` at its end stands for any ending."""
    stem = listed.endswith("*")
    words = fold_word(listed.rstrip("*")).split()
    arabic = any("\u0600" <= letter <= "\u06ff" for letter in listed)
    long = sum(map(len, words)) >= _DISGUISED_FROM
    if long and not arabic:
        body = r"[\W_]{0,3}".join(map(_disguised, words))
    else:
        body = r"[\W_]{1,3}".join(map(re.escape, words))
    return _BEFORE + (_ARABIC_BEFORE if arabic else "") + body + ("" if stem else _AFTER)


def _disguised(word: str) -> str:
    return r"[\W_]{0,2}".join(_LEET.get(letter, re.escape(letter)) for letter in word)
