"""A listing hits the alerts that the brute-force reference says it hits."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.alerts import Alert, AlertError, AlertIndex, Hit
from matcher.languages import LANGUAGE_CAPACITY, LanguagesFull
from matcher.listing import Listing
from matcher.place import Place
from matcher.taxonomy import Kind, Reach, Urgency
from tests import reference
from tests.unit.matcher import worlds
from tests.unit.matcher.worlds import DOUALA, GROCERIES, MEALS, MEDICINE, box, listing

HERE = Place.at(*DOUALA, 8)
AROUND = Place.at(DOUALA[0] + 0.05, DOUALA[1], 7)
ANYWHERE: dict[str, Any] = {"cell": HERE.cell, "radius_m": 20_000_000}


def alert(**fields: Any) -> Alert:
    """An alert of 10 km around Douala, of another member than the listings of `listing`."""
    place = {} if {"area", "remote"} & set(fields) else {"cell": HERE.cell, "radius_m": 10_000}
    return Alert(**{"id": 5, "owner": 900, **place, **fields})


def hits(one: Listing, *alerts: Alert) -> list[Hit]:
    """The hits of one listing."""
    index = AlertIndex()
    for each in alerts:
        index.upsert(each)
    return list(index.hits(one))


@st.composite
def alerts(draw: st.DrawFn, near: list[int], alert_id: int) -> Alert:
    """Any alert: two thirds circles, the others areas and remote help."""
    place: dict[str, Any] = {"remote": True}
    form = draw(st.integers(0, 5))
    cell = draw(st.one_of(st.sampled_from(near), worlds.cells()))
    if form < 4:
        exact = reference.distance_m(cell, near[0])
        radii = (0, 2_000, 29_000, 70_000, 200_000, 500_000, 9_000_000, 20_015_200)
        place = {
            "cell": cell,
            "radius_m": draw(st.sampled_from([*radii, exact, max(0, exact - 1)])),
        }
    elif form == 4:
        place = {"area": box(*Place(cell).center, draw(st.sampled_from([0.001, 0.1, 5.0, 40.0])))}
    return Alert(
        id=alert_id,
        owner=draw(st.integers(-8, 8)),
        kinds=draw(st.frozensets(st.sampled_from(Kind), max_size=2)),
        categories=draw(st.frozensets(st.sampled_from(worlds.CATEGORY_IDS), max_size=3)),
        least_urgency=draw(st.sampled_from([0, 0, 0, 1, 2, 3])),
        languages=draw(worlds.languages()),
        **place,
    )


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_hits_are_those_of_the_reference(st_data: st.DataObject) -> None:
    """Over the whole globe, after any sequence of insertions, replacements and removals."""
    near = st_data.draw(worlds.neighbourhoods())
    index, stored = AlertIndex(), dict[int, Alert]()
    for _ in range(st_data.draw(st.integers(0, 25))):
        alert_id = st_data.draw(st.integers(-6, 6))
        if st_data.draw(st.integers(0, 3)) == 0:
            assert index.remove(alert_id) is (stored.pop(alert_id, None) is not None)
        else:
            stored[alert_id] = st_data.draw(alerts(near, alert_id))
            index.upsert(stored[alert_id])
        assert len(index) == len(stored)
        assert (alert_id in index) is (alert_id in stored)
        assert index.get(alert_id) == stored.get(alert_id)
    for _ in range(4):
        one = st_data.draw(worlds.listings(near, 1))
        truth = reference.hits(stored.values(), one)
        assert list(index.hits(one)) == truth
        ids = index.hit_ids(one)
        assert ids.dtype == np.int64
        assert sorted(ids.tolist()) == [hit.alert_id for hit in truth]


def test_hits_among_thousands_are_exact() -> None:
    """Columns that have grown and leaves of every size change nothing."""
    rng = random.Random(1871)
    towns = (DOUALA, worlds.PORT_AU_PRINCE, (-16.8, 179.99), (89.9, 10.0))
    index, stored = AlertIndex(), []
    for number in rng.sample(range(10**6), 4000):
        point = worlds.moved(*rng.choice(towns), rng.gauss(0, 0.5), rng.gauss(0, 0.5))
        radius_m = rng.choice((1_000, 10_000, 50_000, 150_000, 400_000))
        place: dict[str, Any] = {"cell": Place.at(*point, 8).cell, "radius_m": radius_m}
        if number % 5 == 0:
            place = {"area": box(*point, rng.uniform(0.01, 1))}
        few = rng.sample(worlds.CATEGORY_IDS, rng.randint(0, 2))
        stored.append(Alert(id=number, owner=number, categories=frozenset(few), **place))
        index.upsert(stored[-1])
    many = AlertIndex()
    many.upsert_many(stored)
    for town in towns:
        one = listing(cell=Place.at(*town, 8).cell)
        found = list(index.hits(one))
        assert len(found) > 50
        assert found == reference.hits(stored, one)
        assert list(many.hits(one)) == found


@pytest.mark.parametrize(
    ("conditions", "fields", "hit"),
    [
        ({}, {}, True),
        ({"owner": 1}, {"owner": 1}, False),
        ({"kinds": frozenset({Kind.OFFER})}, {}, False),
        ({"kinds": frozenset({Kind.OFFER, Kind.REQUEST})}, {}, True),
        ({"kinds": frozenset({Kind.INFO})}, {"kind": Kind.INFO}, True),
        ({"categories": frozenset({MEDICINE})}, {}, False),
        ({"categories": frozenset({MEDICINE, GROCERIES})}, {}, True),
        ({"categories": frozenset({MEDICINE})}, {"categories": (MEALS, MEDICINE)}, True),
        ({"categories": frozenset({255})}, {"categories": (255,)}, True),
        ({"least_urgency": 2}, {"urgency": Urgency.WEEK}, False),
        ({"least_urgency": 2}, {"urgency": Urgency.SOON}, True),
        ({"languages": frozenset({"en"})}, {}, False),
        ({"languages": frozenset({"en", "fr"})}, {}, True),
        ({"languages": frozenset({"fr"})}, {"languages": frozenset()}, False),
        ({}, {"languages": frozenset()}, True),
        ({}, {"cell": Place.at(DOUALA[0] + 1, DOUALA[1], 8).cell}, False),
        ({}, {"radius_m": 0, "cell": AROUND.cell}, True),
        ({}, {"reach": Reach.WORLD}, True),
        ({}, {"reach": Reach.WORLD, "cell": None}, False),
        ({"remote": True}, {}, False),
        ({"remote": True}, {"reach": Reach.COUNTRY, "cell": None}, True),
        ({"remote": True}, {"reach": Reach.LANGUAGE}, True),
        ({"area": box(*DOUALA, 0.5)}, {}, True),
        ({"area": box(*DOUALA, 0.5)}, {"cell": None, "reach": Reach.WORLD}, False),
        ({"area": box(0, 0, 0.5)}, {}, False),
    ],
)
def test_each_condition_decides(
    conditions: dict[str, Any], fields: dict[str, Any], hit: bool
) -> None:
    """Each condition by itself lets through or keeps away; empty ones let all through."""
    assert bool(hits(listing(**fields), alert(**conditions))) is hit


@pytest.mark.parametrize(("short_m", "hit"), [(0, True), (1, False)])
def test_the_radius_holds_to_the_metre(short_m: int, hit: bool) -> None:
    """A listing at the very radius is in the circle; a metre farther it is not."""
    distance_m = HERE.distance_m(AROUND)
    found = hits(listing(cell=AROUND.cell), alert(radius_m=distance_m - short_m, cell=HERE.cell))
    assert found == ([Hit(5, distance_m)] if hit else [])


def test_hits_come_by_id_whatever_their_form() -> None:
    """Circles tell their distance, areas and remote help do not."""
    found = hits(
        listing(reach=Reach.WORLD),
        alert(id=9),
        alert(id=-4, remote=True),
        alert(id=3, area=box(*DOUALA, 1)),
        alert(id=1),
    )
    assert found == [Hit(-4, None), Hit(1, 0), Hit(3, None), Hit(9, 0)]


def test_no_alert_is_hit_in_an_empty_index() -> None:
    """Neither asking nor removing fails for want of alerts."""
    index = AlertIndex()
    index.upsert_many([])
    assert list(index.hits(listing())) == []
    assert index.hit_ids(listing()).tolist() == []
    assert index.remove(1) is False
    assert index.remove(2**63) is False
    assert index.get(2**63) is None
    assert 2**63 not in index
    assert "1" not in index
    assert len(index) == 0


def test_answers_are_not_changed_by_later_questions() -> None:
    """The array of ids belongs to whoever asked."""
    index = AlertIndex()
    index.upsert_many([alert(id=1), alert(id=2, categories=frozenset({MEDICINE}))])
    first = index.hit_ids(listing())
    assert sorted(index.hit_ids(listing(categories=(MEDICINE,))).tolist()) == [1, 2]
    assert first.tolist() == [1]


def test_of_many_with_one_id_the_last_counts() -> None:
    """In bulk as one by one, and over what was there before."""
    index = AlertIndex()
    index.upsert(alert(id=7, remote=True))
    index.upsert_many([alert(id=7, categories=frozenset({MEDICINE})), alert(id=8), alert(id=7)])
    assert len(index) == 2
    assert sorted(index.hit_ids(listing()).tolist()) == [7, 8]


def test_a_refused_alert_leaves_the_index_unchanged() -> None:
    """One language too many does not remove the alert that it would replace."""
    index = AlertIndex()
    codes = [f"{a}{b}{c}" for a in "qr" for b in "abcdefghijklm" for c in "nopqrstuvw"]
    for number, code in enumerate(codes[:LANGUAGE_CAPACITY]):
        index.upsert(alert(id=number, languages=frozenset({code})))
    with pytest.raises(LanguagesFull):
        index.upsert(alert(id=0, languages=frozenset({"fr"})))
    with pytest.raises(LanguagesFull):
        index.upsert_many([alert(id=1), alert(id=0, languages=frozenset({"fr"}))])
    assert len(index) == LANGUAGE_CAPACITY
    one = listing(languages=frozenset({codes[0], codes[LANGUAGE_CAPACITY - 1], "fr"}))
    assert [hit.alert_id for hit in index.hits(one)] == [0, LANGUAGE_CAPACITY - 1]


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("id", {"id": True}),
        ("owner", {"owner": 2**63}),
        ("radius_m", {"cell": HERE.cell, "radius_m": -1}),
        ("radius_m", {"cell": HERE.cell, "radius_m": 2.5}),
        ("cell", {"cell": 77, "radius_m": 1}),
        ("least_urgency", {"least_urgency": 4}),
        ("kinds", {"kinds": frozenset({1})}),
        ("categories", {"categories": frozenset({256})}),
        ("languages", {"languages": frozenset({"français"})}),
        ("place", {"remote": False}),
        ("place", {"remote": True, "cell": HERE.cell}),
        ("place", {"remote": True, "area": box(0, 0, 1)}),
        ("place", {"cell": HERE.cell, "area": box(0, 0, 1)}),
    ],
)
def test_alerts_out_of_range_are_refused_by_field(field: str, fields: dict[str, Any]) -> None:
    """The error names the field and what is accepted."""
    with pytest.raises(AlertError, match=f"^{field} must be ") as error:
        alert(**fields)
    assert error.value.field == field
