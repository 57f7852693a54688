"""Readers of official information are counted, and nobody can say who they were."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import information, readers
from board.context import Board
from board.errors import ListingNotFound
from board.readers import Reader, ReaderSalt
from tests.factories import Factory


def hashes(board: Board) -> list[str]:
    """What is stored of readers."""
    with board.db.read() as session:
        return list(session.scalars(sa.select(Reader.hash)))


def test_a_reader_counts_once_a_day(board: Board, make: Factory) -> None:
    """Two readers today, one of them tomorrow again: three."""
    view = make.information()
    for who in ("198.51.100.7 Firefox", "198.51.100.7 Firefox", "198.51.100.8 Firefox"):
        readers.count(board, view.public_id, who)
    assert readers.totals(board, [view.id]) == {view.id: 2}
    board.db.clock_offset = timedelta(days=1)
    readers.count(board, view.public_id, "198.51.100.7 Firefox")
    assert readers.totals(board, [view.id]) == {view.id: 3}


def test_when_a_day_is_over_only_its_number_is_kept(board: Board, make: Factory) -> None:
    """Hashes and salt are thrown away; the same reader has another hash on another day."""
    view = make.information()
    readers.count(board, view.public_id, "198.51.100.7")
    (today,) = hashes(board)
    assert "198.51" not in today
    assert readers.forget_days(board) == 0
    board.db.clock_offset = timedelta(days=1)
    readers.count(board, view.public_id, "198.51.100.7")
    assert readers.forget_days(board) == 1
    (tomorrow,) = hashes(board)
    assert tomorrow != today
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(ReaderSalt.day))) == 1
    board.db.clock_offset = timedelta(days=2)
    readers.forget_days(board)
    readers.forget_days(board)
    assert hashes(board) == []
    assert readers.totals(board, [view.id]) == {view.id: 2}


def test_only_open_items_of_organisations_are_counted(board: Board, make: Factory) -> None:
    """Not what people post, and not what was taken down."""
    office = make.organisation()
    view, request = make.information(office), make.open()
    information.withdraw(board, office.member_id, office.id, view.public_id)
    for public_id in (view.public_id, request.public_id, "unknown-id-0"):
        with pytest.raises(ListingNotFound):
            readers.count(board, public_id, "198.51.100.7")
    assert hashes(board) == []
