"""The training texts: independent of the frozen ones, covering the taxonomy, always the same."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import pytest

from benchmarks.text.frozen import load_all
from board.reference import load_taxonomy
from scripts.text_corpus import corpus, demonstration
from scripts.text_phrases import LANGUAGES, PHRASES, Example, lines, read

SLUGS = {category.slug for category in load_taxonomy().categories}


@pytest.fixture(scope="module")
def composed() -> list[Example]:
    """All composed texts: some hundred thousand, composed only where they are needed."""
    return corpus()


def sequences(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Five words in a row, without accents, capitals or punctuation."""
    return {five for text in texts for five in _fives(text)}


def _fives(text: str) -> Iterator[tuple[str, ...]]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    words = re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))
    return zip(*(words[start:] for start in range(5)), strict=False)


def test_no_five_words_in_a_row_are_in_the_frozen_texts_too(composed: list[Example]) -> None:
    """What is measured was not learnt."""
    frozen = sequences(each.text for each in load_all())
    assert sequences(each.text for each in composed) & frozen == set()
    assert sequences(each.text for each in demonstration()) & frozen == set()


def test_the_comparison_finds_a_copied_text() -> None:
    """The test above could fail: accents, capitals and punctuation hide nothing."""
    copied = load_all()[0].text.upper().replace(" ", ", ")
    assert sequences([copied]) & sequences(each.text for each in load_all())


def test_every_language_has_every_side_of_every_category(composed: list[Example]) -> None:
    """Nothing that is suggested is learnt from nothing."""
    expected = {
        (language, side, slug)
        for language in LANGUAGES
        for side in ("request", "offer", "info")
        for slug in SLUGS
    }
    assert {(e.language, e.side, e.category) for e in composed if e.category and e.side} == expected


def test_whole_listings_are_told_from_composed_texts(composed: list[Example]) -> None:
    """Training lets them count more; each side has its share of them in every language."""
    assert all(each.whole for each in demonstration())
    assert not all(each.whole for each in composed)
    assert all(each.whole for each in composed if each.situation)
    for situation, code in itertools.product((False, True), LANGUAGES):
        listings = [
            e for e in composed if e.whole and (e.language, e.situation) == (code, situation)
        ]
        found = Counter(each.side for each in listings)
        assert set(found) == {"request", "offer", "info"}
        assert min(found.values()) * 4 > max(found.values())


@pytest.mark.parametrize("code", LANGUAGES)
def test_risk_is_no_sign_of_a_side(composed: list[Example], code: str) -> None:
    """Risky listings ask as often as they offer."""
    sides = Counter(e.side for e in composed if e.whole and e.risky and e.language == code)
    assert 0.8 < sides["request"] / sides["offer"] < 1.25


@pytest.mark.parametrize("code", LANGUAGES)
def test_only_what_stands_in_the_files_as_risky_is_risky(
    composed: list[Example], code: str
) -> None:
    """Of whole listings: their look-alikes and ordinary ones are harmless, each in three copies."""
    of_language = [e for e in composed if e.whole and e.language == code]
    risks = read(PHRASES / "risks" / f"{code}.toml")
    listed = {mark: _listings(risks[mark].values()) for mark in risks}
    for folder in ("whole", "ordinary"):
        listed["harmless"] += _listings(read(PHRASES / folder / f"{code}.toml").values())
    assert sum(e.risky is True for e in of_language) == 3 * len(listed["risky"])
    assert sum(e.risky is False for e in of_language) == 3 * len(listed["harmless"])
    risky = {e.text for e in of_language if e.risky}
    assert {line[2:] for line in listed["risky"]} <= risky
    assert not risky & {line[2:] for line in listed["harmless"]}


def _listings(categories: Iterable[Mapping[str, str]]) -> list[str]:
    return [line for sides in categories for texts in sides.values() for line in lines(texts)]


def test_the_texts_are_many_and_always_the_same(composed: list[Example]) -> None:
    """A model that is trained again is trained on the same."""
    assert len({each.text for each in composed}) > 10_000
    assert corpus() == composed
