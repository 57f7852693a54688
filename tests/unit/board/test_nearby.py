"""Who could meet a listing before it is posted: counted as the engine matches, and no closer."""

from __future__ import annotations

from typing import Any

import pytest

from board import blocks, members
from board.context import Board
from board.nearby import SHOWN, WITHIN_KM, Nearby, nearby
from matcher.place import Place
from matcher.taxonomy import Kind, Reach, Urgency
from tests.factories import AKWA, Factory

#: About three, eight and thirty kilometres from Akwa.
NEAR, FARTHER, FAR = (Place.at(4.0503, 9.6980 + east, 8) for east in (0.027, 0.072, 0.27))


def around(board: Board, **given: Any) -> Nearby:
    """Who could shop for somebody in Akwa."""
    asked = {
        "kind": Kind.REQUEST,
        "category": "groceries",
        "urgency": Urgency.WEEK,
        "cell": AKWA.cell,
        "country": "CM",
    }
    return nearby(board, **{**asked, **given})


def offer(make: Factory, place: Place, email: str, **given: Any) -> str:
    """Public id of an offer to shop within 50 km of there."""
    view = make.open(kind=Kind.OFFER, cell=place.cell, email=email, radius_km=50.0, **given)
    return view.public_id


def test_people_are_counted_within_the_first_distance_that_holds_any(
    board: Board, make: Factory
) -> None:
    """Nearer ones narrow it: what is said is the smallest circle with somebody in it."""
    assert (around(board).people, around(board).within_km) == (0, WITHIN_KM[-1])
    for place, email, expected in (
        (FAR, "far@example.org", (1, 50)),
        (FARTHER, "farther@example.org", (1, 10)),
        (NEAR, "near@example.org", (1, 5)),
        (AKWA, "here@example.org", (2, 5)),
    ):
        offer(make, place, email)
        found = around(board)
        assert (found.people, found.within_km) == expected


def test_a_person_counts_once(board: Board, make: Factory) -> None:
    """However many offers are theirs; the best of them are shown."""
    for _ in range(SHOWN + 1):
        offer(make, AKWA, "busy@example.org")
    found = around(board)
    assert found.people == 1 and len(found.shown) == SHOWN


def test_no_distance_is_said_that_a_cell_does_not_know(board: Board, make: Factory) -> None:
    """A place known to some twenty kilometres is not "within 5 km" of anything."""
    offer(make, AKWA, "here@example.org")
    coarse = Place.at(*AKWA.center, 5)
    assert around(board, cell=coarse.cell).within_km == 20


def test_alerts_are_not_counted(board: Board, make: Factory) -> None:
    """Where a volunteer lives is nobody's business: only what is on the board is."""
    make.alert()
    assert around(board).people == 0


@pytest.mark.parametrize(
    ("given", "people"),
    [
        ({}, 1),
        ({"kind": Kind.OFFER}, 0),
        ({"category": "childcare"}, 0),
        ({"cell": Place.at(48.85, 2.35, 7).cell}, 0),
    ],
)
def test_only_what_matches_is_counted(
    board: Board, make: Factory, given: dict[str, Any], people: int
) -> None:
    """The side, the subject and the place."""
    offer(make, AKWA, "here@example.org")
    assert around(board, **given).people == people


def test_help_from_afar_is_shown_and_not_counted(board: Board, make: Factory) -> None:
    """It has no distance."""
    offer(make, FAR, "afar@example.org", reach=Reach.WORLD)
    found = around(board)
    assert found.people == 0 and len(found.shown) == 1


def test_whom_the_viewer_has_blocked_is_left_out(board: Board, make: Factory) -> None:
    """On both sides of the block."""
    offer(make, AKWA, "here@example.org")
    with board.db.read() as session:
        helper = members.by_email(session, "here@example.org")
    assert helper is not None
    viewer = make.member()
    with board.db.write() as session:
        blocks.block(session, viewer, helper.id)
    assert around(board, viewer=viewer).people == 0
    assert around(board, viewer=make.member()).people == 1
