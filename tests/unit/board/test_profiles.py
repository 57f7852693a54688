"""Profiles: what a member tells, coarsely, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from board import profiles
from board.context import Board
from board.errors import Invalid
from board.members import Member
from board.profiles import RESOLUTION, Profile
from matcher.place import Place
from tests.factories import AKWA, MARSEILLE, Factory

GOOD: dict[str, Any] = {
    "display_name": "Aïcha",
    "languages": ("fr", "ar"),
    "time_zone": "Africa/Douala",
    "helps_with": ("groceries", "admin"),
}


def test_a_profile_is_kept(board: Board, make: Factory) -> None:
    """And another member's stays empty."""
    mine, other = make.member(), make.member()
    profiles.save(board, mine, Profile(**GOOD))
    assert profiles.get(board, mine) == Profile(**GOOD)
    assert profiles.get(board, other) == Profile()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", "x" * 61),
        ("display_name", "a\nb"),
        ("languages", ("xx",)),
        ("languages", ("fr", "en", "es", "pt", "ar", "de", "it", "nl", "ru")),
        ("time_zone", ""),
        ("time_zone", "../../etc/passwd"),
        ("helps_with", ("flying",)),
    ],
)
def test_a_bad_profile_is_refused(board: Board, make: Factory, field: str, value: object) -> None:
    """The field is named and nothing is written."""
    member_id = make.member()
    with pytest.raises(Invalid, match=field):
        profiles.save(board, member_id, Profile(**{**GOOD, field: value}))
    assert profiles.get(board, member_id) == Profile()


def test_a_place_is_kept_coarsely(board: Board, make: Factory) -> None:
    """Neither "here" nor "there" is finer than about 6.5 km; forgetting it forgets all of it."""
    member_id = make.member()
    profiles.set_place(board, member_id, "here", AKWA.cell, "Douala")
    profiles.set_place(board, member_id, "there", MARSEILLE.cell, "Marseille")
    with board.db.read() as session:
        member = session.get_one(Member, member_id)
    assert member.here_cell == AKWA.coarsened(RESOLUTION).cell
    assert Place(member.there_cell or 0).resolution == RESOLUTION
    assert member.time_zone == "Africa/Douala"
    found = profiles.get(board, member_id)
    assert (found.here, found.there) == ("Douala", "Marseille")
    for where in ("here", "there"):
        profiles.set_place(board, member_id, where, None, "ignored")  # type: ignore[arg-type]
    with board.db.read() as session:
        member = session.get_one(Member, member_id)
    assert (member.here_cell, member.here_name) == (member.there_cell, member.there_name)
    assert (member.here_cell, member.here_name) == (None, "")


def test_what_is_no_place_is_refused(board: Board, make: Factory) -> None:
    """A cell too coarse, or none at all."""
    member_id = make.member()
    for cell in (1, Place.at(4, 9, 3).cell):
        with pytest.raises(Invalid, match="place"):
            profiles.set_place(board, member_id, "here", cell, "Douala")
