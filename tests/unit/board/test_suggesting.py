"""Suggestions with the board's own taxonomy."""

from __future__ import annotations

from board.context import Board
from board.suggesting import suggest
from matcher.text import NOTHING


def test_categories_are_those_of_the_board(board: Board) -> None:
    """What is suggested can be stored."""
    found = suggest(board, "Je cherche une pharmacie ouverte ce soir")
    assert board.taxonomy.slug(found.categories[0].value) == "medicine"
    assert all(each.value in board.taxonomy for each in found.categories)


def test_an_empty_text_gives_nothing(board: Board) -> None:
    """Nobody is guessed at before they have typed."""
    assert suggest(board, "") == NOTHING


def test_one_word_is_not_enough_to_say_who_asks(board: Board) -> None:
    """The form then leaves the choice of side to whoever types."""
    found = suggest(board, "pharmacie")
    assert found.kind is None
    assert board.taxonomy.slug(found.categories[0].value) == "medicine"
