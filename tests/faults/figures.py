"""What the tests of faults measured: JSON lines, and a table to read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

#: File that `make faults` names for the figures. With it, tests run in the numbers of the promises,
#: and without it in those that take three minutes.
FILE = "FAULTS_FIGURES"
LONG = FILE in os.environ

Row = dict[str, object]


class Figures:
    """Writes rows as they are measured: what comes later may fail."""

    def add(self, promise: str, database: str, **measured: object) -> None:
        """Keep what one test measured."""
        row: Row = {"promise": promise, "database": database, **measured}
        print(*table([row]), sep="\n")
        if LONG:
            with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def table(rows: Iterable[Row]) -> list[str]:
    """A block for each row: promise and database, then a line for each figure."""
    lines: list[str] = []
    for row in rows:
        lines.append(f"{row['promise']} on {row['database']}")
        lines += [
            f"  {name.replace('_', ' '):42} {_shown(value)}"
            for name, value in row.items()
            if name not in ("promise", "database")
        ]
    return lines


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(each)}" for key, each in value.items())
    return str(value)
