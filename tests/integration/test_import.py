"""Imported rows on the board: stored once, announced only when asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGKILL

import pytest
import sqlalchemy as sa

from board import importing, listings
from board.context import Board
from board.db import now
from board.errors import Invalid
from board.importing import Plan, Stored
from board.listings import Listing
from board.outbox import OutboxRow
from board.searching import ListingFilter, search
from board.sources import ImportedRow
from config.settings import ROOT
from matcher.listing import Query
from tests.factories import Factory
from tests.fakes import FakeWaker, MailSink, work_off

HEADER = "serial,time,lat,lon,codes,side"
#: Rows of the kind that the Haiti mapping reads, in Akwa: both sides, need, offer, neither.
ROWS = ("1,{day},4.0503,9.698,2b 7a,both", "2,{day},4.0503,9.698,2a,need",
        "3,{day},4.0246,9.701,7a,offer", "4,{day},4.0246,9.701,6c,other")  # fmt: skip


@pytest.fixture
def plan(board: Board, tmp_path: Path) -> Plan:
    """The four rows, open since today."""
    path = tmp_path / "rows.csv"
    with board.db.read() as session:
        day = now(session).date()
    path.write_text("\n".join([HEADER, *ROWS]).format(day=day), encoding="utf-8")
    return importing.plan(board, path, importing.load(board, "haiti-2010"))


def count(board: Board, model: type[object]) -> int:
    """How many rows a table holds."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_rows_become_open_listings_of_their_source(board: Board, plan: Plan) -> None:
    """They show where they come from, and have nobody to write to."""
    stored = importing.store(board, plan.source, plan.rows)
    assert (stored.rows, stored.listings, stored.already_there) == (3, 4, 0)
    assert len(plan.refused) == 1
    page = search(board, ListingFilter())
    assert page.total == 4
    assert {(view.source, view.state, view.demo) for view in page.items} == {
        ("Haïti 2010", "open", False)
    }
    with board.db.read() as session:
        rows = session.scalars(sa.select(Listing)).all()
        assert all(row.member_id is row.pending_email is None for row in rows)
        assert not any(row.notify for row in rows)


def test_the_two_listings_of_a_row_never_match(board: Board, plan: Plan) -> None:
    """One report of a need and a service is one owner; another row's is not."""
    importing.store(board, plan.source, plan.rows)
    with board.db.read() as session:
        own, other = session.scalars(
            sa.select(Listing).where(Listing.kind == 1).order_by(Listing.id)
        ).all()
        offers = session.scalars(
            sa.select(Listing).where(Listing.kind == 2).order_by(Listing.id)
        ).all()
        moment = int(now(session).timestamp())
    with board.index.asking(board.db) as copies:
        for asking, expected in ((own, {offers[1].id}), (other, {offers[0].id, offers[1].id})):
            listing = copies.index.get(asking.id)
            assert listing is not None
            matches = copies.index.top_k(Query(listing, moment))
            assert {match.id for match in matches} == expected


def test_a_second_run_stores_nothing(board: Board, plan: Plan) -> None:
    """The same source and ids are the same rows, whatever the batch."""
    importing.store(board, plan.source, plan.rows)
    again = importing.store(board, plan.source, plan.rows, batch=1)
    assert (again.rows, again.listings, again.already_there) == (0, 0, 3)
    assert count(board, Listing) == 4


def test_another_source_has_its_own_ids(board: Board, plan: Plan) -> None:
    """Two sources may both have a row 1."""
    importing.store(board, plan.source, plan.rows)
    assert importing.store(board, "elsewhere", plan.rows).rows == 3


def test_an_interrupted_run_is_taken_up(board: Board, plan: Plan) -> None:
    """What was stored stays, the rest comes with the next run."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.store(board, plan.source, plan.rows, batch=2, progress=interrupt)
    assert count(board, ImportedRow) == 2
    rest = importing.store(board, plan.source, plan.rows, batch=2)
    assert (rest.rows, rest.already_there) == (1, 2)
    assert count(board, Listing) == 4


KILLED_IN_THE_SECOND_BATCH = """
import os, sys
from pathlib import Path
from signal import SIGKILL
from board import importing, listings
from board.context import Board
from config.settings import Settings

