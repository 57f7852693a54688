"""Members: one for each confirmed address."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from board import members
from board.context import Board
from board.members import Member


def test_an_address_that_is_confirmed_twice_at_once_is_one_member(board: Board) -> None:
    """Two links of somebody new, pressed at the same moment: both work."""
    start = threading.Barrier(8)

    def confirm(_: int) -> int:
        start.wait()
        with board.db.write() as session:
            return members.confirmed(session, "new@example.org", "fr").id

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(confirm, range(8)))
    with board.db.read() as session:
        (member,) = session.scalars(sa.select(Member))
    assert found == {member.id}
    assert (member.email, member.locale, len(member.public_id)) == ("new@example.org", "fr", 12)
    assert member.seen_at is not None


def test_who_is_known_keeps_the_language_of_the_first_time(board: Board) -> None:
    """A later confirmation says when the member was last here, and nothing else."""
    with board.db.write() as session:
        first = members.confirmed(session, "known@example.org", "ar")
    with board.db.write() as session:
        again = members.confirmed(session, "known@example.org", "fr")
        assert (again.id, again.locale) == (first.id, "ar")
