"""What each process says of itself: the revision of its copy, its memory, what it answered.

The processes of one board share SQL and the queue's server. Each leaves a report at the latter
every few seconds, so that whichever is asked can tell of all. Reports are no data of the board:
emptied, they are back within seconds, and none is written to a disk that may be full.
"""

from __future__ import annotations

import json
import os
import platform
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector

if TYPE_CHECKING:
    from board.context import Board

EVERY_S: Final = 5.0
#: What this process counts; each feature adds its own. Labels hold no id and nothing of a person.
REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure: `name` is that of its family, with a suffix where the family has several."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """Figures of one name."""

    name: str
    documentation: str
    kind: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a process says of itself."""

    role: str
    #: Of its copy of the board; None before the first question.
    epoch: str | None
    revision: int | None
    listings: int
    alerts: int
    families: tuple[Family, ...]

    @classmethod
    def read(cls, text: str) -> Report:
        """The report that `written` gave."""
        values: dict[str, Any] = json.loads(text)
        families = tuple(
            Family(**{**family, "samples": tuple(Sample(**each) for each in family["samples"])})
            for family in values.pop("families")
        )
        return cls(**values, families=families)

    def written(self) -> str:
        return json.dumps(asdict(self), allow_nan=False)


def name(role: str) -> str:
    """Under which this process reports: two of one host differ, and so do two hosts."""
    return f"{role}-{platform.node()}-{os.getpid()}"


def report(board: Board, role: str) -> Report:
    """What this process says of itself now. It asks nobody and waits for nobody."""
    copies = board.index.held
    return Report(
        role=role,
        epoch=None if copies is None else copies.epoch,
        revision=None if copies is None else copies.revision,
        listings=0 if copies is None else len(copies.index),
        alerts=0 if copies is None else len(copies.alerts),
        families=tuple(_families()),
    )


def all_reports(board: Board, role: str) -> dict[str, Report]:
    """Name → report of every process that lives; this one, of this role, as of now.

    It is left at the server first: however quickly two processes are asked in turn, no count that
    they tell of goes back.
    """
    own = report(board, role)
    board.waker.report(name(role), own.written())
    found = {process: Report.read(text) for process, text in board.waker.reports().items()}
    return {**found, name(role): own}


def start(board: Board, role: str) -> threading.Event:
    """Report in the background until the event is set; call it after the last fork."""
    over = threading.Event()

    def keep_reporting() -> None:
        while True:
            try:
                board.waker.report(name(role), report(board, role).written())
            except Exception:
                _log.exception("no report of this process")
            if over.wait(EVERY_S):
                return

    threading.Thread(target=keep_reporting, name="report", daemon=True).start()
    return over


def _families() -> Iterator[Family]:
    for metric in REGISTRY.collect():
        samples = tuple(
            Sample(each.name, dict(each.labels), each.value)
            for each in metric.samples
            # When a series began is told by the start of its process.
            if not each.name.endswith("_created")
        )
        yield Family(metric.name, metric.documentation, metric.type, samples)
