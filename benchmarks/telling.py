"""How long it takes until people know of a listing: asked, written to the outbox, and delivered.

One listing against a million standing alerts; one that hits ten thousand of them, until all rows
are in the outbox; and until a local mail server has all mails, by what `entraide up` starts. Beside
each stands the least that the same could cost, in the same run.
"""

from __future__ import annotations

import os
import smtplib
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks import databases
from benchmarks.harness import Options, Result
from benchmarks.people import Crowd
from board import dispatching, outbox
from board.context import Board
from board.loader import Loader
from board.mails import compose
from board.outbox import OutboxRow
from board.processes import Report
from config.settings import ROOT, Settings
from matcher import warm_up

ALERTS, HIT = 1_000_000, 10_000
_PATIENCE_S = 600.0


class NotDelivered(Exception):
    """What was to be measured did not happen; the message says what."""


def run(options: Options) -> Iterator[Result]:
    """Each figure on each database, the million first."""
    alerts = 100_000 if options.quick else ALERTS
    for database in databases.available():
        yield from _asked_and_written(database, alerts, options)
        for workers in (2,) if options.quick else (1, 2):
            yield _delivered(database, workers)


def _asked_and_written(database: str, alerts: int, options: Options) -> Iterator[Result]:
    """What one worker takes, in its own process, with the copy that it keeps."""
    with databases.on(database) as variables:
        settings = Settings.from_mapping(variables)
        with closing(_quiet_board(settings)) as board:
            warm_up(board.taxonomy)
            crowd = Crowd(board)
            crowd.scatter(alerts - HIT)
            crowd.gather(HIT)
            loading_s = _seconds(lambda: _ask(board))
            yield _one_listing(board, crowd, options) | {
                "database": database,
                "alerts": alerts,
                "first_load_s": round(loading_s, 1),
            }
            yield _many_rows(board, crowd, options) | {"database": database, "alerts": alerts}


def _one_listing(board: Board, crowd: Crowd, options: Options) -> Result:
    """Jobs of listings that few alerts hit: claim, catch up, ask, write, end."""
    held = board.index.held
    spent, told = [], []
    for number in range(options.warm_ups + options.requests):
        event = crowd.post_somewhere(number)
        read: list[str] = []
        with _statements(board, read):
            start = time.perf_counter()
            rows = dispatching.dispatch(board, event)
            taken = time.perf_counter() - start
        if number >= options.warm_ups:
            spent.append(taken)
            told.append(len(rows))
    if board.index.held is not held:
        raise NotDelivered("a job loaded the index anew")
    return {
        "benchmark": "telling-one-listing",
        "median_ms": round(statistics.median(spent) * 1000, 2),
        "p95_ms": round(float(np.percentile(spent, 95)) * 1000, 2),
        "worst_ms": round(max(spent) * 1000, 2),
        "rows_median": statistics.median(told),
        "index_loaded_anew": False,
        "statements_of_a_job": len(read),
        "goal_ms": 50,
        "jobs": len(spent),
    }


def _many_rows(board: Board, crowd: Crowd, options: Options) -> Result:
    """One listing that many alerts hit, against bare INSERTs of as many rows."""
    ours, bare = [], []
    for _ in range(options.rounds):
        event = crowd.post_among_all()
        rows: list[int] = []
        ours.append(_seconds(lambda e=event, r=rows: r.extend(dispatching.dispatch(board, e))))
        if len(rows) != HIT:
            raise NotDelivered(f"{len(rows)} rows of {HIT}")
        bare.append(_seconds(lambda r=rows: _bare_inserts(board, r)))
        crowd.forget_mails()
    return {
        "benchmark": "telling-many-rows",
        "rows": HIT,
        "in_the_outbox_s": round(statistics.median(ours), 3),
        "worst_s": round(max(ours), 3),
        "bare_inserts_s": round(statistics.median(bare), 3),
        "to_bare_inserts": round(statistics.median(ours) / statistics.median(bare), 2),
        "goal_s": 1,
        "rounds": options.rounds,
    }


def _bare_inserts(board: Board, ids: list[int]) -> None:
    """As many rows into the same table, in one unit, with nothing else."""
    with board.db.engine.begin() as connection:
        moment = connection.scalar(sa.select(sa.func.max(OutboxRow.created_at)))
        row = {"purpose": "match", "channel": "email", "due_at": moment, "created_at": moment}
        connection.execute(
            sa.insert(OutboxRow.__table__),  # type: ignore[arg-type]
            [{**row, "once": f"bare:{each}", "member_id": each} for each in ids],
        )


