"""DuckDB: all counterparts of many listings in one statement, joined by groups of H3 cells."""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.peers.joins import STATEMENT, Columns, Tables


class Bulk:
    """One base in memory, with two threads."""

    def __init__(self, tables: Tables) -> None:
        self._base = duckdb.connect(config={"threads": 2})
        self._base.execute("CREATE MACRO round_whole(x) AS round_even(x, 0)").fetchall()
        self._table("entries", tables.entries)
        self._table("meetings", tables.meetings)

    def _table(self, name: str, columns: Columns) -> None:
        self._base.register("arriving", columns)
        self._base.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM arriving").fetchall()
        self._base.unregister("arriving")

    def top_k_all(self, ids: NDArray[np.int64], k: int) -> dict[str, NDArray[np.int64]]:
        """Columns asked, other and score for the open ones of these listings."""
        self._table("chosen", {"id": ids})
        statement = STATEMENT.format(round="round_whole", k=k)
        found: dict[str, NDArray[np.int64]] = self._base.execute(statement).fetchnumpy()
        return found

    def close(self) -> None:
        """Close the base."""
        self._base.close()
