"""Telephone numbers: digits of any script, words for digits, and signs between them.

Dates, hours, prices and post codes have digits too: they are taken out first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from board.scanning.lexicon import Lexicon
from board.scanning.phrases import amounts
from board.scanning.plain import Finding, Plain

#: So many digits make a telephone number; fewer do behind a "+" or beside a word such as "call".
_LEAST = 8
_LEAST_ABROAD = 7
_LEAST_BESIDE_A_WORD = 6
_BESIDE = 25

_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_HOUR, _MINUTE = r"(?:[01]?\d|2[0-4])", r"[0-5]\d"
#: What has digits and is no telephone number. Each ends where no further group of digits follows.
_INNOCENT = re.compile(
    "|".join(
        (
            rf"(?<!\d){_DAY}\s?([/.-])\s?{_MONTH}\s?\1\s?{_YEAR}(?!\d)",
            rf"(?<!\d){_YEAR}([/.-]){_MONTH}\2{_DAY}(?![\d])",
            rf"(?<![\d/]){_DAY}/{_MONTH}/\d\d(?![\d/])",
            rf"(?<![\d.\-/]){_YEAR}\s?[-–/]\s?{_YEAR}(?!\s?[-–/.]?\d)",
            rf"(?<![\d:]){_HOUR}\s?[:h]\s?{_MINUTE}(?!\s?[:h]\s?\d|\d)",
            rf"(?<![\d.]){_HOUR}\.{_MINUTE}\s?[-–]\s?{_HOUR}\.{_MINUTE}(?![.\d])",
            rf"(?<![\d:.-]){_HOUR}\s?[-–]\s?{_HOUR}(?!\s?[-–.:]?\d\d?[-–.])(?=\D|$)",
            # A Brazilian post code, and an American one behind its state.
            r"(?<![\d-])\d{5}-\d{3}(?![\d-])",
            r"(?<![a-z])[a-z]{2} \d{5}-\d{4}(?!\d)",
        )
    )
)
#: What may stand between the parts of a number: signs, not words, and no comma with its space.
_GAP = re.compile(r"(?:[ \t.\-‐-―/\\()\[\]{}_*·•|:;'\"+~=]|,(?! )|\n(?!\n)){0,5}")
_DIGITS = r"(?<![^\W\d_])[ol]{0,2}\d[ol\d]*"


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    end: int
    #: How many digits it stands for.
    digits: int
    #: The number that a word means; None for digits.
    value: int | None


def find_phones(folded: Plain, words: Lexicon, taken: Iterable[Finding] = ()) -> Iterator[Finding]:
    """Runs of digits and of words for digits that are long enough to be called."""
    text = _without_innocent(folded.text, words)
    known = [(each.start, each.end) for each in taken]
    for run in _runs(text, words):
        if _is_number(text, run, words):
            finding = folded.finding("phone", run[0].start, run[-1].end)
            if not any(start < finding.end and finding.start < end for start, end in known):
                yield finding


def _without_innocent(text: str, words: Lexicon) -> str:
    for pattern in (_INNOCENT, amounts(words.currencies)):
        text = pattern.sub(lambda match: "\x00" * len(match[0]), text)
    return text


def _runs(text: str, words: Lexicon) -> Iterator[list[_Part]]:
    run: list[_Part] = []
    for part in _parts(text, words):
        said = run and (run[-1].value is not None or part.value is not None)
        if run and not _joined(text[run[-1].end : part.start], words, bool(said)):
            yield run
            run = []
        run.append(part)
    if run:
        yield run


def _parts(text: str, words: Lexicon) -> Iterator[_Part]:
    for match in re.finditer(rf"(?P<digits>{_DIGITS})|(?P<word>[^\W\d_]+)", text):
        if match["digits"]:
            yield _Part(match.start(), match.end(), len(match[0]), None)
            continue
        word = match["word"]
        value = words.numbers.get(word)
        if value is None and len(word) > 2 and word[0] == "و":
            # "and" is written together with an Arabic number.
            value = words.numbers.get(word[1:])
        if value is not None:
            yield _Part(match.start(), match.end(), 2 if value > 9 else 1, value)


def _joined(gap: str, words: Lexicon, said: bool) -> bool:
    """Whether what stands between two parts leaves them one number.

    Where one of them is `said` in words, a comma parts nothing: nobody lists door numbers so.
    """
    if _GAP.fullmatch(gap) or (said and gap in (", ", "، ")):
        return True
    left = gap.strip(" -")
    return left in words.number_links


def _is_number(text: str, run: list[_Part], words: Lexicon) -> bool:
    digits = _count(run)
    before = text[max(0, run[0].start - _BESIDE) : run[0].start]
    abroad = before.rstrip(" (").endswith("+") or text[run[0].start :].startswith("00")
    if digits >= (_LEAST_ABROAD if abroad else _LEAST):
        return True
    return digits >= _LEAST_BESIDE_A_WORD and bool(words.phone_words.search(before))


def _count(run: list[_Part]) -> int:
    """Digits that the run stands for: "soixante-dix-huit" and "treinta y cuatro" are two."""
    digits, tens = 0, False
    previous: int | None = None
    for part in run:
        score = previous == 4 and part.value == 20
        absorbed = part.value is not None and tens and part.value < 20
        if score:
            digits, tens = digits + 1, True
        elif absorbed:
            # After "soixante-dix", a unit may still follow.
            tens = part.value == 10
        else:
            digits += part.digits
            tens = part.value is not None and part.value >= 10 and part.value % 10 == 0
        previous = part.value
    return digits
