"""Looking up an address: a listed reason, a quota, one line of the log each."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import revealing
from board.audit import AuditEntry
from board.context import Board
from board.errors import Invalid, LimitReached, MemberNotFound
from board.members import Member
from board.reasons import REVEAL
from tests.factories import Factory


def lines(board: Board) -> list[tuple[int | None, int | None, str]]:
    """(who, whose, why) of each look-up."""
    with board.db.read() as session:
        wanted = sa.select(AuditEntry).where(AuditEntry.action == "contact-revealed")
        rows = session.scalars(wanted.order_by(AuditEntry.id))
        return [(row.member_id, row.subject_id, row.reason) for row in rows]


def public_id(board: Board, member_id: int) -> str:
    """What addresses show of a member."""
    with board.db.read() as session:
        return session.get_one(Member, member_id).public_id


def test_each_look_up_is_one_line(board: Board, make: Factory) -> None:
    """Who, whose and why; every listed reason fits."""
    moderator, member = make.member(), make.member(email="poster@example.org")
    for reason in REVEAL:
        found = revealing.reveal(board, moderator, public_id(board, member), reason)
        assert found == "poster@example.org"
    assert lines(board) == [(moderator, member, reason) for reason in REVEAL]


def test_a_refused_look_up_shows_nothing_and_logs_nothing(board: Board, make: Factory) -> None:
    """Without a listed reason, of nobody, or of somebody without an address."""
    moderator = make.member()
    with pytest.raises(Invalid):
        revealing.reveal(board, moderator, public_id(board, make.member()), "curious")
    for nobody in ("abcdefghijkl", public_id(board, make.member(email=None))):
        with pytest.raises(MemberNotFound):
            revealing.reveal(board, moderator, nobody, "danger")
    assert lines(board) == []


def test_fifty_a_day_and_no_more(board: Board, make: Factory) -> None:
    """Each moderator has their own fifty; tomorrow there are others."""
    moderator, member = make.member(), public_id(board, make.member())
    for _ in range(revealing.PER_DAY):
        revealing.reveal(board, moderator, member, "law")
    with pytest.raises(LimitReached):
        revealing.reveal(board, moderator, member, "law")
    assert len(lines(board)) == 50
    revealing.reveal(board, make.member(), member, "law")
    board.db.clock_offset = timedelta(hours=25)
    revealing.reveal(board, moderator, member, "law")
