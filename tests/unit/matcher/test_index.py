"""The index answers what the brute-force reference answers, whatever the world."""

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.index import Index
from matcher.languages import LANGUAGE_CAPACITY, LanguagesFull
from matcher.listing import Listing, Match, Query, QueryError, Weights
from matcher.place import Place, PlaceError
from matcher.ranking import Reason, Refusal, explain
from matcher.taxonomy import Kind, Reach, Side, Taxonomy, UnknownCategory, Urgency
from tests import reference
from tests.unit.matcher import worlds
from tests.unit.matcher.worlds import DOUALA, GROCERIES, MEALS, MEDICINE, TAXONOMY, listing, offer

NOW = 50
HERE = Place.at(*DOUALA, 8).cell
AROUND = Place.at(DOUALA[0] + 0.05, DOUALA[1], 8).cell


def index_of(*listings: Listing) -> Index:
    """An index that holds these."""
    index = Index(TAXONOMY)
    index.upsert_many(listings)
    return index


def sorted_categories(one: Listing) -> Listing:
    """The listing as an index gives it back."""
    fields = {name: getattr(one, name) for name in Listing.__slots__}
    return Listing(**{**fields, "categories": tuple(sorted(one.categories))})


def assert_answers(index: Index, world: list[Listing], query: Query) -> None:
    """Compare both questions for counterparts with the reference."""
    assert index.top_k(query) == reference.top_k(world, query, TAXONOMY)
    beyond = index.nearest_beyond(query, query.k)
    assert beyond == reference.nearest_beyond(world, query, query.k, TAXONOMY)


@settings(max_examples=150, deadline=None)
@given(st.data(), worlds.worlds())
def test_counterparts_are_those_of_the_reference(
    st_data: st.DataObject, world: list[Listing]
) -> None:
    """Over the whole globe, for listings of the index and for one that is not in it."""
    index = index_of(*world)
    stranger = st_data.draw(worlds.listings([HERE], 77))
    asked = [*world[:6], stranger] if 77 not in index else world[:6]
    for one in asked:
        assert_answers(index, world, st_data.draw(worlds.queries(one)))


@settings(max_examples=60, deadline=None)
@given(worlds.worlds(15), worlds.times())
def test_the_index_and_the_explanation_agree_on_each_pair(world: list[Listing], now: int) -> None:
    """A pair is found exactly when its explanation is a match, with the same terms."""
    index = index_of(*world)
    for own in world:
        query = Query(own, now, k=100)
        answers = [explain(query, other, TAXONOMY) for other in world]
        found = sorted(index.top_k(query), key=lambda match: match.id)
        assert found == sorted(
            (answer for answer in answers if isinstance(answer, Match)), key=lambda m: m.id
        )
        too_far = sum(
            isinstance(answer, Refusal) and answer.reason is Reason.DISTANCE for answer in answers
        )
        assert len(index.nearest_beyond(query, 100)) == too_far


@settings(max_examples=150, deadline=None)
@given(st.data(), worlds.worlds())
def test_neighbours_are_those_of_the_reference(
    st_data: st.DataObject, world: list[Listing]
) -> None:
    """Around any cell, with any filter."""
    index = index_of(*world)
    places = [one.cell for one in world if one.cell is not None] or [HERE]
    cell = st_data.draw(st.one_of(st.sampled_from(places), worlds.cells(0, 15)))
    exact = [reference.distance_m(cell, place) for place in places]
    filters: dict[str, Any] = {
        "kinds": st_data.draw(st.sampled_from([None, (), {Kind.REQUEST, Kind.INFO}])),
        "categories": st_data.draw(st.sampled_from([None, (), {GROCERIES, 255}])),
        "least_urgency": st_data.draw(st.sampled_from([0, 0, Urgency.SOON])),
        "languages": st_data.draw(st.one_of(st.none(), worlds.languages())),
    }
    now = st_data.draw(worlds.times())
    for radius_m in (0, 30_000, 20_015_200, *exact, *(max(0, metres - 1) for metres in exact)):
        found = index.within(cell, radius_m, now, **filters)
        assert found == reference.within(world, cell, radius_m, now, **filters)


