"""Thousands of changes: leaves split, blocks move, the tree is built anew, answers stay exact."""

import io
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from matcher.columns import ListingColumns
from matcher.index import Index, ListingNotHeld, building, coding
from matcher.index.store import Store
from matcher.listing import Listing, Query, QueryError
from matcher.place import Place
from matcher.taxonomy import Kind, Reach, Side, Urgency
from tests import reference
from tests.unit.matcher import worlds
from tests.unit.matcher.worlds import DOUALA, TAXONOMY, listing

NOW = 50

Point = tuple[float, float]


def one_point(rng: random.Random, number: int) -> Point:
    """All in one cell: no place tells them apart."""
    return DOUALA


def one_town(rng: random.Random, number: int) -> Point:
    """Around one point."""
    return worlds.moved(*DOUALA, rng.gauss(0, 0.05), rng.gauss(0, 0.05))


def eastwards(rng: random.Random, number: int) -> Point:
    """Each east of the last, as a sorted file would bring them."""
    return (rng.uniform(-1, 1), -170 + number * 0.02)


def round_the_pole(rng: random.Random, number: int) -> Point:
    """On all meridians near a pole."""
    return (rng.uniform(89.5, 90), rng.uniform(-180, 180))


def at_the_antimeridian(rng: random.Random, number: int) -> Point:
    """On both sides of 180 degrees."""
    return worlds.moved(-16.8, 180.0, rng.gauss(0, 0.3), rng.gauss(0, 0.3))


def anywhere(rng: random.Random, number: int) -> Point:
    """Hotspots all over the globe."""
    spread = rng.choice((0.01, 0.3, 5.0))
    return worlds.moved(*rng.choice(worlds.HOTSPOTS), rng.gauss(0, spread), rng.gauss(0, spread))


PLACES = [one_point, one_town, eastwards, round_the_pole, at_the_antimeridian, anywhere]


def far_id(number: int) -> int:
    """Most ids need 32 bits; some in between differ above them, with either sign."""
    return number + (number % 3 - 1) * 2**40 if number % 13 == 5 else number


def any_listing(rng: random.Random, number: int, point: Point) -> Listing:
    """A listing of any kind at a point."""
    return listing(
        id=number,
        owner=rng.choice((number, rng.randrange(200), -(2**50) - number % 7)),
        kind=rng.choice((Kind.REQUEST, Kind.OFFER, Kind.REQUEST, Kind.OFFER, Kind.INFO)),
        categories=tuple(rng.sample(worlds.CATEGORY_IDS, rng.choice((1, 1, 1, 2, 5)))),
        urgency=rng.choice(list(Urgency)),
        reach=rng.choice([Reach.LOCAL] * 12 + list(Reach)),
        cell=Place.at(*point, rng.choice((5, 7, 8, 8, 8))).cell,
        radius_m=rng.choice((900, 25_000, 25_000, 400_000)),
        country=rng.choice(("", "CM", "HT")),
        starts=rng.choice((-(2**40), 0, 10)),
        ends=rng.choice((40, 100, 100, 2**50)),
        languages=frozenset(rng.sample(("fr", "en", "ht"), rng.randint(0, 2))),
    )


def assert_exact(index: Index, world: dict[int, Listing], rng: random.Random) -> None:
    """A few random questions of each kind, answered as the reference answers them."""
    everything = list(world.values())
    for one in rng.sample(everything, min(4, len(everything))):
        query = Query(one, NOW, rng.choice((1, 5, 20)))
        expected = reference.top_k(everything, query, TAXONOMY)
        assert index.top_k(query) == expected
        ranked = [(match.id, match.score) for match in expected]
        for ids, scores in (index.ranked(query), index.ranked_for(one.id, NOW, query.k)):
            assert list(zip(ids.tolist(), scores.tolist(), strict=True)) == ranked
        beyond = reference.nearest_beyond(everything, query, 3, TAXONOMY)
        assert index.nearest_beyond(query, 3) == beyond
    cell = everything[0].cell or 0
    near = reference.within(everything, cell, 9_000, NOW, categories={worlds.MEALS})
    assert index.within(cell, 9_000, NOW, categories={worlds.MEALS}) == near


@pytest.mark.parametrize("place", PLACES)
def test_answers_stay_exact_through_thousands_of_changes(
    place: Callable[[random.Random, int], Point],
) -> None:
    """Put in one by one, replaced, taken out, saved and loaded in between."""
    rng = random.Random(1791)
    index, world = Index(TAXONOMY), dict[int, Listing]()
    for number in range(2400):
        if number % 5 == 4 and world:
            gone = rng.choice(list(world))
            assert index.remove(gone)
            del world[gone]
        identity = rng.choice(list(world)) if number % 7 == 6 else far_id(number)
        world[identity] = any_listing(rng, identity, place(rng, number))
        index.upsert(world[identity])
        if number % 400 == 399:
            assert_exact(index, world, rng)
        if number == 1200:
            stream = io.BytesIO()
            index.save(stream, "half way")
            stream.seek(0)
            index, mark = Index.load(stream, TAXONOMY)
            assert mark == "half way"
    assert len(index) == len(world)
    for identity, one in world.items():
        stored = index.get(identity)
        assert stored is not None
        assert ListingColumns.of([stored]).categories.tolist() == [
            ListingColumns.of([one]).categories.tolist()[0]
        ]
        assert (stored.cell, stored.owner, stored.starts, stored.ends, stored.languages) == (
            one.cell,
            one.owner,
            one.starts,
            one.ends,
            one.languages,
        )


