"""How often features stand in texts is found once for each text, and given in any order."""

from __future__ import annotations

import numpy as np

from matcher.text.features import SIZE, features_of
from matcher.text.words import words_of
from scripts.text_phrases import Example
from scripts.train_text import _Counts

TEXTS = ("a bed for tonight", "je cherche un lit", "", "ثلاثة أشخاص")


def examples(*texts: str) -> list[Example]:
    """Texts without labels."""
    return [Example(text=text, language="en") for text in texts]


def test_the_counts_of_texts_are_those_of_their_features() -> None:
    """Repeated, in another order, and beside texts that were not met before."""
    counts = _Counts()
    for asked in (TEXTS[:2], (TEXTS[1], TEXTS[0], TEXTS[1]), TEXTS[::-1]):
        found = counts.of(examples(*asked))
        assert found.shape == (len(asked), SIZE)
        for row, text in enumerate(asked):
            features = features_of(words_of(text))
            expected = np.zeros(SIZE)
            expected[features.numbers] = features.counts
            np.testing.assert_array_equal(found[[row]].toarray()[0], expected)