@settings(max_examples=60, deadline=None)
@given(worlds.worlds(), worlds.times(), st.sampled_from([1, 3, 20]))
def test_all_counterparts_are_those_of_the_reference(
    world: list[Listing], now: int, k: int
) -> None:
    """Every open listing of a side comes once, ids ascending, with or without counterparts."""
    index = index_of(*world)
    for side, kind in ((Side.ASK, Kind.REQUEST), (Side.GIVE, Kind.OFFER)):
        found = list(index.top_k_all(side, now, k))
        assert found == reference.top_k_all(world, kind, now, TAXONOMY, k)


@settings(max_examples=70, deadline=None)
@given(st.data())
def test_changes_are_seen_at_once(st_data: st.DataObject) -> None:
    """After any sequence of insertions, replacements and removals the answers are exact."""
    near = st_data.draw(worlds.neighbourhoods())
    index, world = Index(TAXONOMY), dict[int, Listing]()
    for _ in range(st_data.draw(st.integers(1, 30))):
        listing_id = st_data.draw(st.integers(0, 8))
        if st_data.draw(st.integers(0, 2)) == 0:
            assert index.remove(listing_id) is (world.pop(listing_id, None) is not None)
        else:
            world[listing_id] = st_data.draw(worlds.listings(near, listing_id))
            index.upsert(world[listing_id])
        assert len(index) == len(world)
        assert (listing_id in index) is (listing_id in world)
        asked = world.get(listing_id) or st_data.draw(worlds.listings(near, listing_id))
        assert_answers(index, list(world.values()), Query(asked, 0, k=3))
    for listing_id in range(9):
        stored = world.get(listing_id)
        assert index.get(listing_id) == (stored and sorted_categories(stored))
    expected = reference.within(world.values(), near[0], 20_015_200, 0)
    assert index.within(near[0], 20_015_200, 0) == expected


