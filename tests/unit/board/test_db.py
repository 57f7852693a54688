"""Units of work, column types, the clock and the revision counter."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from shapely import Point, Polygon

from board.context import Board
from board.db import BoardState, Database, make_engine, now
from board.errors import Unavailable
from board.listings import Listing, Status
from board.members import Member
from tests.factories import Factory


def test_times_come_back_in_utc_whatever_zone_went_in(board: Board, make: Factory) -> None:
    """A moment is the same moment after a round trip."""
    paris = timezone(timedelta(hours=1))
    moment = datetime(2030, 1, 1, 12, 30, 15, tzinfo=paris)
    with board.db.write() as session:
        session.add(Member(email="a@example.org", locale="fr", created_at=moment))
    with board.db.read() as session:
        read = session.scalars(sa.select(Member.created_at)).one()
    assert read == moment
    assert read.utcoffset() == timedelta(0)


def test_a_new_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds addresses: neither the group nor others may read it or its journals."""
    engine = make_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept (id INTEGER)"))
        rights = [file.stat().st_mode & 0o077 for file in tmp_path.iterdir()]
    engine.dispose()
    assert len(rights) == 3
    assert set(rights) == {0}


def test_a_naive_time_is_refused(board: Board) -> None:
    """A time without a zone cannot be stored."""
    with pytest.raises(sa.exc.StatementError), board.db.write() as session:
        session.add(Member(email="a@example.org", locale="fr", created_at=datetime(2030, 1, 1)))


def test_geometries_come_back_as_they_went_in(board: Board, make: Factory) -> None:
    """Points and polygons survive on both databases."""
    make.open()
    square = Polygon([(9, 3), (10, 3), (10, 5), (9, 5)])
    with board.db.write() as session:
        listing = session.scalars(sa.select(Listing)).one()
        listing.area, listing.location = square, Point(-179.5, -89.5)
    with board.db.read() as session:
        listing = session.scalars(sa.select(Listing)).one()
        assert listing.area is not None and listing.location is not None
        assert listing.area.equals(square)
        assert listing.location.equals(Point(-179.5, -89.5))


def test_the_clock_is_the_databases(board: Board) -> None:
    """Only an offset of tests moves it."""
    with board.db.read() as session:
        moment = now(session)
    assert moment.tzinfo is UTC
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=1)
    board.db.clock_offset = timedelta(days=400)
    with board.db.read() as session:
        assert now(session) - moment > timedelta(days=399)


def test_simultaneous_counts_lose_no_update(board: Board) -> None:
    """Units that read and then write come one after the other."""
    with board.db.write() as session:
        session.add(Member(email="a@example.org", locale="0", created_at=now(session)))

    def count() -> None:
        for _ in range(25):
            with board.db.write() as session:
                member = session.scalars(sa.select(Member).with_for_update()).one()
                member.locale = str(int(member.locale) + 1)

    counters = [threading.Thread(target=count) for _ in range(4)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join()
    with board.db.read() as session:
        assert session.scalars(sa.select(Member.locale)).one() == "100"


def test_revisions_follow_the_order_of_commits(board: Board, make: Factory) -> None:
    """Whoever has seen revision n has seen every change at or below n."""
    seen: list[int] = []

    def post() -> None:
        for _ in range(5):
            make.open()

    posters = [threading.Thread(target=post) for _ in range(4)]
    for poster in posters:
        poster.start()
    while any(poster.is_alive() for poster in posters):
        with board.index.asking(board.db) as copies, board.db.read() as session:
            below = sa.select(sa.func.count()).where(
                Listing.revision <= copies.revision, Listing.status == Status.OPEN
            )
            assert len(copies.index) >= (session.scalar(below) or 0)
        seen.append(copies.revision)
    for poster in posters:
        poster.join()
    assert seen == sorted(seen)
    with board.db.read() as session:
        revisions = session.scalars(sa.select(Listing.revision)).all()
        assert len(set(revisions)) == 20
        assert session.scalar(sa.select(BoardState.revision)) == max(r or 0 for r in revisions)


def test_a_unit_that_fails_leaves_nothing(board: Board) -> None:
    """All or nothing."""
    with pytest.raises(RuntimeError), board.db.write() as session:
        session.add(Member(email="a@example.org", locale="fr", created_at=now(session)))
        session.flush()
        raise RuntimeError
    with board.db.read() as session:
        assert session.scalars(sa.select(Member)).all() == []


def test_reading_changes_nothing(board: Board) -> None:
    """What a reading unit changed is rolled back."""
    with board.db.read() as session:
        session.add(Member(email="a@example.org", locale="fr", created_at=now(session)))
        session.flush()
    with board.db.read() as session:
        assert session.scalars(sa.select(Member)).all() == []


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/at/all.sqlite", "postgresql+psycopg://nobody@127.0.0.1:9/nothing"],
)
def test_a_database_that_is_away_is_said_so(url: str) -> None:
    """The cause is kept, the error is ours."""
    database = Database(url)
    with pytest.raises(Unavailable) as away, database.read() as session:
        now(session)
    assert away.value.__cause__ is not None
    database.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log"]
)
def test_the_audit_log_can_only_be_added_to(board: Board, make: Factory, statement: str) -> None:
    """The database itself refuses to change what was recorded."""
    make.open()
    with pytest.raises((sa.exc.DBAPIError, Unavailable)), board.db.write() as session:
        session.execute(sa.text(statement))
    with board.db.read() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM audit_log")) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("environment", ["postgresql"], indirect=True)
def test_the_program_cannot_change_the_schema(board: Board) -> None:
    """On PostgreSQL the program's role owns no table."""
    with pytest.raises(sa.exc.ProgrammingError), board.db.write() as session:
        session.execute(sa.text("DROP TABLE grants"))
