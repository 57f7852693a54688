"""Suggestions from free text: language, kind, category, urgency, risk for moderators.

`Suggester.shipped(taxonomy).suggest(text)` answers in a fraction of a millisecond, from a linear
model that ships with the engine; it needs no network and nothing but NumPy. Every suggestion names
the words that decided. It is a suggestion: nothing here refuses a text.
"""

from matcher.text.model import TextModel, TextModelError
from matcher.text.suggesting import (
    NOTHING,
    DecidingWord,
    Risk,
    Suggester,
    Suggestion,
    Suggestions,
)
from matcher.text.words import READ_UP_TO

__all__ = [
    "NOTHING",
    "READ_UP_TO",
    "DecidingWord",
    "Risk",
    "Suggester",
    "Suggestion",
    "Suggestions",
    "TextModel",
    "TextModelError",
]