def busy_town(town: tuple[float, float], count: int) -> list[Listing]:
    """Many listings in and around one point, most of them in a handful of cells."""
    rng = random.Random(1804)
    world = []
    for number in range(count):
        spread = rng.choice((0.001, 0.02, 0.2, 1.5))
        lat, lng = worlds.moved(*town, rng.gauss(0, spread), rng.gauss(0, spread))
        fields = {
            "id": number,
            "owner": rng.randrange(count // 2),
            "kind": rng.choice((Kind.REQUEST, Kind.OFFER)),
            "categories": tuple(rng.sample(worlds.CATEGORY_IDS, rng.choice((1, 1, 1, 3)))),
            "urgency": rng.choice(list(Urgency)),
            "reach": rng.choice([Reach.LOCAL] * 17 + list(Reach)),
            "cell": Place.at(lat, lng, rng.randint(5, 8)).cell,
            "radius_m": rng.choice((3_000, 25_000, 60_000)),
            "ends": rng.choice((40, 100)),
            "languages": frozenset(rng.sample(("fr", "en", "ht"), rng.randint(0, 2))),
        }
        world.append(listing(**fields))
    return world


@pytest.mark.parametrize(
    ("town", "count"),
    [(DOUALA, 4000), *((point, 500) for point in worlds.HOTSPOTS[:7])],
)
def test_many_around_one_point_are_ranked_exactly(town: tuple[float, float], count: int) -> None:
    """Columns that have grown, full leaves and many equal scores change nothing."""
    world = busy_town(town, count)
    index = index_of(*world)
    for one in world[:40]:
        assert_answers(index, world, Query(one, NOW))
        near = index.within(one.cell or HERE, 20_000, NOW)
        assert near == reference.within(world, one.cell or HERE, 20_000, NOW)
    for one in world[::2]:
        index.remove(one.id)
    for one in world[1:40:2]:
        assert_answers(index, world[1::2], Query(one, NOW))


def test_an_empty_index_answers_with_nothing() -> None:
    """No question fails for want of listings."""
    index = Index(TAXONOMY)
    assert len(index) == 0
    assert 1 not in index
    assert index.get(1) is None
    assert index.remove(1) is False
    assert index.top_k(Query(listing(), NOW)) == []
    assert index.top_k(Query(listing(reach=Reach.WORLD), NOW)) == []
    assert list(index.top_k_all(Side.ASK, NOW)) == []
    assert index.nearest_beyond(Query(listing(), NOW), 5) == []
    assert index.within(HERE, 20_000_000, NOW) == []


def test_equal_scores_are_ordered_by_id_and_cut_at_k() -> None:
    """Of many equals in one cell the smallest ids are kept, whatever the order of insertion."""
    ids = list(range(-30, 30))
    random.Random(7).shuffle(ids)
    index = index_of(*(offer(id=number, owner=1000 + number) for number in ids))
    query = Query(listing(id=999, owner=999), NOW, k=7)
    assert [match.id for match in index.top_k(query)] == list(range(-30, -23))


def test_equal_distances_beyond_the_radius_are_ordered_by_id_and_cut_at_k() -> None:
    """The nearest beyond the radius are settled like the best within it."""
    ids = list(range(40))
    random.Random(7).shuffle(ids)
    index = index_of(*(offer(id=number, owner=1000 + number, cell=AROUND) for number in ids))
    query = Query(listing(id=999, owner=999, radius_m=100), NOW)
    beyond = index.nearest_beyond(query, 7)
    assert [match.id for match in beyond] == list(range(7))
    assert all(match.beyond for match in beyond)
    assert index.top_k(query) == []


@pytest.mark.parametrize("seed", range(30))
def test_nearest_beyond_is_exact_where_the_look_widens(seed: int) -> None:
    """What a look happens to find beyond its own width may not be the nearest."""
    rng = random.Random(seed)
    world = []
    for number in range(8):
        lat, lng = worlds.moved(*DOUALA, rng.uniform(-1, 1), rng.uniform(-1, 1))
        world.append(offer(id=number, owner=number + 50, cell=Place.at(lat, lng, 8).cell))
    for k in (1, 2, 5):
        assert_answers(index_of(*world), world, Query(listing(id=99, radius_m=500), NOW, k))


@pytest.mark.parametrize(("short", "metres"), [("own", 0), ("other", 0), ("own", 1), ("other", 1)])
def test_both_radii_hold_to_the_metre(short: str, metres: int) -> None:
    """At the very distance a pair matches; a metre short, it is the nearest beyond."""
    distance_m = Place(HERE).distance_m(Place(AROUND))
    radius = {"radius_m": distance_m - metres}
    index = index_of(offer(cell=AROUND, **(radius if short == "other" else {})))
    query = Query(listing(**(radius if short == "own" else {})), NOW)
    matches, beyond = index.top_k(query), index.nearest_beyond(query, 1)
    assert (len(matches), len(beyond)) == ((0, 1) if metres else (1, 0))
    assert [match.distance_m for match in matches + beyond] == [distance_m]


@pytest.mark.parametrize(
    ("ends", "starts", "found"), [(70, 70, 0), (71, 70, 1), (70, 69, 1), (50, 0, 0), (51, 0, 1)]
)
def test_half_open_windows_that_touch_do_not_overlap(ends: int, starts: int, found: int) -> None:
    """The end of a window is outside of it, at `now` as well as against another window."""
    own = {"starts": starts, "ends": 100}
    index = index_of(offer(starts=0, ends=ends))
    assert len(index.top_k(Query(listing(**own), NOW))) == found
    index = index_of(offer(**own))
    assert len(index.top_k(Query(listing(starts=0, ends=ends), NOW))) == found


def test_a_listing_never_matches_its_own_stored_version() -> None:
    """Not even when the stored one is of the other side and of another owner."""
    index = index_of(offer(id=1, owner=8))
    assert index.top_k(Query(listing(id=1, owner=9), NOW)) == []
    assert (
        index.nearest_beyond(Query(listing(id=1, owner=9, cell=AROUND, radius_m=1), NOW), 1) == []
    )


def test_an_offer_of_several_categories_comes_once_with_its_best() -> None:
    """Among equally near categories the smallest id is told."""
    index = index_of(
        offer(id=2, categories=(MEALS, MEDICINE)), offer(id=3, categories=(MEALS, GROCERIES))
    )
    matches = index.top_k(Query(listing(), NOW))
    assert [(match.id, match.category, match.affinity) for match in matches] == [
        (3, GROCERIES, 1.0),
        (2, MEDICINE, 0.6),
    ]
    assert [match.same_category for match in matches] == [True, False]


def test_exact_halves_are_rounded_alike_in_columns_and_pairs() -> None:
    """The sum of a score that ends in half a millionth goes to the even neighbour."""
    pairs = [["a", "b", 0.0000025], ["a", "c", 0.0000015]]
    slugs = [{"id": i, "slug": slug, "group": "all"} for i, slug in enumerate("abc")]
    index = Index(Taxonomy.from_mapping({"categories": slugs, "affinity": pairs}))
    index.upsert(offer(id=5, categories=(1,), reach=Reach.WORLD))
    index.upsert(offer(id=6, categories=(2,), reach=Reach.WORLD))
    weights = Weights(0.0, 1.0, 0.0)
    matches = index.top_k(Query(listing(categories=(0,)), NOW, weights=weights))
    assert [(match.id, match.score) for match in matches] == [(5, 2), (6, 2)]


def test_information_has_no_counterparts_but_neighbours() -> None:
    """What takes no side is found by place alone."""
    index = index_of(listing(id=8, kind=Kind.INFO, radius_m=0), offer())
    assert index.top_k(Query(listing(kind=Kind.INFO), NOW)) == []
    assert index.nearest_beyond(Query(listing(kind=Kind.INFO, radius_m=0), NOW), 3) == []
    assert [match.id for match in index.top_k(Query(listing(), NOW))] == [2]
    assert index.within(HERE, 0, NOW) == [(2, 0), (8, 0)]


def test_remote_listings_are_neighbours_where_they_have_a_cell() -> None:
    """A map may show them; their distance is not used for ranking."""
    index = index_of(offer(id=3, reach=Reach.WORLD), offer(id=4, reach=Reach.WORLD, cell=None))
    assert index.within(HERE, 10, NOW) == [(3, 0)]
    matches = index.top_k(Query(listing(), NOW))
    assert [(match.id, match.distance_m) for match in matches] == [(3, None), (4, None)]


def test_refused_listings_leave_the_index_unchanged() -> None:
    """Neither an unknown category nor one language too many replaces what is stored."""
    index = index_of(offer())
    with pytest.raises(UnknownCategory):
        index.upsert(offer(categories=(3,)))
    with pytest.raises(UnknownCategory):
        index.top_k(Query(listing(categories=(3,)), NOW))
    codes = ["".join((a, b, c)) for a in "qr" for b in "abcdefghijklm" for c in "nopqrstuvw"]
    for number, code in enumerate(codes[: LANGUAGE_CAPACITY - 1], 10):
        index.upsert(offer(id=number, languages=frozenset({code})))
    before = len(index)
    with pytest.raises(LanguagesFull, match="192"):
        index.upsert(offer(languages=frozenset({"fr", "zz"})))
    assert len(index) == before
    assert index.get(2) == offer()
    last = codes[LANGUAGE_CAPACITY - 2]
    query = Query(listing(), NOW, k=300, languages=frozenset({last, "zz"}))
    assert [match.id for match in index.top_k(query)] == [before + 8]


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"cell": 5}, PlaceError, "cell"),
        ({"radius_m": -1}, QueryError, "radius_m"),
        ({"radius_m": 1.5}, QueryError, "radius_m"),
        ({"now": 0.5}, QueryError, "now"),
        ({"categories": [256]}, QueryError, "categories"),
        ({"least_urgency": 4}, QueryError, "least_urgency"),
    ],
)
def test_bad_questions_are_refused_by_field(
    fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    """The error names the argument."""
    with pytest.raises(error, match=f"^{message} must be "):
        Index(TAXONOMY).within(**{"cell": HERE, "radius_m": 1, "now": 1, **fields})


def test_a_bad_number_of_neighbours_is_refused() -> None:
    """None at all cannot be asked for."""
    with pytest.raises(QueryError, match=r"^k must be "):
        Index(TAXONOMY).nearest_beyond(Query(listing(), NOW), 0)


def test_ids_of_all_counterparts_ascend() -> None:
    """The bulk answer comes in the order of ids, the ended ones left out."""
    index = index_of(*busy_town(DOUALA, 300))
    ids = [listing_id for listing_id, _ in index.top_k_all(Side.GIVE, NOW)]
    assert len(ids) > 50
    assert all(first < second for first, second in pairwise(ids))
