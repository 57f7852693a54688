"""Rows a second that an import reads, checks and stores, over thousands of real reports."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.harness import REPORTS, Options, Result, fresh_board, median, seconds
from board import importing


def run(options: Options) -> Iterator[Result]:
    """The whole file into an empty SQLite board, each round into another."""
    if not REPORTS.exists():
        yield {"benchmark": "import", "skipped": f"the reports are not there: {REPORTS}"}
        return
    measured = [_round() for _ in range(options.rounds)]
    rows, checking, storing = zip(*measured, strict=True)
    totals = [check + store for check, store in zip(checking, storing, strict=True)]
    yield {
        "benchmark": "import",
        "database": "sqlite",
        "rows": rows[0],
        "check_s": median(checking),
        "store_s": median(storing),
        "rows_per_s": round(rows[0] / median(totals)),
        "rounds": options.rounds,
    }


def _round() -> tuple[int, float, float]:
    """Rows of the file, and seconds to check and to store them on an empty board."""
    with fresh_board() as board:
        mapping = importing.load(board, "haiti-2010")
        # The first use of the gazetteer and the borders is not the import's.
        plan = importing.plan(board, REPORTS, mapping)
        checking = seconds(lambda: importing.plan(board, REPORTS, mapping))
        storing = seconds(lambda: importing.store(board, plan.source, plan.rows))
        return len(plan.rows) + len(plan.refused), checking, storing
