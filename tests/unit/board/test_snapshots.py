"""The index in a file: processes start from it, or from SQL where it is of no use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from board import listings, matching, snapshots
from board.context import Board
from board.db import BoardState
from board.matching import LiveIndex, counterparts
from config.settings import ROOT
from matcher.index import Index
from tests.factories import Factory
from workers import upkeep

#: So many changed listings are worth a new snapshot here.
WORTH = 5


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


@pytest.mark.parametrize("harm", [another_epoch, damaged, emptied, ahead])
def test_what_was_refused_is_written_anew_by_whoever_keeps_it(
    board: Board, make: Factory, harm: Callable[[Board, Path], None]
) -> None:
    """A process that started long before and saw no harm does it too, once."""
    offer = make.offer()
    path = snapshot_of(board)
    harm(board, path)
    assert board.index.keep(board.db)
    with LiveIndex(board.taxonomy, path).asking(board.db) as copies:
        assert copies.listings_revision == copies.revision
        assert offer.id in copies.index
    assert not board.index.keep(board.db)


def test_what_cannot_be_written_is_said_and_stops_nothing(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the file and the reason; the job goes on without it."""
    path = snapshot_of(board)
    a_folder(board, path)
    with pytest.raises(snapshots.NotWritten, match="Is a directory") as refused:
        board.index.save(board.db)
    assert refused.value.path == path
    monkeypatch.setattr(upkeep, "board", lambda: board)
    assert not upkeep.snapshot()
    assert leftovers(path) == []


def many_in_one_revision(board: Board, make: Factory) -> None:
    """An import."""
    member = make.offer()
    with board.db.write() as session:
        owner = listings.find(session, member.public_id).member_id
        entry = listings.Entry(
            fields=make.offer_form(), status=listings.Status.OPEN, member_id=owner
        )
        listings.insert_all(session, board, [entry] * WORTH)


def many_deleted(board: Board, make: Factory) -> None:
    """The end of a demonstration."""
    with board.db.write() as session:
        for row in session.scalars(sa.select(listings.Listing).limit(WORTH)):
            session.delete(row)


def few(board: Board, make: Factory) -> None:
    """As many as a process that starts reads in no time, in revisions of their own."""
    for _ in range(WORTH - 1):
        make.offer()


def only_alerts(board: Board, make: Factory) -> None:
    """The file does not hold them."""
    for _ in range(WORTH):
        make.alert()


@pytest.mark.parametrize(
    ("change", "written"),
    [(many_in_one_revision, True), (many_deleted, True), (few, False), (only_alerts, False)],
)
def test_the_snapshot_is_written_again_when_many_listings_have_changed(
    board: Board,
    make: Factory,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Board, Factory], None],
    written: bool,
) -> None:
    """Listings count, and not the revisions that they came in."""
    monkeypatch.setattr(matching, "_WORTH_SAVING", WORTH)
    for _ in range(WORTH):
        make.offer()
    assert board.index.keep(board.db)
    change(board, make)
    assert board.index.keep(board.db) is written
    assert not board.index.keep(board.db)


#: A process that begins to write and stops in the middle, until a line comes in.
WRITER = """
import sys
from pathlib import Path
from board import snapshots

class Slow:
    def save(self, stream, mark):
        stream.write(b"half")
        stream.flush()
        print("writing", flush=True)
        sys.stdin.readline()

snapshots.save(Path(sys.argv[1]), Slow(), snapshots.Mark("epoch", 1))
"""


@contextmanager
def writing(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A real process in the middle of writing the snapshot."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        try:
            yield process
        finally:
            process.kill()


def leftovers(path: Path) -> list[Path]:
    """Files of writers beside the snapshot."""
    return list(path.parent.glob(f".{path.name}-*"))


def test_what_a_killed_writer_left_is_removed_and_that_of_a_live_one_is_not(
    tmp_path: Path, board: Board
) -> None:
    """The next writer tells them apart, whatever their numbers and names."""
    path = tmp_path / "index.snapshot"
    mark = snapshots.Mark("epoch", 2)
    with writing(path) as killed:
        (dead,) = leftovers(path)
        killed.kill()
        killed.wait()
        assert leftovers(path) == [dead]
        with writing(path) as live:
            (alive,) = leftovers(path)
            assert alive != dead
            snapshots.save(path, Index(board.taxonomy), mark)
            assert leftovers(path) == [alive]
            assert snapshots.load(path, board.taxonomy, "epoch", 2) is not None
            live.communicate("go on\n")
            assert live.returncode == 0
    assert leftovers(path) == []
    assert path.read_bytes() == b"half"


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
