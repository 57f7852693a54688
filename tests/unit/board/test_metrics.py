"""The figures for Prometheus: counted from SQL, told of every process, and told when parts fail."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from board import metrics, outbox, processes
from board.context import Board
from board.db import Database, now
from board.outbox import OutboxRow
from board.tellings import NewTelling, queue
from tests.factories import Factory
from tests.fakes import FakeWaker, MailSink, work_off

#: What stands for a place among labels.
Labels = frozenset[tuple[str, str]]


def figures(board: Board) -> dict[tuple[str, Labels], float]:
    """Name and labels → value, as Prometheus reads the answer."""
    text = metrics.exposition(board, "test").decode()
    found: dict[tuple[str, Labels], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, f"{key} stands there twice"
            found[key] = sample.value
    return found


def figure(board: Board, name: str, **labels: str) -> float | None:
    """One figure, or None where it is not told."""
    return figures(board).get((f"entraide_{name}", frozenset(labels.items())))


@contextmanager
def away(board: Board) -> Iterator[Board]:
    """The same board, its database out of reach."""
    url = board.settings.database_url
    lost = "sqlite:////no/such/folder/board.sqlite"
    if url.startswith("postgresql"):
        lost = sa.make_url(url).set(port=1).render_as_string(hide_password=False)
    gone = Database(lost)
    yield replace(board, db=gone)
    gone.close()


def test_an_empty_board_has_nothing_to_do(board: Board) -> None:
    """Zeros, and everything is up."""
    found = {
        name.removeprefix("entraide_"): value
        for (name, labels), value in figures(board).items()
        if not labels
    }
    assert found == {
        "database_up": 1,
        "metrics_complete": 1,
        "database_revision": 0,
        "outbox_due": 0,
        "outbox_oldest_due_seconds": 0,
        "digest_tellings": 0,
        "digest_oldest_due_seconds": 0,
        "call_oldest_due_seconds": 0,
        "queue_up": 1,
        "queue_jobs": 0,
    }
    assert figure(board, "processes", role="test") == 1


def test_what_waits_grows_old(board: Board, make: Factory) -> None:
    """The oldest row that is due counts; one that is to wait does not."""
    make.pending()
    board.db.clock_offset = timedelta(minutes=3)
    make.pending()
    with board.db.write() as session:
        new = outbox.NewRow(purpose="match", once="later", after=timedelta(hours=1))
        outbox.add(session, new)
    assert figure(board, "outbox_due") == 2
    age = figure(board, "outbox_oldest_due_seconds")
    assert age is not None and 180 <= age < 240
    assert figure(board, "outbox_rows", status="pending", channel="email", purpose="match") == 1
    assert figure(board, "deliveries", channel="email", outcome="waiting") == 3


def test_what_was_sent_refused_and_put_off_is_told(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """By what the mail server said; an event is no mail."""
    smtp.answers[:] = ["250 OK", "550 no such mailbox", "451 later"]
    for _ in range(3):
        make.pending()
    work_off(board)
    with board.db.write() as session:
        outbox.add(session, outbox.NewRow(purpose="match", once="given up"))
        session.execute(
            sa.update(OutboxRow).where(OutboxRow.once == "given up").values(status="dead")
        )
        outbox.add(session, outbox.NewRow(purpose="listing-opened", once="event"))
    outcomes = {
        dict(labels)["outcome"]: value
        for (name, labels), value in figures(board).items()
        if name == "entraide_deliveries"
    }
    assert outcomes == {"sent": 1, "refused": 1, "postponed": 1, "given-up": 1}
    opened = {"status": "pending", "channel": "event", "purpose": "listing-opened"}
    assert figure(board, "outbox_rows", **opened) == 1


def test_digests_that_wait_are_told(board: Board, make: Factory) -> None:
    """How many listings wait, and since when one is due."""
    view, member_id = make.open(), make.member()
    with board.db.write() as session:
        due = now(session) - timedelta(minutes=5)
        queue(session, [NewTelling(member_id, view.id, None, due)])
    assert figure(board, "digest_tellings") == 1
    age = figure(board, "digest_oldest_due_seconds")
    assert age is not None and 300 <= age < 360


def test_waves_are_told(board: Board, make: Factory) -> None:
    """Requests by where their waves stand, and since when a look is due."""
    make.alerts([{}] * 3, 3)
    make.open(urgency=1)
    assert figure(board, "calls", status="open") == 0
    work_off(board)
    counts = [figure(board, "calls", status=status) for status in ("open", "ended", "stopped")]
    assert counts == [1, 0, 0]
    assert figure(board, "call_oldest_due_seconds") == 0
    board.db.clock_offset = timedelta(days=2)
    age = figure(board, "call_oldest_due_seconds")
    assert age is not None and age > 3600


def test_a_copy_that_lags_is_told(board: Board, make: Factory) -> None:
    """Revisions since this process asked; another process says its own."""
    own = processes.name("test")
    assert figure(board, "index_lag_revisions", process=own) is None
    make.open()
    make.alert()
    with board.index.asking(board.db):
        pass
    assert figure(board, "index_lag_revisions", process=own) == 0
    assert figure(board, "index_listings", process=own) == 1
    assert figure(board, "index_alerts", process=own) == 1
    before = figure(board, "database_revision")
    assert before
    make.open()
    assert figure(board, "index_lag_revisions", process=own) == 1
    held = processes.report(board, "worker")
    for process, epoch in (("behind", held.epoch), ("foreign", "of another past")):
        other = replace(held, epoch=epoch, revision=int(before) - 1)
        board.waker.report(process, other.written())
    assert figure(board, "index_lag_revisions", process="behind") == 2
    assert figure(board, "index_lag_revisions", process="foreign") == before + 1
    assert figure(board, "processes", role="worker") == 2


def test_counts_of_processes_stay_apart(board: Board) -> None:
    """Each with the name of its process, so that one that ends takes no count from another."""
    counted = processes.Family(
        "entraide_things",
        "Things.",
        "counter",
        (processes.Sample("entraide_things_total", {"kind": "a"}, 3.0),),
    )
    for process in ("one", "two"):
        own = replace(processes.report(board, "worker"), families=(counted,))
        assert processes.Report.read(own.written()) == own
        board.waker.report(process, own.written())
    for process in ("one", "two"):
        assert figure(board, "things_total", kind="a", process=process) == 3


def test_a_database_that_is_away_is_told(board: Board, make: Factory) -> None:
    """The answer is there all the same, with what processes say."""
    make.open()
    with board.index.asking(board.db):
        pass
    with away(board) as lost:
        assert figure(lost, "database_up") == 0
        assert figure(lost, "metrics_complete") == 0
        assert figure(lost, "queue_up") == 1
        assert figure(lost, "outbox_due") is None
        assert figure(lost, "index_listings", process=processes.name("test")) == 1
        assert figure(lost, "index_lag_revisions", process=processes.name("test")) is None


def test_a_queue_that_is_away_is_told(board: Board) -> None:
    """With what this process says of itself."""
    assert isinstance(board.waker, FakeWaker)
    board.waker.away = True
    assert figure(board, "queue_up") == 0
    assert figure(board, "queue_jobs") is None
    assert figure(board, "database_up") == 1
    assert figure(board, "processes", role="test") == 1


def test_counting_takes_no_longer_than_it_may(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What SQL cannot count in time is left out; the next one is asked as ever."""
    make.pending()
    endless = sa.text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )

    def never(session: sa.orm.Session, moment: object) -> list[metrics.Metric]:
        session.execute(endless)
        return []

    with monkeypatch.context() as patch:
        patch.setattr(metrics, "SOURCES", (metrics.outbox_waiting, never, metrics.outbox_rows))
        patch.setattr(metrics, "PATIENCE_S", 0.3)
        found = figures(board)
    assert found["entraide_database_up", frozenset()] == 1
    assert found["entraide_metrics_complete", frozenset()] == 0
    assert found["entraide_outbox_due", frozenset()] == 1
    assert not any(name == "entraide_outbox_rows" for name, _ in found)
    assert figure(board, "metrics_complete") == 1


