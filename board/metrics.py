"""The state of the board in figures, for Prometheus: what waits, what fails, what lags behind.

What lives in SQL is counted there when somebody asks, since several processes write it. Labels are
words of ours, of which there are few; none is an id, and nothing of a person is told.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from board import copies, processes
from board.calls import Call, CallStatus
from board.db import now
from board.errors import Unavailable
from board.outbox import DEAD, EVENT, PENDING, OutboxRow
from board.processes import Report
from board.tellings import Telling

if TYPE_CHECKING:
    from board.context import Board

#: How long SQL may take for one answer; what is not counted by then is left out.
PATIENCE_S: Final = 3.0
#: SQLite looks at the time after so many steps of its machine: about a millisecond.
_STEPS: Final = 10_000
_log = structlog.get_logger(__name__)

Source = Callable[[Session, datetime], Iterable[Metric]]


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"entraide_{name}", words, value=value)


def _age_s(moment: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (moment - since).total_seconds())


def outbox_waiting(session: Session, moment: datetime) -> Iterator[Metric]:
    """What should have been done by now, by the index of what waits."""
    due = OutboxRow.status == PENDING, OutboxRow.due_at <= moment
    count, oldest = session.execute(
        sa.select(sa.func.count(), sa.func.min(OutboxRow.due_at)).where(*due)
    ).one()
    yield _gauge("outbox_due", "Rows of the outbox that are due and not done.", count)
    yield _gauge(
        "outbox_oldest_due_seconds",
        "For how long the oldest of them has been due; 0 where there is none.",
        _age_s(moment, oldest),
    )


def outbox_rows(session: Session, moment: datetime) -> Iterator[Metric]:
    """All that the outbox keeps, in one pass over it."""
    failed = sa.and_(OutboxRow.attempts > 0, OutboxRow.error != "")
    refused = OutboxRow.error.like("smtp 5%")
    kinds = (OutboxRow.status, OutboxRow.channel, OutboxRow.purpose, failed, refused)
    counted = session.execute(sa.select(*kinds, sa.func.count()).group_by(*kinds))
    rows: Counter[tuple[str, ...]] = Counter()
    deliveries: Counter[tuple[str, ...]] = Counter()
    for status, channel, purpose, has_failed, was_refused, count in counted:
        rows[status, channel, purpose] += count
        if channel != EVENT:
            deliveries[channel, _outcome(status, bool(has_failed), bool(was_refused))] += count
    yield _counted(
        "outbox_rows", "Rows that the outbox keeps.", ("status", "channel", "purpose"), rows
    )
    yield _counted(
        "deliveries",
        "What was to be sent, by how it went: of what is over, as long as the outbox keeps it.",
        ("channel", "outcome"),
        deliveries,
    )


def _outcome(status: str, failed: bool, refused: bool) -> str:
    if status == DEAD:
        return "refused" if refused else "given-up"
    if status == PENDING:
        return "postponed" if failed else "waiting"
    return status


def _counted(
    name: str, words: str, labels: tuple[str, ...], counts: Mapping[tuple[str, ...], int]
) -> Metric:
    family = GaugeMetricFamily(f"entraide_{name}", words, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family


def digests_waiting(session: Session, moment: datetime) -> Iterator[Metric]:
    """What waits for a digest, by the index of what waits."""
    waits = Telling.told_at.is_(None), Telling.declined_at.is_(None)
    count = session.scalar(sa.select(sa.func.count()).select_from(Telling).where(*waits))
    oldest = session.scalar(
        sa.select(sa.func.min(Telling.due_at)).where(*waits, Telling.due_at <= moment)
    )
    yield _gauge("digest_tellings", "Listings that wait to be told in a digest.", count or 0)
    yield _gauge(
        "digest_oldest_due_seconds",
        "For how long the oldest digest has been due; 0 where none is.",
        _age_s(moment, oldest),
    )


def calls_open(session: Session, moment: datetime) -> Iterator[Metric]:
    """Requests that go by waves."""
    counted = session.execute(sa.select(Call.status, sa.func.count()).group_by(Call.status))
    counts = dict.fromkeys(CallStatus, 0) | dict(counted.all())
    labelled = {(str(status),): count for status, count in counts.items()}
    yield _counted("calls", "Requests that go by waves.", ("status",), labelled)
    oldest = session.scalar(sa.select(sa.func.min(Call.look_at)).where(Call.look_at <= moment))
    yield _gauge(
        "call_oldest_due_seconds",
        "For how long the next look at one of them has been due; 0 where none is.",
        _age_s(moment, oldest),
    )


#: A feature that keeps something in SQL adds what is to be watched of it.
SOURCES: tuple[Source, ...] = (outbox_waiting, digests_waiting, calls_open, outbox_rows)


@dataclass
class _Counts:
    """What SQL told."""

    is_up: bool = False
    is_complete: bool = False
    epoch: str | None = None
    revision: int | None = None
    families: list[Metric] = field(default_factory=list)


def exposition(board: Board, role: str) -> bytes:
    """Everything in Prometheus's text format, told by a process of this role.

    What is away is told as away: this never fails because of it.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything(board, role))
    return generate_latest(registry)


