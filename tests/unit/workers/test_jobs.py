"""The jobs of the workers, over a real board."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import digests, dispatching, outbox, statistics, tallying
from board.context import Board
from board.listings import Listing
from board.outbox import OutboxRow
from tests.factories import Factory
from tests.fakes import FakeWaker, MailSink, work_off
from workers import dispatch, upkeep

VOLUNTEER = "volunteer@example.org"


@pytest.fixture(autouse=True)
def jobs_use_this_board(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker opens its board once; here it is that of the test."""
    for module in (dispatch, upkeep):
        monkeypatch.setattr(module, "board", lambda: board)


def test_an_event_wakes_the_mails_that_it_causes(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The job of an opened listing asks for the jobs of its mails."""
    make.alert(email=VOLUNTEER)
    make.open()
    assert isinstance(board.waker, FakeWaker)
    with board.db.read() as session:
        opened = session.scalars(
            sa.select(OutboxRow.id).where(OutboxRow.purpose == outbox.LISTING_OPENED)
        ).one()
    board.waker.woken.clear()
    dispatch.dispatch(opened)
    (mail,) = board.waker.woken
    dispatch.dispatch(mail)
    assert len(smtp.to(VOLUNTEER)) == 1


def test_a_job_that_comes_twice_sends_once(board: Board, make: Factory, smtp: MailSink) -> None:
    """A queue may repeat itself."""
    make.pending(email="asker@example.org")
    (row,) = outbox.due_ids(board.db)
    dispatch.dispatch(row)
    dispatch.dispatch(row)
    assert len(smtp.to("asker@example.org")) == 1


def test_a_job_that_takes_long_leaves_the_rest_to_another(
    board: Board, make: Factory, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow mail server keeps a worker for one job no longer than half a minute."""
    for _ in range(3):
        make.pending()
    rows = outbox.due_ids(board.db)
    assert isinstance(board.waker, FakeWaker)
    board.waker.woken.clear()
    with monkeypatch.context() as patch:
        patch.setattr(dispatching, "_LONGEST_S", -1.0)
        dispatch.dispatch(*rows)
    assert board.waker.woken == rows and smtp.messages == []
    dispatch.dispatch(*rows)
    assert len(smtp.messages) == 3


def test_a_row_that_fails_stops_no_other_of_its_job(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The one in the middle is put off, the others are sent."""
    for _ in range(3):
        make.pending()
    first, broken, last = outbox.due_ids(board.db)
    with board.db.write() as session:
        row = sa.update(OutboxRow).where(OutboxRow.id == broken)
        session.execute(row.values(payload=board.vault.seal("{}")))
    dispatch.dispatch(first, broken, last)
    with board.db.read() as session:
        found = dict(session.execute(sa.select(OutboxRow.id, OutboxRow.status)).all())
    assert found == {first: "sent", broken: "pending", last: "sent"}


def test_the_sweeper_sends_what_no_wake_up_reached(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """With an empty queue, sweeps alone carry a listing to the volunteer."""
    make.alert(email=VOLUNTEER)
    make.open()
    while upkeep.sweep():
        pass
    assert sum(mail["List-Unsubscribe"] is not None for mail in smtp.to(VOLUNTEER)) == 1


def test_a_row_whose_worker_died_is_swept_when_its_lease_is_over(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """A claim without an outcome is no loss."""
    make.pending(email="asker@example.org")
    (row,) = outbox.due_ids(board.db)
    assert outbox.claim(board.db, board.vault, row) is not None
    assert upkeep.sweep() == 0
    board.db.clock_offset = outbox.LEASE + timedelta(seconds=1)
    assert upkeep.sweep() == 1
    assert len(smtp.to("asker@example.org")) == 1


def test_what_is_over_is_closed(board: Board, make: Factory) -> None:
    """Ended listings leave the index."""
    make.open()
    for days, status in ((13, "open"), (15, "closed")):
        board.db.clock_offset = timedelta(days=days)
        upkeep.expire()
        with board.db.read() as session:
            assert session.scalars(sa.select(Listing.status)).all() == [status]


def test_every_job_that_is_asked_for_exists() -> None:
    """Names in the waker and in the schedule lead to functions."""
    from importlib import import_module

    from board import waking
    from config import schedule

    for name in (waking.JOB, *(periodic.job for periodic in schedule.SCHEDULE)):
        module, _, function = name.rpartition(".")
        assert callable(getattr(import_module(module), function))


def test_a_row_that_nobody_can_dispatch_stops_no_sweep(
    board: Board, make: Factory, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest row breaks each time; those behind it are sent all the same."""
    make.pending(email="first@example.org")
    make.pending(email="second@example.org")
    broken, dispatched = outbox.due_ids(board.db)[0], dispatching.dispatch

    def dispatch_or_break(here: Board, *row_ids: int) -> list[int]:
        if broken in row_ids:
            raise RuntimeError("this row cannot be claimed")
        return dispatched(here, *row_ids)

    monkeypatch.setattr(dispatching, "dispatch", dispatch_or_break)
    assert upkeep.sweep() == 1
    assert len(smtp.to("second@example.org")) == 1


def test_the_digest_of_everybody_is_written_once(
    board: Board, make: Factory, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some members in each unit, until nobody's is due; the second run finds nothing to do."""
    monkeypatch.setattr(digests, "BATCH", 2)
    for number in range(5):
        make.alert(email=f"reader{number}@example.org", rhythm="daily")
    make.open()
    work_off(board)
    board.db.clock_offset = timedelta(days=1, minutes=5)
    assert upkeep.digest() == 5
    assert upkeep.digest() == 0
    work_off(board)
    for number in range(5):
        mails = smtp.to(f"reader{number}@example.org")
        assert sum(mail["List-Unsubscribe"] is not None for mail in mails) == 1


def test_what_is_forgotten_was_counted_before(board: Board, make: Factory) -> None:
    """One job does both, in this order, so that none can come first."""
    for _ in range(5):
        make.open()
    board.db.clock_offset = timedelta(days=1)
    upkeep.forget()
    assert statistics.impact(board, statistics.Scope()).total.requests == 5


def test_what_cannot_be_counted_is_forgotten_all_the_same(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To forget is a promise; a figure is none."""

    def fail(board: Board) -> bool:
        raise ArithmeticError

    monkeypatch.setattr(tallying, "count", fail)
    make.open()
    board.db.clock_offset = timedelta(days=60)
    upkeep.expire()
    assert upkeep.forget() > 0
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Listing.id))) == 0
