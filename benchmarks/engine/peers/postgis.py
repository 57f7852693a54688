"""PostGIS: a GiST index over group and place, one LATERAL query a category, ranked in SQL."""

from __future__ import annotations

import numpy as np
import psycopg

from benchmarks.engine.candidates import Candidates, Ranked
from benchmarks.engine.peers import NotHere
from benchmarks.engine.services import service
from benchmarks.engine.workload import CATEGORIES, NOW, RADIUS_M

_TABLE = """
CREATE TEMPORARY TABLE entries (
    grouped integer, id bigint, owner bigint, starts bigint, ends bigint, urgency integer,
    phi float8, lambda float8, place geography(Point, 4326))
"""
# The haversine formula on the sphere of the engine: PostGIS's own has another radius.
_QUESTION = """
SELECT id, max(round(1e6 * (0.55 * exp(-metres / 8000) + 0.30 * affinity
                            + 0.15 * (CASE WHEN %(asks)s THEN %(urgency)s ELSE urgency END) / 3)))
       AS score
FROM unnest(%(groups)s::integer[], %(affinities)s::float8[]) AS kin (grouped, affinity)
CROSS JOIN LATERAL (
    SELECT id, urgency, round(2 * 6371008.8 * asin(sqrt(least(1,
               power(sin((phi - %(phi)s) / 2), 2)
               + cos(%(phi)s) * cos(phi) * power(sin((lambda - %(lambda)s) / 2), 2))))) AS metres
    FROM entries
    WHERE entries.grouped = kin.grouped AND ST_DWithin(place, %(place)s, %(reach)s, false)
      AND ends > %(after)s AND starts < %(ends)s AND owner <> %(owner)s) AS near
WHERE metres <= %(radius)s
GROUP BY id ORDER BY score DESC, id LIMIT %(k)s
"""


class Peer:
    """One connection, its own temporary table."""

    def __init__(self, candidates: Candidates) -> None:
        url = service("TEST_MIGRATION_DATABASE_URL")
        if url is None:
            raise NotHere("`make services` did not run")
        self._candidates = candidates
        self._base = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        self._base.execute(_TABLE)
        self._fill()
        try:
            self._base.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
            self._base.execute("CREATE INDEX ON entries USING gist (grouped, place)")
        except psycopg.Error:
            for group in range(2 * CATEGORIES):
                self._base.execute(
                    f"CREATE INDEX ON entries USING gist (place) WHERE grouped = {group}"
                )
        self._base.execute("ANALYZE entries")

    def _fill(self) -> None:
        candidates = self._candidates
        lng, lat = np.degrees(candidates.lambda_), np.degrees(candidates.phi)
        columns = candidates.world.columns
        with self._base.cursor().copy("COPY entries FROM STDIN") as copy:
            for group in range(2 * CATEGORIES):
                for row in candidates.rows_of(group >= CATEGORIES, group % CATEGORIES).tolist():
                    copy.write_row(
                        (
                            group,
                            int(columns.id[row]),
                            int(columns.owner[row]),
                            int(columns.starts[row]),
                            int(columns.ends[row]),
                            int(columns.urgency[row]),
                            float(candidates.phi[row]),
                            float(candidates.lambda_[row]),
                            f"SRID=4326;POINT({float(lng[row])!r} {float(lat[row])!r})",
                        )
                    )

    def top_k(self, listing_id: int, k: int) -> Ranked:
        """One statement, ranked by the server."""
        candidates = self._candidates
        row = candidates.row_of[listing_id]
        offset = 0 if candidates.asks[row] else CATEGORIES
        kin = candidates.kin(row)
        lng, lat = np.degrees(candidates.lambda_[row]), np.degrees(candidates.phi[row])
        if candidates.ends[row] <= NOW:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        given = {
            "groups": [offset + category for category, _ in kin],
            "affinities": [affinity for _, affinity in kin],
            "asks": bool(candidates.asks[row]),
            "urgency": int(candidates.urgency[row]),
            "phi": float(candidates.phi[row]),
            "lambda": float(candidates.lambda_[row]),
            "place": f"SRID=4326;POINT({float(lng)!r} {float(lat)!r})",
            "reach": RADIUS_M + 10,
            "radius": RADIUS_M,
            "after": max(NOW, int(candidates.starts[row])),
            "ends": int(candidates.ends[row]),
            "owner": int(candidates.owner[row]),
            "k": k,
        }
        found = self._base.execute(_QUESTION, given, prepare=True).fetchall()
        pairs = np.array(found, dtype=np.float64).reshape(-1, 2).astype(np.int64)
        return pairs[:, 0], pairs[:, 1]

    def close(self) -> None:
        """Drop the table with the connection."""
        self._base.close()