class _Everything(Collector):
    def __init__(self, board: Board, role: str) -> None:
        self._board = board
        self._role = role

    def collect(self) -> Iterator[Metric]:
        counts = _count(self._board)
        yield _gauge("database_up", "1 while the database answers.", counts.is_up)
        yield _gauge(
            "metrics_complete", "1 where all of SQL was counted in time.", counts.is_complete
        )
        if counts.revision is not None:
            yield _gauge("database_revision", "The newest revision.", counts.revision)
        yield from counts.families
        waiting = self._board.waker.waiting()
        yield _gauge("queue_up", "1 while the queue's server answers.", waiting is not None)
        if waiting is not None:
            yield _gauge("queue_jobs", "Jobs that no worker has taken.", waiting)
        yield from _of_processes(processes.all_reports(self._board, self._role), counts)


def _count(board: Board) -> _Counts:
    """Ask every source in one unit that only reads, within `PATIENCE_S`."""
    counts = _Counts()
    try:
        with board.db.read() as session:
            moment = now(session)
            counts.is_up = True
            counts.epoch, counts.revision = copies.state(session)
            end = time.monotonic() + PATIENCE_S
            for source in SOURCES:
                with _bounded(session, end):
                    counts.families += source(session, moment)
        counts.is_complete = True
    except Unavailable as error:
        _log.warning("figures are missing", part=error.part)
    except Exception:
        _log.exception("figures are missing")
    return counts


@contextmanager
def _bounded(session: Session, end: float) -> Iterator[None]:
    """Let the database give up a statement at this time of the monotonic clock."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        left_ms = max(1, round((end - time.monotonic()) * 1000))
        session.execute(sa.select(sa.func.set_config("statement_timeout", f"{left_ms}ms", True)))
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _of_processes(reports: Mapping[str, Report], counts: _Counts) -> Iterator[Metric]:
    """What processes say of themselves, each with the label `process`."""
    roles: Counter[tuple[str, ...]] = Counter((each.role,) for each in reports.values())
    yield _counted("processes", "Processes that reported of late.", ("role",), roles)
    yield from _of_copies(reports, counts)
    merged: dict[str, Metric] = {}
    for process, each in sorted(reports.items()):
        for family in each.families:
            metric = merged.setdefault(
                family.name, Metric(family.name, family.documentation, family.kind)
            )
            for sample in family.samples:
                labels = {**sample.labels, "process": process}
                metric.add_sample(sample.name, labels, sample.value)
    yield from merged.values()


def _of_copies(reports: Mapping[str, Report], counts: _Counts) -> Iterator[Metric]:
    """How far each copy is behind; alerts and listings are one copy of one revision."""
    lag, listings, alerts = (
        GaugeMetricFamily(f"entraide_index_{name}", words, labels=("process",))
        for name, words in (
            ("lag_revisions", "Revisions of the database that the copy has not taken over yet."),
            ("listings", "Listings in the copy."),
            ("alerts", "Alerts in the copy."),
        )
    )
    for process, each in sorted(reports.items()):
        if each.revision is None:
            continue
        listings.add_metric((process,), each.listings)
        alerts.add_metric((process,), each.alerts)
        if counts.revision is not None:
            # A copy of another epoch is of no use: all of it is to be read anew.
            held = each.revision if each.epoch == counts.epoch else 0
            lag.add_metric((process,), max(0, counts.revision - held))
    yield from (lag, listings, alerts)