board = Board.open(Settings.from_mapping(os.environ))
plan = importing.plan(board, Path(sys.argv[1]), importing.load(board, "haiti-2010"))
insert, done = listings.insert_all, []

def insert_or_die(*arguments, **options):
    made = insert(*arguments, **options)
    done.append(1)
    if len(done) == 2:
        os.kill(os.getpid(), SIGKILL)
    return made

listings.insert_all = insert_or_die
importing.store(board, plan.source, plan.rows, batch=1)
"""


def test_a_killed_run_leaves_whole_rows_and_is_taken_up(
    board: Board, plan: Plan, environment: dict[str, str], tmp_path: Path
) -> None:
    """kill -9 in the middle of a batch: its row is not there, the ones before it are."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_THE_SECOND_BATCH, str(tmp_path / "rows.csv")],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -SIGKILL, killed.stderr
    assert (count(board, ImportedRow), count(board, Listing)) == (1, 2)
    rest = importing.store(board, plan.source, plan.rows)
    assert (rest.rows, rest.listings, rest.already_there) == (2, 2, 1)


def test_nobody_is_alerted_unless_asked_for(
    board: Board, plan: Plan, make: Factory, smtp: MailSink
) -> None:
    """A volunteer whose alert covers the place hears nothing of an import."""
    make.alert(email="volunteer@example.org")
    work_off(board)
    before = len(smtp.to("volunteer@example.org")), count(board, OutboxRow)
    importing.store(board, plan.source, plan.rows)
    work_off(board)
    assert (len(smtp.to("volunteer@example.org")), count(board, OutboxRow)) == before


def test_alerts_come_when_asked_for(
    board: Board, plan: Plan, make: Factory, smtp: MailSink
) -> None:
    """Each listing is announced once, also when the import runs twice."""
    make.alert(email="volunteer@example.org")
    work_off(board)
    before = len(smtp.to("volunteer@example.org"))
    assert isinstance(board.waker, FakeWaker)
    stored = importing.store(board, plan.source, plan.rows, alert=True)
    assert stored.announced == 4
    assert len(set(board.waker.woken)) >= 4, "the workers were woken after the commit"
    assert importing.store(board, plan.source, plan.rows, alert=True).announced == 0
    work_off(board)
    assert len(smtp.to("volunteer@example.org")) > before


@pytest.mark.parametrize("batch", [0, -1, 5001])
def test_a_batch_out_of_range_is_refused(board: Board, plan: Plan, batch: int) -> None:
    """And nothing is written."""
    with pytest.raises(Invalid, match="from 1 to 5000"):
        importing.store(board, plan.source, plan.rows, batch=batch)
    assert count(board, ImportedRow) == 0


def test_progress_counts_every_row(board: Board, plan: Plan) -> None:
    """Also those that were there already, so that a bar reaches its end."""
    for _ in range(2):
        seen: list[int] = []
        stored: Stored = importing.store(
            board, plan.source, plan.rows, batch=2, progress=seen.append
        )
        assert seen == [2, 1]
        assert stored.rows + stored.already_there == 3


def test_an_imported_listing_ends_by_itself(board: Board, tmp_path: Path) -> None:
    """Reports of long ago are stored, and are no open listings."""
    path = tmp_path / "old.csv"
    path.write_text(f"{HEADER}\n1,2010-01-13,18.54,-72.34,2b,need\n", encoding="utf-8")
    old = importing.plan(board, path, importing.load(board, "haiti-2010"))
    assert importing.store(board, old.source, old.rows).listings == 1
    assert search(board, ListingFilter()).total == 0
    with board.db.read() as session:
        public_id = session.scalar(sa.select(Listing.public_id))
    assert listings.get(board, str(public_id)).state == "ended"
