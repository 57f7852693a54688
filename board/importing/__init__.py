"""Listings from files: CSV and GeoJSON, read by a mapping, validated whole, stored in batches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from board.importing.mapping import DEFAULT, Mapping, load, names
from board.importing.reading import read
from board.importing.rows import ImportRow, RefusedRow, check_rows
from board.importing.storing import BATCH, BATCH_MAX, Progress, Stored, store

if TYPE_CHECKING:
    from board.context import Board

_VARYING = re.compile(r"%\(\w+\)[a-z]")


@dataclass(frozen=True, slots=True)
class Plan:
    """A file that was checked whole: what may be stored, and what is refused."""

    source: str
    #: What the numbers of rows count: "line" or "feature".
    unit: str
    rows: Sequence[ImportRow]
    refused: Sequence[RefusedRow]

    @property
    def reasons(self) -> dict[str, int]:
        """Reason → refused rows, the most frequent first; what varies in a reason is left out."""
        firsts = [row.problems[0] for row in self.refused]
        counted = Counter(
            f"{problem.field}: {_VARYING.sub('…', problem.message)}" for problem in firsts
        )
        return dict(counted.most_common())


def plan(board: Board, path: Path, mapping: Mapping) -> Plan:
    """Read and check a whole file; nothing is written.

    Raises Invalid when the file is broken as a whole.
    """
    file = read(path, mapping)
    accepted: list[ImportRow] = []
    refused: list[RefusedRow] = []
    for row in check_rows(board, file, mapping):
        if isinstance(row, ImportRow):
            accepted.append(row)
        else:
            refused.append(row)
    return Plan(mapping.source, file.unit, accepted, refused)


__all__ = [
    "BATCH",
    "BATCH_MAX",
    "DEFAULT",
    "ImportRow",
    "Mapping",
    "Plan",
    "Progress",
    "RefusedRow",
    "Stored",
    "load",
    "names",
    "plan",
    "read",
    "store",
]
