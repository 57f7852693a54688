"""Scores worked out by hand, and the rules told apart by their reasons."""

from typing import Any

import pytest

from matcher.listing import Listing, ListingError, Match, Query, QueryError, Weights
from matcher.place import Place
from matcher.ranking import Reason, Refusal, compatible, explain, score_millionths
from matcher.taxonomy import Kind, Reach, UnknownCategory, Urgency
from tests.unit.matcher.worlds import (
    DOUALA,
    GROCERIES,
    HOUSING,
    MEALS,
    MEDICINE,
    OTHER,
    TAXONOMY,
    listing,
    offer,
)

NOW = 50
HERE = Place.at(*DOUALA, 8)


@pytest.mark.parametrize(
    ("distance_m", "affinity", "urgency", "millionths", "terms"),
    [
        (0, 1.0, 3, 1_000_000, "0.55 + 0.30 + 0.15"),
        (0, 1.0, 0, 850_000, "0.55 + 0.30"),
        (8_000, 1.0, 3, 652_334, "0.55 / e = 0.2023337, + 0.30 + 0.15"),
        (1_200, 1.0, 0, 773_389, "0.55 · 0.8607080 = 0.4733894, + 0.30"),
        (24_000, 0.5, 2, 277_383, "0.55 · 0.0497871 = 0.0273829, + 0.15 + 0.10"),
        (16_000, 0.6, 1, 304_434, "0.55 · 0.1353353 = 0.0744344, + 0.18 + 0.05"),
        (20_015_115, 1.0, 0, 300_000, "0.55 · e^-2502 is nothing, + 0.30"),
        (None, 1.0, 3, 450_000, "remote: 0.30 + 0.15"),
        (None, 0.6, 1, 230_000, "remote: 0.18 + 0.05"),
    ],
)
def test_scores_worked_out_by_hand(
    distance_m: int | None, affinity: float, urgency: int, millionths: int, terms: str
) -> None:
    """The score is the sum of its three terms in millionths."""
    assert score_millionths(distance_m, affinity, urgency, Weights()) == millionths, terms


@pytest.mark.parametrize(
    ("affinity", "millionths"),
    [(0.000_000_5, 0), (0.000_001_5, 2), (0.000_002_5, 2), (0.000_003_5, 4)],
)
def test_scores_are_rounded_half_to_even(affinity: float, millionths: int) -> None:
    """Exact halves go to the even neighbour."""
    assert score_millionths(None, affinity, 0, Weights(0.0, 1.0, 0.0)) == millionths


def test_weights_belong_to_the_question() -> None:
    """Other shares and another scale give another score."""
    weights = Weights(distance=0.5, affinity=0.25, urgency=0.25, scale_m=1000)
    # 0.5 / e = 0.1839397, + 0.25 + 0.25 · 2 / 3 = 0.1666667
    assert score_millionths(1000, 1.0, 2, weights) == 600_606


def ask(**fields: Any) -> Query:
    """The question of a request for groceries in Douala."""
    return Query(listing(**fields), NOW)


NORTH = Place.at(DOUALA[0] + 0.09, DOUALA[1], 7)
DISTANCE_M = HERE.distance_m(NORTH)


def test_a_local_match_is_explained_term_by_term() -> None:
    """Every reason of the rank is in the match."""
    other = offer(cell=NORTH.cell, categories=(MEALS, MEDICINE), urgency=Urgency.TODAY)
    assert explain(ask(urgency=Urgency.SOON), other, TAXONOMY) == Match(
        id=2,
        score=score_millionths(DISTANCE_M, 0.6, 2, Weights()),
        distance_m=DISTANCE_M,
        category=MEDICINE,
        affinity=0.6,
        urgency=Urgency.SOON,
        coarser_resolution=7,
        remote=None,
        same_category=False,
    )


def test_a_remote_match_has_no_distance_but_its_reach() -> None:
    """Where a side is remote, no distance is told although both have a cell."""
    match = explain(ask(urgency=Urgency.WEEK), offer(reach=Reach.WORLD), TAXONOMY)
    assert match == Match(2, 350_000, None, GROCERIES, 1.0, Urgency.WEEK, None, Reach.WORLD, True)


