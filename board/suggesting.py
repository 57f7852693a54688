"""What a text seems to be, for the form that asks for it and for moderators: never a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matcher.text import Suggester, Suggestions

if TYPE_CHECKING:
    from board.context import Board


def suggest(board: Board, text: str) -> Suggestions:
    """Language, kind, categories, urgency and risk of a text, with the words that decided.

    A part that is not known is None or empty: a text may be too short, too unsure, or in another
    language. The model is read at the first call, in a fraction of a second; threads may ask at
    once.
    """
    return Suggester.shipped(board.taxonomy).suggest(text)
