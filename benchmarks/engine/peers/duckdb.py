"""DuckDB: all counterparts of many listings in one statement, joined by H3 cells."""

from __future__ import annotations

import duckdb
import h3.api.basic_int as h3
import numpy as np

from benchmarks.engine.candidates import Candidates
from benchmarks.engine.workload import NOW, RADIUS_M

#: 26 km a side: the ring of neighbours covers the radius.
_RESOLUTION = 4

_QUESTION = f"""
WITH pairs AS (
    SELECT a.id AS asked, b.id AS other, a.asks, a.urgency AS own, b.urgency AS others,
           kin.affinity, round_even(2 * 6371008.8 * asin(sqrt(least(1,
               pow(sin((b.phi - a.phi) / 2), 2)
               + cos(a.phi) * cos(b.phi) * pow(sin((b.lambda - a.lambda) / 2), 2)))), 0) AS metres
    FROM entries a
    JOIN chosen ON chosen.id = a.id
    JOIN kin ON kin.own = a.category
    JOIN rings ON rings.cell = a.cell
    JOIN entries b ON b.cell = rings.near AND b.category = kin.other AND b.asks <> a.asks
    WHERE a.ends > {NOW} AND b.ends > {NOW} AND a.owner <> b.owner
      AND a.starts < b.ends AND b.starts < a.ends),
scored AS (
    SELECT asked, other, max(round_even(1e6 * (0.55 * exp(-metres / 8000) + 0.30 * affinity
               + 0.15 * (CASE WHEN asks THEN own ELSE others END) / 3), 0))::BIGINT AS score
    FROM pairs WHERE metres <= {RADIUS_M} GROUP BY asked, other)
SELECT asked, other, score FROM scored
QUALIFY row_number() OVER (PARTITION BY asked ORDER BY score DESC, other) <= ?
ORDER BY asked, score DESC, other
"""


class Bulk:
    """One base in memory."""

    def __init__(self, candidates: Candidates) -> None:
        self._base = duckdb.connect(config={"threads": 2})
        columns = candidates.world.columns
        rows, category = np.nonzero(candidates.has)
        cells = np.array(
            [h3.cell_to_parent(cell, _RESOLUTION) for cell in columns.cell.tolist()], dtype=np.int64
        )
        entries = {
            "id": columns.id[rows],
            "asks": candidates.asks[rows],
            "category": category,
            "owner": columns.owner[rows],
            "starts": columns.starts[rows],
            "ends": columns.ends[rows],
            "urgency": columns.urgency[rows].astype(np.int64),
            "phi": candidates.phi[rows],
            "lambda": candidates.lambda_[rows],
            "cell": cells[rows],
        }
        self._table("entries", entries)
        pairs = [(cell, near) for cell in set(cells.tolist()) for near in h3.grid_disk(cell, 1)]
        ring = np.array(pairs, dtype=np.int64)
        self._table("rings", {"cell": ring[:, 0], "near": ring[:, 1]})
        own, other = np.nonzero(candidates.affinity > 0)
        affinity = candidates.affinity[own, other]
        self._table("kin", {"own": own, "other": other, "affinity": affinity})

    def _table(self, name: str, columns: dict[str, np.ndarray]) -> None:
        self._base.register("arriving", columns)
        self._base.execute(f"CREATE TABLE {name} AS SELECT * FROM arriving")
        self._base.unregister("arriving")

    def top_k_all(self, ids: np.ndarray, k: int) -> dict[str, np.ndarray]:
        """Columns asked, other and score for the open ones of these listings."""
        self._base.execute("DROP TABLE IF EXISTS chosen")
        self._table("chosen", {"id": ids})
        found: dict[str, np.ndarray] = self._base.execute(_QUESTION, [k]).fetchnumpy()
        return found

    def close(self) -> None:
        """Close the base."""
        self._base.close()
