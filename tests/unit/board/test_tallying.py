"""What is kept of needs: against a plain count of all rows, followed for weeks, then frozen."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from board import erasure, figures, forgetting, listings, tallying
from board.context import Board
from board.figures import EVERY
from board.listings import Listing, ListingView
from board.members import Member
from board.small_counts import Counts
from board.tallying import OBSERVED, WEEK, monday
from tests.factories import Factory
from tests.unit.board.needs import Past, go_to, meet
from tests.unit.board.plain_counts import kept, plainly, total


@pytest.mark.parametrize(("seed", "batch"), [(1, 1000), (2, 1000), (3, 1)])
def test_what_is_kept_is_what_a_plain_count_finds(
    board: Board, today: date, seed: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every week that can still change, each country and category, written in parts or at once."""
    monkeypatch.setattr(figures, "_BATCH", batch)
    with board.db.write() as session:
        Past(session, seed, today)
    assert tallying.count(board)
    begin = monday(today - OBSERVED) + WEEK
    with board.db.read() as session:
        expected = {
            key: counts for key, counts in plainly(session, today).items() if key[0] >= begin
        }
        assert kept(session) == expected
    totals = [counts for (_, _, category), counts in expected.items() if category == EVERY]
    assert sum(each.requests for each in totals) > 20
    assert min(sum(each.met for each in totals), sum(each.answered for each in totals)) > 0


def test_a_need_is_followed_until_it_is_met(
    board: Board, make: Factory, need: ListingView, today: date
) -> None:
    """Day by day, each as things stood when it began."""
    tallying.count(board)
    assert total(board) == Counts(requests=1)
    meet(board, make, need)
    assert not tallying.count(board), "a day is counted once"
    assert total(board) == Counts(requests=1)
    go_to(board, today + timedelta(days=1))
    assert tallying.count(board)
    assert total(board) == Counts(1, 1, 1, 0, {1400: 1})


def test_the_figures_of_a_week_stay_when_its_listings_are_forgotten(
    board: Board, make: Factory, need: ListingView, today: date
) -> None:
    """Also when somebody of them is erased afterwards: they were numbers of nobody."""
    meet(board, make, need)
    for days in (1, 10, 27, 28, 40):
        go_to(board, today + timedelta(days=days))
        tallying.count(board)
        listings.close_ended(board)
        forgetting.forget(board)
    with board.db.write() as session:
        session.execute(sa.delete(Listing))
    go_to(board, today + timedelta(days=60))
    tallying.count(board)
    assert total(board) == Counts(1, 1, 1, 0, {1400: 1})


def test_nothing_is_forgotten_before_it_was_counted_for_the_last_time() -> None:
    """The oldest need of a week is that of its Monday; a day late is still in time."""
    assert OBSERVED + timedelta(days=1) < forgetting.LISTINGS


def test_weeks_are_made_up_for_when_nobody_counted(
    board: Board, make: Factory, need: ListingView, today: date
) -> None:
    """The workers were away for weeks, and what came of the need is still there."""
    tallying.count(board)
    meet(board, make, need)
    go_to(board, today + timedelta(days=50))
    tallying.count(board)
    assert total(board).met == 1


def test_who_is_erased_meanwhile_is_counted_no_more(
    board: Board, make: Factory, today: date
) -> None:
    """While a week can change, it is counted from what is there."""
    go_to(board, today - timedelta(days=1))
    make.open(email="gone@example.org")
    go_to(board, today)
    tallying.count(board)
    assert total(board).requests == 1
    with board.db.write() as session:
        member = session.scalars(sa.select(Member).where(Member.email == "gone@example.org")).one()
        erasure._forget(session, board, erasure.person_of(board, member))
    go_to(board, today + timedelta(days=1))
    tallying.count(board)
    assert total(board) == Counts()
