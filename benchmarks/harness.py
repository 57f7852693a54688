"""What the benchmarks share: the machine, a board of one's own, and timing."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import structlog

from board import migrations
from board.context import Board
from board.gazetteer import ensure
from config.settings import ROOT, Settings

#: Real reports; benchmarks that need them are left out where they are not.
REPORTS = ROOT.parent / "shared" / "data" / "haiti-2010" / "reports_structured.csv"

Result = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """How thoroughly to measure."""

    #: Repetitions of what takes seconds.
    rounds: int = 3
    #: Measured requests of each page, after the warm-ups.
    requests: int = 30
    warm_ups: int = 5
    #: Listings on the board whose pages are measured.
    demo_listings: int = 2000
    #: Numbers of listings that the engine is measured with; beyond `peers_up_to` without peers.
    sizes: tuple[int, ...] = (10_000, 100_000)
    peers_up_to: int = 1_000_000
    #: Worlds in which policies are compared.
    seeds: int = 30
    #: Fewer questions and peers.
    quick: bool = False


class Benchmark(Protocol):
    """A module of this package that measures."""

    def run(self, options: Options) -> Iterator[Result]:
        """Results, each as soon as it is known."""


def machine() -> Result:
    """What the figures were measured on."""
    return {
        "benchmark": "machine",
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in ("numpy", "h3", "flask", "sqlalchemy", "gunicorn")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """Variables of an empty, migrated board in a temporary home folder."""
    quiet()
    with tempfile.TemporaryDirectory(prefix="entraide-bench-") as home:
        # The gazetteer of the installation is only read; without one, one is built here.
        kept = ROOT / "var" / "gazetteer.sqlite"
        if kept.exists():
            ensure(kept)
            Path(home, "gazetteer.sqlite").symlink_to(kept)
        else:
            ensure(Path(home, "gazetteer.sqlite"))
        variables = {"ENTRAIDE_HOME": home, "SECRET_KEY": "measured, and thrown away " * 2}
        migrations.upgrade(Settings.from_mapping(variables))
        yield variables


@contextmanager
def fresh_board() -> Iterator[Board]:
    """An empty board of one's own."""
    with environment() as variables:
        board = Board.open(Settings.from_mapping(variables))
        try:
            yield board
        finally:
            board.close()


def quiet() -> None:
    """Keep log lines off standard output, which holds the results."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def median(values: Sequence[float]) -> float:
    """The median, rounded to what a clock can mean."""
    return round(statistics.median(values), 6)