@pytest.mark.parametrize(
    ("own", "other", "reach"),
    [
        (Reach.LOCAL, Reach.COUNTRY, Reach.COUNTRY),
        (Reach.WORLD, Reach.LOCAL, Reach.WORLD),
        (Reach.WORLD, Reach.LANGUAGE, Reach.LANGUAGE),
        (Reach.COUNTRY, Reach.LANGUAGE, Reach.COUNTRY),
    ],
)
def test_the_narrowest_reach_is_told(own: Reach, other: Reach, reach: Reach) -> None:
    """Of two remote reaches the one that asks for more is the reason."""
    match = explain(ask(reach=own), offer(reach=other), TAXONOMY)
    assert isinstance(match, Match)
    assert match.remote is reach


FAR = {"cell": Place.at(DOUALA[0] + 40, DOUALA[1], 8).cell}


@pytest.mark.parametrize(
    ("own", "other", "reason"),
    [
        ({}, {"id": 1}, Reason.SAME_LISTING),
        ({}, {"owner": 1}, Reason.SAME_OWNER),
        ({"owner": -7}, {"owner": -7}, Reason.SAME_OWNER),
        ({}, {"kind": Kind.REQUEST}, Reason.SIDE),
        ({}, {"kind": Kind.INFO}, Reason.SIDE),
        ({"kind": Kind.INFO}, {"kind": Kind.INFO}, Reason.SIDE),
        ({}, {"ends": NOW}, Reason.ENDED),
        ({"ends": NOW}, {}, Reason.ENDED),
        ({"starts": 60, "ends": 70}, {"starts": 70, "ends": 80}, Reason.WINDOW),
        ({"starts": 70, "ends": 80}, {"starts": 60, "ends": 70}, Reason.WINDOW),
        ({}, {"categories": (OTHER,)}, Reason.CATEGORY),
        ({}, {"reach": Reach.COUNTRY, "country": "HT"}, Reason.COUNTRY),
        ({"country": ""}, {"reach": Reach.COUNTRY, "country": ""}, Reason.COUNTRY),
        ({"reach": Reach.COUNTRY}, {"country": "HT"}, Reason.COUNTRY),
        ({}, {"reach": Reach.LANGUAGE, "languages": frozenset({"ht"})}, Reason.LANGUAGE),
        ({"reach": Reach.LANGUAGE}, {"languages": frozenset()}, Reason.LANGUAGE),
        (
            {"reach": Reach.LANGUAGE},
            {"reach": Reach.COUNTRY, "country": "HT"},
            Reason.COUNTRY,
        ),
        (
            {"reach": Reach.LANGUAGE},
            {"reach": Reach.COUNTRY, "languages": frozenset({"ht"})},
            Reason.LANGUAGE,
        ),
        (
            {"reach": Reach.WORLD},
            {"reach": Reach.LANGUAGE, "languages": frozenset({"ht"})},
            Reason.LANGUAGE,
        ),
        ({}, FAR, Reason.DISTANCE),
    ],
)
def test_each_rule_refuses_with_its_reason(
    own: dict[str, Any], other: dict[str, Any], reason: Reason
) -> None:
    """What keeps a pair apart is named."""
    refusal = explain(ask(**own), offer(**other), TAXONOMY)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason
    assert compatible(ask(**own), offer(**other), TAXONOMY) is (reason is Reason.DISTANCE)


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ({}, {}),
        ({"starts": 60, "ends": 71}, {"starts": 70, "ends": 80}),
        ({}, {"ends": NOW + 1}),
        ({"starts": 60}, {}),
        ({"reach": Reach.WORLD}, FAR),
        ({"radius_m": 0}, {"reach": Reach.COUNTRY, **FAR}),
        ({"reach": Reach.LANGUAGE, "cell": None}, {"reach": Reach.COUNTRY, "cell": None}),
        ({"radius_m": 0}, {"radius_m": 0}),
        ({"categories": (HOUSING,)}, {"categories": (MEALS, OTHER)}),
    ],
)
def test_pairs_that_match(own: dict[str, Any], other: dict[str, Any]) -> None:
    """Windows that overlap by a second, remote help from afar, no radius in one cell."""
    assert isinstance(explain(ask(**own), offer(**other), TAXONOMY), Match)


