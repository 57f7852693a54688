"""Looking for listings."""

from __future__ import annotations

from typing import Any

import pytest

from board.context import Board
from board.errors import Invalid
from board.searching import ListingFilter, on_map, search
from matcher.place import Place
from matcher.taxonomy import Kind, Reach
from tests.factories import AKWA, MARSEILLE, Factory

FAR = {"cell": MARSEILLE.cell, "country": "FR", "place_name": "Marseille"}


@pytest.mark.parametrize(
    ("wanted", "titles"),
    [
        ({}, ["far", "offer", "near"]),
        ({"kind": Kind.OFFER}, ["offer"]),
        ({"category": "pets"}, ["far"]),
        ({"category": "errands"}, ["offer"]),
        ({"least_urgency": 2}, ["near"]),
        ({"cell": AKWA.cell, "radius_km": 10.0}, ["near", "offer"]),
        ({"cell": AKWA.cell, "radius_km": 10.0, "kind": Kind.OFFER}, ["offer"]),
        ({"cell": AKWA.cell, "radius_km": 10.0, "words": "pharmacie"}, ["near"]),
        ({"words": "PHARMA"}, ["near"]),
        ({"words": "médicament pharmacie"}, ["near"]),
        ({"words": "medicament marseille"}, []),
        ({"words": "marseille"}, ["far"]),
        ({"words": "!!! ???"}, ["far", "offer", "near"]),
        ({"words": "\" OR 1=1 -- ' & | ! ( :*"}, []),
    ],
)
def test_a_filter_keeps_what_passes_it(
    board: Board, make: Factory, wanted: dict[str, Any], titles: list[str]
) -> None:
    """Kind, category, urgency, place and words; nearest first around a place, else newest."""
    make.open(title="near", text="Des médicaments de la pharmacie")
    make.offer(title="offer", text="")
    make.open(title="far", text="", urgency=0, categories=("pets",), **FAR)
    make.pending(title="pending")
    found = search(board, ListingFilter(**wanted))
    assert [view.title for view in found.items] == titles
    assert found.total == len(titles)


def test_distances_come_with_a_place(board: Board, make: Factory) -> None:
    """Whole metres between the centres of the cells."""
    offer = make.offer()
    found = search(board, ListingFilter(cell=AKWA.cell, radius_km=10))
    assert offer.cell is not None
    assert found.distances == {offer.id: AKWA.distance_m(Place.from_hex(offer.cell))}


@pytest.mark.parametrize("around", [{}, {"cell": AKWA.cell, "radius_km": 20.0}])
def test_pages_follow_each_other_without_gap_or_repeat(
    board: Board, make: Factory, around: dict[str, Any]
) -> None:
    """Every listing is on exactly one page."""
    made = {make.open().id for _ in range(7)}
    pages = [search(board, ListingFilter(page=n, **around), per_page=3) for n in (1, 2, 3, 4)]
    assert [len(page.items) for page in pages] == [3, 3, 1, 0]
    assert {view.id for page in pages for view in page.items} == made
    assert all((page.total, page.pages) == (7, 3) for page in pages)
    assert len(on_map(board, ListingFilter(**around)).items) == 7


def test_a_remote_listing_with_a_place_is_found_around_it(board: Board, make: Factory) -> None:
    """Its reach does not hide where it comes from."""
    view = make.open(reach=Reach.WORLD, radius_km=None)
    found = search(board, ListingFilter(cell=AKWA.cell, radius_km=5))
    assert [item.id for item in found.items] == [view.id]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("category", {"category": "sorcery"}),
        ("urgency", {"least_urgency": 9}),
        ("q", {"words": "x" * 101}),
        ("q", {"words": "a\x00"}),
        ("page", {"page": 0}),
        ("cell", {"cell": 5, "radius_km": 3.0}),
        ("radius_km", {"cell": AKWA.cell}),
        ("radius_km", {"cell": AKWA.cell, "radius_km": float("nan")}),
        ("radius_km", {"cell": AKWA.cell, "radius_km": 501.0}),
    ],
)
def test_a_bad_filter_is_named(board: Board, field: str, wanted: dict[str, Any]) -> None:
    """No silent guess."""
    with pytest.raises(Invalid) as refused:
        search(board, ListingFilter(**wanted))
    assert [problem.field for problem in refused.value.problems] == [field]