def test_a_source_that_fails_takes_nothing_else_with_it(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours is told, and hides neither the database nor the processes."""

    def broken(session: sa.orm.Session, moment: object) -> list[metrics.Metric]:
        raise KeyError("a defect")

    monkeypatch.setattr(metrics, "SOURCES", (metrics.outbox_waiting, broken))
    assert figure(board, "metrics_complete") == 0
    assert figure(board, "database_up") == 1
    assert figure(board, "outbox_due") == 0


def test_nothing_of_anybody_is_told(board: Board, make: Factory, smtp: MailSink) -> None:
    """No address, no title, no id: labels are words of ours."""
    make.alert(email="volunteer@example.org")
    view = make.open(title="Courses rue des Lilas", email="poster@example.org")
    work_off(board)
    with board.index.asking(board.db):
        pass
    text = metrics.exposition(board, "test").decode()
    for secret in ("@", "Lilas", view.public_id, "Douala"):
        assert secret not in text
    labels = set(re.findall(r'[{,](\w+)="', text))
    assert labels <= {
        *("status", "channel", "purpose", "outcome", "role", "process", "endpoint", "le"),
        *("implementation", "major", "minor", "patchlevel", "version"),
    }


def test_a_process_reports_until_it_is_told_to_stop(board: Board) -> None:
    """At once, so that a worker is seen before its first job."""
    seen = threading.Event()

    class Waker(FakeWaker):
        def report(self, process: str, text: str) -> bool:
            super().report(process, text)
            seen.set()
            return True

    waker = Waker()
    over = processes.start(replace(board, waker=waker), "worker")
    assert seen.wait(10)
    over.set()
    (report,) = map(processes.Report.read, waker.reports().values())
    assert report.role == "worker"
    assert "process_resident_memory_bytes" in {family.name for family in report.families}
