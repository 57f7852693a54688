"""The engine's benchmark measures what it says: its world, its brute force, its peers."""

from __future__ import annotations

from functools import cache

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely

from benchmarks.engine import brute
from benchmarks.engine.alert_rules import Conditions
from benchmarks.engine.alerts import Alerts, arriving, beside_the_edge
from benchmarks.engine.brute_hits import Brute
from benchmarks.engine.bulk import agrees
from benchmarks.engine.candidates import Candidates
from benchmarks.engine.counterparts import same
from benchmarks.engine.peers import (
    BATCH,
    BULK,
    HITS,
    TOP_K,
    NotHere,
    batch_peer,
    bulk_peer,
    hits_peer,
    peer,
)
from benchmarks.engine.peers.joins import Tables
from benchmarks.engine.workload import CATEGORIES, NOW, world
from matcher.alerts import AlertIndex
from matcher.index import Index
from matcher.listing import Listing, Query
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


def asked() -> list[int]:
    """Some of its listings, those nearest to the poles among them."""
    polar = np.argsort(-np.abs(small().phi))[:4]
    numbers: list[int] = small().ids[np.concatenate((np.arange(146), polar))].tolist()
    return numbers


@cache
def some_alerts() -> Alerts:
    """Alerts, more of them at the edge of the map than in the benchmark."""
    return Alerts(3000, edge=0.03)


@cache
def conditions() -> Conditions:
    """The rules on them."""
    return Conditions(some_alerts())


@cache
def alert_index() -> AlertIndex:
    """The engine's index of them."""
    return some_alerts().index()


@cache
def arrivals() -> list[Listing]:
    """New listings, some at the edge of the map."""
    return [*arriving(300, 3000), *beside_the_edge(some_alerts(), 20)]


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


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.postgresql) if name == "postgis" else name
        for name in TOP_K
    ],
)
def test_peers_say_what_brute_force_says(name: str) -> None:
    """A peer that is wrong would be no peer."""
    try:
        other = peer(name, small())
    except NotHere as reason:
        pytest.skip(str(reason))
    try:
        for number in asked():
            expected = brute.top_k(small(), small().row_of[number], 20)
            assert same(other.top_k(number, 20), expected)
    finally:
        other.close()


@pytest.mark.parametrize("name", BATCH)
def test_batches_of_peers_say_what_brute_force_says(name: str) -> None:
    """All questions in one call have the answers of as many calls."""
    try:
        other = batch_peer(name, small())
    except NotHere as reason:
        pytest.skip(str(reason))
    expected = [brute.top_k(small(), small().row_of[number], 20) for number in asked()]
    assert all(map(same, other.top_k_many(asked(), 20), expected))
    assert other.top_k_many([], 20) == []
    other.close()


@pytest.mark.parametrize("name", BULK)
def test_bases_say_what_brute_force_says(name: str) -> None:
    """The statement finds the counterparts of all listings, those of closed ones are none."""
    try:
        base = bulk_peer(name, Tables(small()))
    except NotHere as reason:
        pytest.skip(str(reason))
    found = base.top_k_all(small().ids, 20)
    base.close()
    triples = zip(*(found[key].tolist() for key in ("asked", "other", "score")), strict=True)
    expected = set()
    for row, number in enumerate(small().ids.tolist()):
        ids, scores = brute.top_k(small(), row, 20)
        expected |= {(number, *pair) for pair in zip(ids.tolist(), scores.tolist(), strict=True)}
    assert len(expected) > 1000 and set(triples) == expected
    ranked = index().ranked_all(None, NOW, 20, threads=1)
    assert agrees(ranked, small().ids, found)
    found["score"] = found["score"] + 1
    assert not agrees(ranked, small().ids, found)


def test_brute_force_on_alerts_says_what_the_reference_says() -> None:
    """The vectorised conditions are those of the board, at ±180 degrees too."""
    alerts = some_alerts()
    held = [alert for each in alerts.id.tolist() if (alert := alert_index().get(each)) is not None]
    listings = arrivals()
    for listing in [*listings[:8], *listings[-8:]]:
        expected = [hit.alert_id for hit in reference.hits(held, listing)]
        assert Brute(conditions()).hit_ids(listing).tolist() == expected


def test_the_engine_says_of_alerts_what_brute_force_says() -> None:
    """Every listing finds the same alerts, circles, polygons and those on remote help."""
    brute_force, kinds = Brute(conditions()), np.zeros(3, dtype=int)
    for listing in arrivals():
        expected = brute_force.hit_ids(listing)
        assert np.array_equal(np.sort(alert_index().hit_ids(listing)), expected)
        rows = np.isin(some_alerts().id, expected)
        groups = conditions().circle, conditions().polygon, conditions().remote
        kinds += [int((rows & group).sum()) for group in groups]
    assert kinds.min() > 10


@pytest.mark.parametrize("name", HITS)
def test_peers_say_of_alerts_what_brute_force_says(name: str) -> None:
    """Alerts around the poles and across ±180 degrees are found by an index of the plane too."""
    try:
        other = hits_peer(name, conditions())
    except NotHere as reason:
        pytest.skip(str(reason))
    brute_force = Brute(conditions())
    for listing in arrivals():
        assert np.array_equal(np.sort(other.hit_ids(listing)), brute_force.hit_ids(listing))
    other.close()


def test_polygons_cross_the_edge_and_are_asked_for() -> None:
    """Some polygons lie on both sides of ±180 degrees, and listings lie in either part."""
    split = [area for area in some_alerts().area if isinstance(area, shapely.MultiPolygon)]
    assert len(split) > 3
    at = [h3.cell_to_latlng(listing.cell)[1] for listing in beside_the_edge(some_alerts(), 20)]
    assert min(at) < -170 and max(at) > 170
    assert any(listing.remote for listing in arrivals())


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
