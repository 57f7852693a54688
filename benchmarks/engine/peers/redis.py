"""GEOSEARCH of the Redis protocol: a sorted set for each side and category, on loopback."""

from __future__ import annotations

import numpy as np
import redis

from benchmarks.engine.candidates import Candidates, Ranked
from benchmarks.engine.server import started_redis
from benchmarks.engine.workload import CATEGORIES, RADIUS_M

#: Redis holds no place beyond this latitude.
_MOST_LAT = 85.05


class Peer:
    """All categories of a question in one round trip."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates
        self._server = started_redis()
        self._redis = redis.Redis.from_url(self._server.url)
        lng, lat = np.degrees(candidates.lambda_), np.degrees(candidates.phi)
        self._beyond = {}
        for group in range(2 * CATEGORIES):
            rows = candidates.rows_of(group >= CATEGORIES, group % CATEGORIES)
            held = np.abs(lat[rows]) <= _MOST_LAT
            self._beyond[group] = rows[~held]
            rows = rows[held]
            for at in range(0, len(rows), 10_000):
                part = rows[at : at + 10_000]
                values = zip(lng[part].tolist(), lat[part].tolist(), part.tolist(), strict=True)
                self._redis.geoadd(f"g{group}", [value for triple in values for value in triple])

    def top_k(self, listing_id: int, k: int) -> Ranked:
        """One GEOSEARCH a category, all rules on what it finds."""
        candidates = self._candidates
        row = candidates.row_of[listing_id]
        offset = 0 if candidates.asks[row] else CATEGORIES
        lng = float(np.degrees(candidates.lambda_[row]))
        lat = float(np.degrees(candidates.phi[row]))
        kin = candidates.kin(row)
        pipeline = self._redis.pipeline(transaction=False)
        for category, _ in kin:
            # Places are kept to about a metre.
            pipeline.execute_command(
                *("GEOSEARCH", f"g{offset + category}", "FROMLONLAT", lng),
                *(max(min(lat, _MOST_LAT), -_MOST_LAT), "BYRADIUS", RADIUS_M + 20, "m"),
            )
        found, affinities = [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
        for (category, affinity), members in zip(kin, pipeline.execute(), strict=True):
            near = np.array(members, dtype="S20").astype(np.intp)
            near = np.concatenate((near, self._beyond[offset + category]))
            found.append(near)
            affinities.append(np.full(len(near), affinity))
        return candidates.rank(row, np.concatenate(found), np.concatenate(affinities), k)

    def close(self) -> None:
        """Stop the server."""
        self._redis.close()
        self._server.stop()
