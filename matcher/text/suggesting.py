"""Suggestions from a text, each with the words that decided; never an error, never a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.taxonomy import Kind, Taxonomy, Urgency
from matcher.text.features import features_of
from matcher.text.model import TextModel, Weighed
from matcher.text.words import Word, words_of

#: Categories that are suggested, the most probable first.
CATEGORIES: Final = 3
#: Words that are named for one suggestion, at most.
WORDS: Final = 5
#: A text of which the model knows a smaller share of features is in a script that it never saw:
#: those know at most 0.05, and demonstration listings at least 0.65.
KNOWN_FROM: Final = 0.1

#: Words without which a text says what it is about, but not who asks nor when.
WORDS_FROM: Final = 2
#: A kind that is less probable than this is not suggested: among three, it is a guess.
KIND_FROM: Final = 0.42
#: The same of the most probable category, among all.
CATEGORY_FROM: Final = 0.12

#: Threads that ask first at once would each read the model.
_LOADING: Final = Lock()
_SHIPPED: Final = Path(__file__).parent / "model.npz"
_OTHER_LANGUAGE: Final = "other"
_RISKY: Final = "risky"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DecidingWord:
    """A word that spoke for a suggestion."""

    #: As it was typed: the text's [start:end].
    text: str
    start: int
    end: int
    #: Its share of all that spoke for the suggestion, above 0 and at most 1.
    share: float


@dataclass(frozen=True, slots=True)
class Suggestion(Generic[T]):
    """One label, how probable it is, and why."""

    value: T
    #: 0 to 1, among the labels of its kind.
    probability: float
    #: The weightiest first.
    words: tuple[DecidingWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk:
    """Whether a moderator should read a text before others do."""

    #: 0 to 1.
    probability: float
    #: Whether it is as probable as that.
    marked: bool
    words: tuple[DecidingWord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What a text seems to be. None and empty where it is not known: too short, or too unsure."""

    #: ISO 639-1 code.
    language: Suggestion[str] | None = None
    kind: Suggestion[Kind] | None = None
    #: At most CATEGORIES category ids of the taxonomy, the most probable first.
    categories: tuple[Suggestion[int], ...] = ()
    urgency: Suggestion[Urgency] | None = None
    risk: Risk = field(default_factory=lambda: Risk(0.0, False))


NOTHING: Final = Suggestions()


class Suggester:
    """Suggests from texts; safe for use by several threads."""

    def __init__(self, model: TextModel, taxonomy: Taxonomy) -> None:
        """`taxonomy`: its categories are suggested, where the model has learnt them."""
        self._model = model
        slugs = {category.slug: category.id for category in taxonomy.categories}
        found = [
            (i, slugs[slug]) for i, slug in enumerate(model.labels["category"]) if slug in slugs
        ]
        self._known_categories = found

    @classmethod
    def shipped(cls, taxonomy: Taxonomy) -> Self:
        """With the model that ships with the engine, which is read at the first call."""
        with _LOADING:
            return cls(_shipped_model(), taxonomy)

    def suggest(self, text: str) -> Suggestions:
        """What the text seems to be.

        Only its first `matcher.text.READ_UP_TO` characters are read. A text without words, or in
        a language that the model has not learnt, gives NOTHING.
        """
        words = words_of(text)
        if not any(word.folded.isalpha() for word in words):
            return NOTHING
        weighed = self._model.weigh(features_of(words))
        if weighed.known < KNOWN_FROM:
            return NOTHING
        reasons = _Reasons(text, words, weighed)
        language = self._likeliest("language", weighed, reasons)
        if language.value == _OTHER_LANGUAGE:
            return NOTHING
        enough = sum(not word.is_sign for word in words) >= WORDS_FROM
        return Suggestions(
            language=language,
            kind=self._kind(weighed, reasons) if enough else None,
            categories=self._categories(weighed, reasons),
            urgency=self._urgency(weighed, reasons) if enough else None,
            risk=self._risk(weighed, reasons),
        )

    def _kind(self, weighed: Weighed, reasons: _Reasons) -> Suggestion[Kind] | None:
        probabilities = self._model.kinds(weighed.sums)
        best = int(probabilities.argmax())
        if probabilities[best] < KIND_FROM:
            return None
        words = reasons.words_of(self._model.kind_parts(weighed, best))
        return Suggestion(Kind[self._model.labels["kind"][best]], float(probabilities[best]), words)

    def _likeliest(self, head: str, weighed: Weighed, reasons: _Reasons) -> Suggestion[str]:
        probabilities = self._model.probabilities(head, weighed.sums)
        best = int(probabilities.argmax())
        words = reasons.words(self._model.columns(head).start + best)
        return Suggestion(self._model.labels[head][best], float(probabilities[best]), words)

    def _categories(self, weighed: Weighed, reasons: _Reasons) -> tuple[Suggestion[int], ...]:
        probabilities = self._model.probabilities("category", weighed.sums)
        ranked = sorted(self._known_categories, key=lambda pair: (-probabilities[pair[0]], pair[1]))
        start = self._model.columns("category").start
        if not ranked or probabilities[ranked[0][0]] < CATEGORY_FROM:
            return ()
        return tuple(
            Suggestion(category, float(probabilities[i]), reasons.words(start + i))
            for i, category in ranked[:CATEGORIES]
        )

    def _urgency(self, weighed: Weighed, reasons: _Reasons) -> Suggestion[Urgency]:
        """The middle level: half of the probability lies below it or on it."""
        probabilities = self._model.probabilities("urgency", weighed.sums)
        level = int(np.searchsorted(probabilities.cumsum(), 0.5))
        level = min(level, len(probabilities) - 1)
        words = reasons.words(self._model.columns("urgency").start + level)
        return Suggestion(Urgency(level), float(probabilities[level]), words)

    def _risk(self, weighed: Weighed, reasons: _Reasons) -> Risk:
        probabilities = self._model.probabilities("risk", weighed.sums)
        at = self._model.labels["risk"].index(_RISKY)
        probability = float(probabilities[at])
        words = reasons.words(self._model.columns("risk").start + at)
        return Risk(probability, probability >= self._model.risk_from, words)


class _Reasons:
    """The words that spoke for a label."""

    def __init__(self, text: str, words: list[Word], weighed: Weighed) -> None:
        self._text = text
        self._words = words
        self._weighed = weighed

    def words(self, column: int) -> tuple[DecidingWord, ...]:
        return self.words_of(self._weighed.parts[:, column])

    def words_of(self, parts: NDArray[np.float32]) -> tuple[DecidingWord, ...]:
        sums = np.bincount(self._weighed.words, weights=parts, minlength=len(self._words))
        total = float(sums[sums > 0].sum())
        best = [i for i in np.argsort(-sums, kind="stable")[:WORDS].tolist() if sums[i] > 0]
        return tuple(self._deciding(i, min(float(sums[i]) / total, 1.0)) for i in best)

    def _deciding(self, i: int, share: float) -> DecidingWord:
        word = self._words[i]
        return DecidingWord(self._text[word.start : word.end], word.start, word.end, share)


@lru_cache(maxsize=1)
def _shipped_model() -> TextModel:
    return TextModel.load(_SHIPPED)
