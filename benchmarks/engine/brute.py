"""Brute force: every rule on every listing. All answers are compared with these."""

from __future__ import annotations

import numpy as np

from benchmarks.engine.candidates import Candidates, Ranked


def top_k(candidates: Candidates, row: int, k: int) -> Ranked:
    """The first k counterparts of a listing, looked for among all listings."""
    own = sorted(set(candidates.categories[row].tolist()))
    table = candidates.affinity[own].max(axis=0)
    rows = np.flatnonzero(candidates.asks != candidates.asks[row])
    affinity = table[candidates.categories[rows]].max(axis=1)
    near = affinity > 0
    return candidates.rank(row, rows[near], affinity[near], k)
