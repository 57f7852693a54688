"""The engine's benchmark measures what it says: its world, its brute force, its peers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from benchmarks.engine import brute
from benchmarks.engine.candidates import Candidates
from benchmarks.engine.counterparts import same
from benchmarks.engine.peers import NotHere, peer
from benchmarks.engine.workload import CATEGORIES, NOW, world
from matcher.index import Index
from matcher.listing import Query
from tests import reference


@cache
def small() -> Candidates:
    """A world in which most have a counterpart."""
    return Candidates(world(3000))


@cache
def index() -> Index:
    """The engine's index of it."""
    held = Index(small().world.taxonomy)
    held.upsert_columns(small().world.columns)
    return held


def test_brute_force_says_what_the_reference_says() -> None:
    """The vectorised rules are those of the board."""
    ids = small().ids.tolist()
    listings = [listing for each in ids if (listing := index().get(each)) is not None]
    for one in listings[:12]:
        expected = reference.top_k(listings, Query(one, NOW), small().world.taxonomy)
        found, scores = brute.top_k(small(), small().row_of[one.id], 20)
        assert found.tolist() == [match.id for match in expected]
        assert scores.tolist() == [match.score for match in expected]


def test_the_engine_says_what_brute_force_says() -> None:
    """On every listing of the small world."""
    for row, number in enumerate(small().ids.tolist()):
        assert same(index().ranked_for(number, NOW), brute.top_k(small(), row, 20))


@pytest.mark.parametrize("name", ["ckdtree", "strtree", "rtree", "sqlite_rtree", "redis_geosearch"])
def test_peers_say_what_brute_force_says(name: str) -> None:
    """A peer that is wrong would be no peer."""
    try:
        other = peer(name, small())
    except NotHere as reason:
        pytest.skip(str(reason))
    try:
        for number in small().ids[:150].tolist():
            expected = brute.top_k(small(), small().row_of[number], 20)
            assert same(other.top_k(number, 20), expected)
    finally:
        other.close()


def test_the_world_is_as_described() -> None:
    """Shares of sides, urgencies and open listings; kin of categories; the same for one seed."""
    columns = world(20_000).columns
    assert (columns.kind == 1).mean() == pytest.approx(0.55, abs=0.02)
    urgencies = np.bincount(columns.urgency, minlength=4) / len(columns)
    assert urgencies == pytest.approx([0.45, 0.30, 0.18, 0.07], abs=0.02)
    assert (columns.ends > NOW).mean() == pytest.approx(60 / 70, abs=0.02)
    affinity = world(1000).taxonomy.affinity
    kin = (affinity > 0).sum(axis=1) - 1
    assert len(affinity) == CATEGORIES and kin.min() >= 1 and kin.max() <= 5
    assert np.array_equal(world(1000).columns.cell, world(1000).columns.cell)
    _, counts = np.unique(columns.cell, return_counts=True)
    assert counts.max() > 20