def _delivered(database: str, workers: int) -> Result:
    """From the wake-up until a mail server has everything.

    By all processes of `entraide up`, with so many workers.
    """
    with databases.on(database) as variables, _sink(variables["ENTRAIDE_HOME"]) as (url, count):
        variables |= {"SMTP_URL": url, "WORKERS": str(workers)}
        settings = Settings.from_mapping(variables)
        with closing(Board.open(settings)) as board:
            crowd = Crowd(board)
            crowd.gather(HIT)
            warm_up(board.taxonomy)
            with _up(variables):
                _wait(lambda: _ready(board) == workers, "workers that have their copies")
                event = crowd.post_among_all()
                start = time.perf_counter()
                board.waker.wake([event])
                _wait(lambda: _mails(board).total() == HIT, "all rows")
                written = time.perf_counter() - start
                _wait(lambda: _mails(board)[outbox.PENDING] == 0, "all mails")
                taken = time.perf_counter() - start
            mails, took = _mails(board), count.stat().st_size
            if (mails[outbox.SENT], took) != (HIT, HIT):
                raise NotDelivered(f"of {HIT} mails {dict(mails)}, {took} taken by the server")
            bare = _bare_smtplib(board, url)
    return {
        "benchmark": "telling-delivered",
        "database": database,
        "mails": HIT,
        "workers": workers,
        "in_the_outbox_s": round(written, 1),
        "delivered_s": round(taken, 1),
        "mails_per_s": round(HIT / taken),
        "bare_smtplib_s": round(bare, 1),
        "to_bare_smtplib": round(taken / bare, 2),
        "goal_s": 60,
    }


def _bare_smtplib(board: Board, url: str) -> float:
    """Seconds to send as many mails of the same size, each in a session of its own."""
    message = _a_mail(board)
    port = int(url.rpartition(":")[2])

    def send() -> None:
        for _ in range(HIT):
            with smtplib.SMTP("127.0.0.1", port) as server:
                server.send_message(message)

    return _seconds(send)


def _a_mail(board: Board) -> EmailMessage:
    """One of the mails that were sent."""
    with board.db.write() as session:
        row_id = session.scalars(
            sa.select(sa.func.max(OutboxRow.id)).where(OutboxRow.purpose == outbox.MATCH)
        ).one()
        session.execute(
            sa.update(OutboxRow).where(OutboxRow.id == row_id).values(status=outbox.PENDING)
        )
    held = outbox.claim(board.db, board.vault, row_id)
    with board.db.read() as session:
        message = held and compose.compose(Loader(session, board, [held]), held)
    if message is None:
        raise NotDelivered("no mail could be composed")
    return message


def _mails(board: Board) -> Counter[str]:
    """How many mails of listings the outbox has, by status."""
    counted = sa.select(OutboxRow.status, sa.func.count()).group_by(OutboxRow.status)
    with board.db.read() as session:
        rows = session.execute(counted.where(OutboxRow.purpose == outbox.MATCH))
        return Counter({row.status: row[1] for row in rows})


def _ready(board: Board) -> int:
    """How many workers have their copy of the board."""
    reports = map(Report.read, board.waker.reports().values())
    return sum(each.role == "worker" and each.revision is not None for each in reports)


@contextmanager
def _up(variables: dict[str, str]) -> Iterator[None]:
    """`entraide up`, as these variables say."""
    environment = {
        **{key: value for key, value in os.environ.items() if key not in Settings.variables()},
        **variables,
        **dict(zip(("PORT", "MAILIN_PORT"), _free_ports(), strict=True)),
    }
    started = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "up"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        started.terminate()
        started.wait(timeout=60)


def _free_ports() -> tuple[str, str]:
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1]), str(other.getsockname()[1])


@contextmanager
def _sink(home: str) -> Iterator[tuple[str, Path]]:
    """Address of a mail server, and the file with a byte for each mail."""
    count = Path(home, "taken")
    count.touch()
    command = [sys.executable, "-m", "benchmarks.sink", str(count)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"smtp://127.0.0.1:{port}", count
        finally:
            process.terminate()


def _wait(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise NotDelivered(f"not within {_PATIENCE_S:.0f} s: {what}")
        time.sleep(0.2)


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _ask(board: Board) -> None:
    with board.index.asking(board.db):
        pass


def _quiet_board(settings: Settings) -> Board:
    """A board whose wake-ups go nowhere: what is measured is one worker's part."""

    class Nobody:
        def wake(self, outbox_ids: Any) -> bool:
            return True

        def close(self) -> None:
            """Nothing to close."""

    board = Board.open(settings)
    board.waker.close()
    return replace(board, waker=Nobody())  # type: ignore[arg-type]


@contextmanager
def _statements(board: Board, into: list[str]) -> Iterator[None]:
    def note(_: object, __: object, statement: str, *___: object) -> None:
        into.append(statement)

    sa.event.listen(board.db.engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        sa.event.remove(board.db.engine, "before_cursor_execute", note)