@pytest.mark.parametrize("place", PLACES)
def test_bulk_and_single_insertions_give_the_same_answers(
    place: Callable[[random.Random, int], Point],
) -> None:
    """By one thread or by two, and whether the listings came at once or one by one."""
    rng = random.Random(1848)
    world = [any_listing(rng, far_id(number), place(rng, number)) for number in range(1500)]
    at_once, one_by_one = Index(TAXONOMY), Index(TAXONOMY)
    at_once.upsert_many(world[:1000])
    at_once.upsert_many(world[900:])
    for one in world:
        one_by_one.upsert(one)
    for side in (None, Side.ASK, Side.GIVE):
        answers = []
        for index, threads in ((at_once, 1), (at_once, 2), (one_by_one, 2)):
            ranked = index.ranked_all(side, NOW, 5, threads=threads)
            found = {}
            for row, number in enumerate(ranked.ids.tolist()):
                n = int(ranked.counts[row])
                pairs = ranked.matched[row, :n].tolist(), ranked.scores[row, :n].tolist()
                found[number] = pairs
            answers.append(found)
        assert answers[0] == answers[1] == answers[2]
        sides = (Side.ASK, Side.GIVE) if side is None else (side,)
        assert answers[0].keys() == {
            one.id for one in world if one.side in sides and one.ends > NOW
        }
    for one in rng.sample(world, 10):
        expected = reference.top_k(world, Query(one, NOW, 5), TAXONOMY)
        assert at_once.top_k(Query(one, NOW, 5)) == expected


@pytest.mark.parametrize("functions", [coding.FUNCTIONS, (0, 0)])
def test_columns_become_entries_by_either_way_to_a_centre(
    functions: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read back is what was put in, also where H3 hides its functions."""
    monkeypatch.setattr(coding, "FUNCTIONS", functions)
    rng = random.Random(8)
    world = [any_listing(rng, number, anywhere(rng, number)) for number in range(1, 400)]
    index = Index(TAXONOMY)
    index.upsert_many(world)
    for each in world:
        assert index.get(each.id) == replace(each, categories=tuple(sorted(each.categories)))


def test_columns_of_unequal_length_are_refused() -> None:
    """A kernel would read beyond the end of the shorter one."""
    columns = ListingColumns.of([listing(id=number) for number in (1, 2, 3)])
    for name in ("owner", "radius_m", "categories"):
        short = replace(columns, **{name: getattr(columns, name)[:2]})
        with pytest.raises(ValueError, match=name):
            Index(TAXONOMY).upsert_columns(short)
    with pytest.raises(ValueError, match="language_sets"):
        Index(TAXONOMY).upsert_columns(replace(columns, language_sets=[]))


def test_a_tree_that_grew_crooked_is_built_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings in the order of their longitude would otherwise make the tree a list."""
    built = []
    rebuild = building.rebuild

    def counted(store: Store) -> None:
        built.append(len(store))
        rebuild(store)

    monkeypatch.setattr(building, "rebuild", counted)
    rng = random.Random(1830)
    index = Index(TAXONOMY)
    for number in range(8000):
        point = (0.0, -170 + number * 0.04)
        index.upsert(any_listing(rng, number, point))
    assert 1 <= len(built) <= 8
    assert len(index) == 8000


def test_memory_levels_off_under_changes_that_leave_nothing() -> None:
    """Blocks that became free are used again."""
    rng = random.Random(1871)
    index = Index(TAXONOMY)
    index.upsert_many(any_listing(rng, n, one_town(rng, n)) for n in range(2000))
    sizes = []
    for round_ in range(12):
        for number in range(0, 2000, 2):
            index.upsert(any_listing(rng, number, one_town(rng, round_)))
        sizes.append(index.memory_bytes)
    assert sizes[-1] == sizes[-3]
    assert sizes[-1] < 4 * len(index) * 100


def test_a_stranger_has_no_rank() -> None:
    """Asking for a listing that is not held names it."""
    with pytest.raises(ListingNotHeld) as refusal:
        Index(TAXONOMY).ranked_for(7, NOW)
    assert refusal.value.listing_id == 7


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((1, NOW, 0), "k"), ((1, 1.5), "now"), ((1, 2**63), "now"), ((1, NOW, True), "k")],
)
def test_bad_bulk_and_stored_questions_are_refused_by_field(
    arguments: tuple[int, ...], field: str
) -> None:
    """Numbers out of range never reach a kernel."""
    index = Index(TAXONOMY)
    index.upsert(listing())
    with pytest.raises(QueryError) as refusal:
        index.ranked_for(*arguments)
    assert refusal.value.field == field
    with pytest.raises(QueryError):
        index.ranked_all(None, *arguments[1:])


def test_more_matches_than_listings_may_be_asked_for() -> None:
    """k bounds the answer, not the memory."""
    index = Index(TAXONOMY)
    index.upsert_many([listing(id=1), *(worlds.offer(id=n) for n in range(2, 90))])
    ids, scores = index.ranked_for(1, NOW, 2**31)
    assert ids.tolist() == list(range(2, 90))
    assert len(set(scores.tolist())) == 1
    assert index.ranked_all(Side.ASK, NOW, 2**31).counts.tolist() == [88]