def test_the_question_may_ask_for_kinds_and_languages() -> None:
    """Filters restrict the counterparts; empty ones do not."""
    own = listing()

    def answer(kinds: frozenset[Kind] | None, languages: frozenset[str] | None) -> object:
        query = Query(own, NOW, kinds=kinds, languages=languages)
        answer = explain(query, offer(), TAXONOMY)
        return answer.reason if isinstance(answer, Refusal) else None

    assert answer(frozenset({Kind.OFFER}), frozenset({"en", "fr"})) is None
    assert answer(frozenset(), frozenset()) is None
    assert answer(frozenset({Kind.INFO}), None) is Reason.KIND
    assert answer(None, frozenset({"en"})) is Reason.LANGUAGE_FILTER


@pytest.mark.parametrize("short", ["own", "other"])
def test_both_radii_hold_to_the_metre(short: str) -> None:
    """At the very distance of the radius they match; one metre less, and they do not."""

    def answer(radius_m: int) -> object:
        own = {"radius_m": radius_m} if short == "own" else {}
        other = {"radius_m": radius_m} if short == "other" else {}
        return explain(ask(**own), offer(cell=NORTH.cell, **other), TAXONOMY)

    assert isinstance(answer(DISTANCE_M), Match)
    assert answer(DISTANCE_M - 1) == Refusal(Reason.DISTANCE, DISTANCE_M)


def test_unknown_categories_are_not_taken_for_far_ones() -> None:
    """A category outside the taxonomy is an error, not a pair that does not match."""
    with pytest.raises(UnknownCategory):
        explain(ask(), offer(categories=(3,)), TAXONOMY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 2**63),
        ("id", True),
        ("owner", "me"),
        ("starts", 1.0),
        ("ends", None),
        ("ends", 0),
        ("kind", 1),
        ("urgency", 4),
        ("reach", 0),
        ("categories", ()),
        ("categories", [1]),
        ("categories", (1, 2, 3, 4, 5, 6)),
        ("categories", (1, 1)),
        ("categories", (256,)),
        ("categories", (-1,)),
        ("categories", ("food",)),
        ("cell", None),
        ("cell", 12345),
        ("radius_m", -1),
        ("radius_m", 1e3),
        ("radius_m", 20_015_201),
        ("country", "fr"),
        ("country", "FRA"),
        ("country", None),
        ("languages", {"fr"}),
        ("languages", frozenset({"FR"})),
        ("languages", frozenset({"fr-CA"})),
    ],
)
def test_listings_out_of_range_are_refused_by_field(field: str, value: object) -> None:
    """The engine holds nothing that it would have to guess about."""
    with pytest.raises(ListingError, match=f"^{field} must be ") as error:
        listing(**{field: value})
    assert error.value.field == field


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("now", lambda: Query(listing(), 1.5)),  # type: ignore[arg-type]
        ("k", lambda: Query(listing(), NOW, k=0)),
        ("k", lambda: Query(listing(), NOW, k=True)),
        ("kinds", lambda: Query(listing(), NOW, kinds=frozenset({9}))),  # type: ignore[arg-type]
        ("languages", lambda: Query(listing(), NOW, languages=frozenset({"?"}))),
        ("weights.distance", lambda: Weights(distance=float("nan"))),
        ("weights.affinity", lambda: Weights(affinity=-0.1)),
        ("weights.urgency", lambda: Weights(urgency=float("inf"))),
        ("weights.urgency", lambda: Weights(urgency=True)),
        ("weights.scale_m", lambda: Weights(scale_m=0)),
    ],
)
def test_questions_out_of_range_are_refused_by_field(field: str, make: Any) -> None:
    """The error names the field of the question."""
    with pytest.raises(QueryError, match=f"^{field} must be "):
        make()


def test_information_needs_no_place() -> None:
    """Only those who take a side locally must say where."""
    info: Listing = listing(kind=Kind.INFO, cell=None)
    assert not info.remote
    assert listing(reach=Reach.COUNTRY, cell=None).remote
