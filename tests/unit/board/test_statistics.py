"""Public figures: the rounded sums of a scope, of a day, and never of one person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from board import demo, statistics, tallying, unmet
from board.context import Board
from board.errors import Invalid
from board.figures import EVERY, CountedDay, Figure, UnmetNeeds
from board.small_counts import Counts, Published
from board.statistics import Scope
from board.tallying import WEEK, monday
from tests.factories import AKWA, Factory
from tests.unit.board.needs import Past, go_to
from tests.unit.board.plain_counts import kept, total


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.parametrize("scope", [Scope(), Scope(category="medicine"), Scope(country="FR")])
def test_what_is_shown_is_the_rounded_sum(
    board: Board, today: date, seed: int, scope: Scope
) -> None:
    """Totals, weeks and groups of a scope, from the plain count."""
    with board.db.write() as session:
        Past(session, seed, today)
    tallying.count(board)
    with board.db.read() as session:
        plain = kept(session)
    category = EVERY if scope.category is None else board.taxonomy.id(scope.category)
    total, by_week = Counts(), {}
    for (week, country, of), counts in plain.items():
        if of == category and scope.country in (None, country):
            total.add(counts)
            by_week.setdefault(week, Counts()).add(counts)
    shown = statistics.impact(board, scope)
    assert shown.total == Published.of(total)
    assert {each.monday: each.figures for each in shown.weeks} == {
        week: Published.of(by_week.get(week, Counts()))
        for week in (monday(today) - n * WEEK for n in range(len(shown.weeks)))
    }
    assert (shown.categories == ()) == (scope.category is not None)
    assert (shown.countries == ()) == (scope.country is not None)


def test_an_area_at_a_border_is_of_the_country_with_most_of_its_needs(
    board: Board, today: date
) -> None:
    """It is one area, with all of them; either country alone has its own."""
    cell = AKWA.coarsened(unmet.RESOLUTION).cell
    with board.db.write() as session:
        session.add(CountedDay(day=today))
        for country, needs in (("CM", 3), ("GQ", 8)):
            session.add(
                UnmetNeeds(demo=False, cell=cell, country=country, category=EVERY, needs=needs)
            )
    shown = {
        country: [
            (each.country, each.needs)
            for each in statistics.impact(board, Scope(country=country)).areas
        ]
        for country in (None, "CM", "GQ")
    }
    assert shown == {None: [("GQ", 10)], "CM": [], "GQ": [("GQ", 5)]}


def test_small_groups_are_told_of_together(board: Board, today: date) -> None:
    """And no figure of fewer than five is said, nor anything about those."""
    week = monday(today)
    tally = {
        ("CM", EVERY): Counts(23, 14, 9, 40, {60: 14}),
        ("FR", EVERY): Counts(4, 4, 4, 8, {60: 4}),
        ("TN", EVERY): Counts(3, 0, 0, 0),
        ("", EVERY): Counts(12, 5, 5, 5, {60: 5}),
    }
    tallying.write_week(board.db, week, tally)
    shown = statistics.impact(board, Scope())
    named = {group.key: group.figures for group in shown.countries}
    assert list(named) == ["CM", None]
    assert named["CM"] == Published(
        requests=20,
        answered=10,
        met=5,
        messages=40,
        median_minutes=60,
        messages_per_met=8.0,
    )
    assert named[None].requests == 15
    alone = statistics.impact(board, Scope(country="FR")).total
    assert set(map(alone.__getattribute__, Published.__slots__)) == {None}


def test_a_day_is_read_once_for_all_readers(board: Board, today: date) -> None:
    """The sums of a big board are not added up for each view; the next day has its own."""
    tally = {("CM", EVERY): Counts(10)}
    tallying.write_week(board.db, monday(today), tally)
    first = statistics.impact(board, Scope())
    assert statistics.impact(board, Scope()) is first
    go_to(board, today + timedelta(days=1))
    tallying.count(board)
    assert statistics.impact(board, Scope()).total.requests is None


@pytest.mark.parametrize(
    ("scope", "field"),
    [
        (Scope(weeks=13), "weeks"),
        (Scope(category="gold"), "category"),
        (Scope(country="XX"), "country"),
    ],
)
def test_a_bad_scope_is_refused_by_name(board: Board, scope: Scope, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        statistics.impact(board, scope)
    assert [each.field for each in caught.value.problems] == [field]


def test_a_new_board_has_no_figures(board: Board, today: date) -> None:
    tallying.count(board)
    shown = statistics.impact(board, Scope())
    assert (shown.day, shown.weeks, shown.areas, shown.demo) == (today, (), (), False)


def test_the_demonstration_is_never_mixed_with_what_happened(
    board: Board, make: Factory, today: date
) -> None:
    """It has figures of its own, shown while nothing real is, and taken away with it."""
    demo.fill(board, count=400)
    tallying.count(board)
    shown = statistics.impact(board, Scope(weeks=26))
    assert shown.demo
    assert len(shown.weeks) == 26
    assert (shown.total.met or 0) > 500
    assert shown.elsewhere
    assert total(board) == Counts()
    make.open()
    go_to(board, today + timedelta(days=1))
    tallying.count(board)
    real = statistics.impact(board, Scope())
    assert not real.demo
    assert real.total.requests is None
    assert len(real.weeks) == 1
    demo.remove(board)
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Figure)) == 3 - 1
        assert not session.scalars(sa.select(UnmetNeeds).where(UnmetNeeds.demo)).all()
        assert session.scalars(sa.select(CountedDay.day)).all() == [today + timedelta(days=1)]
