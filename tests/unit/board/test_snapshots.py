"""The index in a file: processes start from it, or from SQL where it is of no use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from board import listings, snapshots
from board.context import Board
from board.db import BoardState
from board.matching import LiveIndex, counterparts
from tests.factories import Factory


def snapshot_of(board: Board) -> Path:
    """A snapshot as of now."""
    board.index.save(board.db)
    assert board.settings.snapshot_path.stat().st_mode & 0o077 == 0
    return board.settings.snapshot_path


def test_a_process_starts_from_the_snapshot_and_catches_up(board: Board, make: Factory) -> None:
    """What was posted, closed and deleted since is read from SQL."""
    kept, closed, deleted = make.open(), make.offer(), make.open()
    make.alert()
    path = snapshot_of(board)
    later = make.offer()
    with board.db.write() as session:
        listings.close(session, listings.find(session, closed.public_id), "poster")
        session.delete(listings.find(session, deleted.public_id))
    other = LiveIndex(board.taxonomy, path)
    with other.asking(board.db) as copies:
        assert copies.listings_revision > 0
        assert len(copies.alerts) == 1
        assert {kept.id, later.id} == {
            each for each in (kept.id, closed.id, deleted.id, later.id) if each in copies.index
        }


def test_official_information_of_the_snapshot_covers_its_country(
    board: Board, make: Factory
) -> None:
    """Areas are read from SQL for the listings that came from the file."""
    info = make.information()
    path = snapshot_of(board)
    with LiveIndex(board.taxonomy, path).asking(board.db) as copies:
        assert copies.information.covering(None, "CM") == [info.id]


def another_epoch(board: Board, path: Path) -> None:
    """The database was restored."""
    with board.db.write() as session:
        session.execute(sa.update(BoardState).values(epoch="another"))


def damaged(board: Board, path: Path) -> None:
    """A byte is not what it was."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def emptied(board: Board, path: Path) -> None:
    """The disk was full."""
    path.write_bytes(b"")


def ahead(board: Board, path: Path) -> None:
    """It knows more than the database."""
    with board.index.asking(board.db) as copies:
        mark = snapshots.Mark(copies.epoch, copies.revision + 1)
        snapshots.save(path, copies.index, mark)


def a_folder(board: Board, path: Path) -> None:
    """It cannot be read at all."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [another_epoch, damaged, emptied, ahead, a_folder])
def test_a_snapshot_of_no_use_is_refused_and_sql_is_read(
    board: Board, make: Factory, harm: Callable[[Board, Path], None]
) -> None:
    """Nothing is lost by a bad file but a moment."""
    offer = make.offer()
    path = snapshot_of(board)
    harm(board, path)
    with LiveIndex(board.taxonomy, path).asking(board.db) as copies:
        assert copies.listings_revision == 0
        assert offer.id in copies.index


def test_the_snapshot_is_kept_by_the_worker_when_it_is_worth_it(
    board: Board, make: Factory
) -> None:
    """Written where there is none, and not again for a single change."""
    make.offer()
    assert board.index.keep(board.db)
    make.offer()
    assert not board.index.keep(board.db)


def test_answers_from_a_snapshot_are_those_from_sql(board: Board, make: Factory) -> None:
    """Counterparts, their scores and their order."""
    request = make.open()
    for _ in range(3):
        make.offer()
    before = [each.match for each in counterparts(board, request.public_id).matches]
    path = snapshot_of(board)
    with board.db.read() as session:
        row = listings.find(session, request.public_id)
        categories = listings.categories_of(session, [row.id])[row.id]
        query = listings.engine_listing(row, categories)
    other = LiveIndex(board.taxonomy, path)
    with other.asking(board.db) as copies:
        ids, scores = copies.index.ranked_for(query.id, query.starts)
    assert ids.tolist() == [match.id for match in before]
    assert scores.tolist() == [match.score for match in before]
