"""The frozen texts: unchanged, well-formed, and covering what the board knows."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from benchmarks.text.frozen import FOLDER, LANGUAGES, Labelled, load, load_all
from board.reference import load_taxonomy

TAXONOMY = load_taxonomy()
SLUGS = {category.slug for category in TAXONOMY.categories}
#: SHA-256 of each file: a frozen text that changes measures something else from then on.
FROZEN = {
    "fr": "20f39945e1acea5e5479d85673d9d8c377c0073d7f91e160d7277bb917ab2cbb",
    "en": "d801e12441142bda9cc2a2512c4c74b0e0970b40f13ebdb3b1937e84507de070",
    "es": "0c164af4609b2348feda1a5cc867b961c1eec17ec812a19eebef216f7d5879c8",
    "pt": "a1a9bce6513a7b43d30c0924055f4f508232e6172a227e4dfe5a3d02ac563367",
    "ar": "37d7d3bb9d12499e49eb3fe593dd6b5776fe9b8e15655d7d74a88add21b75172",
}
#: Language: least number of texts, of texts of each category, side, urgency, and of risky ones.
COVERED = {
    "fr": (300, 12, 40, 40, 40),
    "en": (100, 4, 10, 15, 15),
    "es": (60, 2, 8, 10, 8),
    "pt": (60, 2, 7, 10, 8),
    "ar": (60, 2, 7, 10, 8),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_are_frozen(language: str) -> None:
    """Not a byte has changed since before the first training text was written."""
    content = FOLDER.joinpath(f"{language}.jsonl").read_bytes()
    assert hashlib.sha256(content).hexdigest() == FROZEN[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_texts_cover_what_the_board_knows(language: str) -> None:
    """Each category, side and urgency is there, and enough risky texts beside harmless ones."""
    least, a_category, a_side, an_urgency, risky = COVERED[language]
    texts = load(language)
    assert len(texts) >= least
    categories = Counter(each.category for each in texts)
    assert {slug for slug in SLUGS if categories[slug] < a_category} == set()
    sides = Counter(each.side for each in texts)
    assert sides.keys() == {"request", "offer", "info"}
    assert min(sides.values()) >= a_side
    urgencies = Counter(each.urgency for each in texts)
    assert urgencies.keys() == {0, 1, 2, 3}
    assert min(urgencies.values()) >= an_urgency
    assert sum(each.risky for each in texts) >= risky


@pytest.mark.parametrize("each", load_all(), ids=lambda each: each.id)
def test_a_text_is_well_labelled(each: Labelled) -> None:
    """Only known categories, the right one not named twice, no text without words."""
    assert {each.category, *each.also} <= SLUGS
    assert each.category not in each.also
    assert each.text.strip() == each.text != ""


def test_no_text_stands_twice() -> None:
    """Two equal texts would count for one."""
    texts = load_all()
    assert len({each.id for each in texts}) == len({each.text for each in texts}) == len(texts)
