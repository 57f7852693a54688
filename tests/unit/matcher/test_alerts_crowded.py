"""Many alerts in few places: what is split, moved and taken together again stays exact."""

import random
from itertools import combinations, islice
from typing import Any

import pytest

from matcher.alerts import Alert, AlertColumns, AlertIndex
from matcher.listing import Listing
from matcher.place import Place
from matcher.taxonomy import CATEGORY_CAPACITY, Kind, Reach, Urgency
from tests import reference
from tests.unit.matcher.worlds import DOUALA, PORT_AU_PRINCE, box, listing, moved

CODES = [a + b for a in "abcdefgh" for b in "abcdefghijkl"]


class Crowd:
    """Alerts on few places with every sort of condition, in an index and beside it."""

    def __init__(self, seed: int, points: list[tuple[float, float]], categories: int) -> None:
        self.rng = random.Random(seed)
        self._points = points
        self._categories = range(categories)
        self.index = AlertIndex()
        self.stored: dict[int, Alert] = {}

    def alert(self, number: int) -> Alert:
        """Any alert."""
        rng = self.rng
        point = rng.choice(self._points)
        form, radius_m = rng.random(), rng.choice((500, 3_000, 20_000, 50_000, 400_000))
        place: dict[str, Any] = {"cell": Place.at(*point, 8).cell, "radius_m": radius_m}
        if form < 0.2:
            place = {"area": box(*point, rng.choice((0.002, 0.1, 2.0)))}
        elif form < 0.25:
            place = {"remote": True}
        return Alert(
            id=number,
            owner=rng.randrange(600),
            kinds=frozenset(rng.sample(list(Kind), rng.choice((0, 1, 1, 2, 3)))),
            categories=frozenset(rng.sample(self._categories, rng.choice((0, 1, 2, 5)))),
            least_urgency=rng.choice((0, 0, 1, 2, 3)),
            languages=frozenset(rng.sample(CODES, rng.choice((0, 0, 1, 3)))),
            **place,
        )

    def upsert(self, number: int) -> None:
        """Put in or replace an alert."""
        self.stored[number] = self.alert(number)
        self.index.upsert(self.stored[number])

    def remove(self, number: int) -> None:
        """Take an alert out, or find that there is none."""
        assert self.index.remove(number) is (self.stored.pop(number, None) is not None)

    def listing(self) -> Listing:
        """Any listing near the places."""
        rng = self.rng
        point = moved(*rng.choice(self._points), rng.gauss(0, 0.1), rng.gauss(0, 0.1))
        return listing(
            kind=rng.choice(list(Kind)),
            urgency=rng.choice(list(Urgency)),
            reach=rng.choice((Reach.LOCAL, Reach.LOCAL, Reach.WORLD)),
            cell=Place.at(*point, 8).cell,
            categories=tuple(rng.sample(self._categories, rng.choice((1, 1, 2, 5)))),
            languages=frozenset(rng.sample(CODES, rng.choice((0, 1, 3)))),
            owner=rng.randrange(600),
        )

    def check(self, questions: int) -> int:
        """Compare with the reference; how many hits there were."""
        count = 0
        for _ in range(questions):
            one = self.listing()
            truth = reference.hits(self.stored.values(), one)
            assert list(self.index.hits(one)) == truth
            count += len(truth)
        return count


@pytest.mark.parametrize(
    ("points", "categories"),
    [
        ([DOUALA], 6),
        ([DOUALA], CATEGORY_CAPACITY),
        ([(-16.8, 179.999), (-16.8, -179.999)], 9),
        ([(89.99, 10.0), (-89.99, 10.0)], 9),
        ([moved(*PORT_AU_PRINCE, i / 50, i / 90) for i in range(40)], 30),
    ],
    ids=["one point", "more categories than bits", "180 degrees", "poles", "a city"],
)
def test_crowds_are_exact_while_they_grow_and_shrink(
    points: list[tuple[float, float]], categories: int
) -> None:
    """Cells are split, and emptied again; every alert is found where it stands then."""
    crowd = Crowd(71, points, categories)
    for number in range(2500):
        crowd.upsert(number)
    assert crowd.check(4) > 0
    for _ in range(2500):
        number = crowd.rng.randrange(2500)
        crowd.rng.choice((crowd.upsert, crowd.remove))(number)
    assert len(crowd.index) == len(crowd.stored)
    assert crowd.check(4) > 0
    for number in crowd.rng.sample(range(2500), 2450):
        crowd.remove(number)
    crowd.check(4)
    assert [crowd.index.get(number) for number in crowd.stored] == list(crowd.stored.values())


def test_memory_is_used_again() -> None:
    """Whoever comes and goes leaves nothing behind."""
    crowd = Crowd(72, [DOUALA], 30)
    alerts = [crowd.alert(number) for number in range(1500)]
    sizes = []
    for _ in range(5):
        for each in alerts:
            crowd.index.upsert(each)
        sizes.append(crowd.index.memory_bytes)
        for number in range(1500):
            assert crowd.index.remove(number)
        assert len(crowd.index) == 0
        assert crowd.index.hit_ids(crowd.listing()).tolist() == []
    assert sizes[4] == sizes[1]


def test_columns_hold_what_alerts_do() -> None:
    """In bulk as one by one, also into an index that holds some of them already."""
    crowd = Crowd(73, [DOUALA, PORT_AU_PRINCE], 30)
    for number in range(1200):
        crowd.upsert(number)
    columns = AlertColumns.of(crowd.stored.values())
    assert len(columns) == 1200
    other = AlertIndex()
    for number in range(0, 1200, 3):
        other.upsert(crowd.alert(number))
    other.upsert_columns(columns)
    assert len(other) == 1200
    crowd.index = other
    assert crowd.check(6) > 0
    assert [other.get(number) for number in range(1200)] == list(crowd.stored.values())


def test_more_sets_of_languages_than_records_can_number() -> None:
    """Beyond 65,535 different sets the rows themselves are asked."""
    sets = list(islice((frozenset(each) for each in combinations(CODES, 3)), 66_000))
    index = AlertIndex()
    index.upsert_many(
        Alert(id=number, owner=1, remote=True, languages=each) for number, each in enumerate(sets)
    )
    for spoken in (frozenset(CODES[:1]), frozenset(CODES[5:7]), frozenset({CODES[95], "zz"})):
        one = listing(reach=Reach.WORLD, languages=spoken, owner=2)
        truth = [number for number, each in enumerate(sets) if each & spoken]
        assert sorted(index.hit_ids(one).tolist()) == truth
    assert index.hit_ids(listing(reach=Reach.WORLD, languages=frozenset(), owner=2)).size == 0
