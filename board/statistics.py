"""The figures that everybody may read: what came of needs, by week, category and country.

Only reads. What is read was counted when the day began (`tallying`) and is rounded before anybody
sees it (`small_counts`).
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board.db import Database
from board.figures import EVERY, CountedDay, Figure, FigureWait, UnmetNeeds
from board.i18n import N_
from board.small_counts import Counts, Published, rounded_down
from board.tallying import OBSERVED, WEEK, monday
from board.validation import Checks

if TYPE_CHECKING:
    from board.context import Board

#: Weeks that can be looked at; the first by default. Fixed ones: whoever could choose where a span
#: begins could take two apart that differ by one week of one country.
SPANS: Final = (12, 26, 52, 104)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which needs are asked about."""

    #: The newest so many weeks, the current one among them.
    weeks: int = SPANS[0]
    #: Slug of a category; None for all.
    category: str | None = None
    #: ISO 3166-1 alpha-2; None for all.
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """One week of publication."""

    monday: date
    figures: Published
    #: Whether more may still come of its needs: three weeks have not passed since its end.
    changes: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A category or a country; `key` is None for those of which too few are there to be named."""

    key: str | None
    figures: Published


@dataclass(frozen=True, slots=True)
class Area:
    """Unmet needs of one area."""

    #: A coarse H3 cell.
    cell: int
    country: str
    needs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Everything that the page shows."""

    #: The day at whose beginning it was counted; None where nothing was counted yet.
    day: date | None
    #: Whether these are figures of the demonstration: nothing of it happened.
    demo: bool
    total: Published
    #: The newest first, from the first week that has anything; none on a new board.
    weeks: tuple[Week, ...] = ()
    #: Without those of the scope itself: where one category is asked for, there is none to compare.
    categories: tuple[Group, ...] = ()
    countries: tuple[Group, ...] = ()
    #: Where five requests or more look for somebody, the most first.
    areas: tuple[Area, ...] = ()
    #: Requests in areas with fewer; None where these are fewer than five in all.
    elsewhere: int | None = None


#: (day of the count, scope) → (when it was read, by the process's own clock, the answer).
_Kept: TypeAlias = dict[tuple[date | None, Scope], tuple[float, Impact]]
#: All readers of a day see the same: a busy board's sums are read once a minute in each process.
_KEPT_S: Final = 60.0
_MOST_KEPT: Final = 64
_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()
#: There are more scopes than are kept: whoever walks through them has one thread's time.
_reading = threading.Lock()


def impact(board: Board, scope: Scope) -> Impact:
    """The figures of a scope, at most a minute old.

    Raises Invalid, naming "weeks", "category" or "country".
    """
    _check(board, scope)
    kept = _kept.setdefault(board.db, {})
    with _reading, board.db.read() as session:
        day = session.scalar(sa.select(sa.func.max(CountedDay.day)))
        read_at, found = kept.get((day, scope), (0.0, None))
        if found is None or time.monotonic() - read_at > _KEPT_S:
            found = _read(session, board, scope, day)
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            kept[day, scope] = (time.monotonic(), found)
    return found


def _read(session: Session, board: Board, scope: Scope, day: date | None) -> Impact:
    category = EVERY if scope.category is None else board.taxonomy.id(scope.category)
    first, last, demo = _reach(session, day)
    areas, elsewhere = _areas(session, demo, category, scope.country)
    if first is None or last is None:
        nothing = Published.of(Counts())
        return Impact(day=day, demo=demo, total=nothing, areas=areas, elsewhere=elsewhere)
    begin = max(first, last - (scope.weeks - 1) * WEEK)
    wanted = _Wanted(demo, begin, category, scope.country)
    by_week = _counted(session, wanted, "week")
    by_category = {} if scope.category else _counted(session, wanted, "category")
    by_country = {} if scope.country else _counted(session, wanted, "country")
    total = Counts()
    for counts in by_week.values():
        total.add(counts)
    return Impact(
        day=day,
        demo=demo,
        total=Published.of(total),
        weeks=tuple(_weeks(by_week, begin, last, day)),
        categories=_groups({board.taxonomy.slug(key): each for key, each in by_category.items()}),
        countries=_groups(by_country),
        areas=areas,
        elsewhere=elsewhere,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which rows of the figures are read."""

    demo: bool
    begin: date
    category: int
    country: str | None

    def rows(self, model: type[Figure] | type[FigureWait], by: str) -> sa.ColumnElement[bool]:
        each = model.category != EVERY if by == "category" else model.category == self.category
        here = sa.true() if self.country is None else model.country == self.country
        return sa.and_(model.demo.is_(self.demo), model.week >= self.begin, each, here)


def _check(board: Board, scope: Scope) -> None:
    checks = Checks()
    if scope.weeks not in SPANS:
        checks.refuse(
            "weeks",
            N_("One of these is accepted: %(codes)s."),
            codes=", ".join(map(str, SPANS)),
        )
    if scope.category is not None and scope.category not in {
        each.slug for each in board.taxonomy.categories
    }:
        checks.refuse("category", N_("Choose one of the answers of the list."))
    if scope.country is not None and scope.country not in board.countries.codes:
        checks.refuse("country", N_("Choose one of the answers of the list."))
    checks.done()


def _reach(session: Session, day: date | None) -> tuple[date | None, date | None, bool]:
    """First and newest week, and whether they are the demonstration's.

    That is shown only where nothing real is: what happened and what did not are never one figure.
    """
    first: date | None
    for demo in (False, True):
        newest = sa.select(sa.func.min(Figure.week), sa.func.max(Figure.week))
        first, last = session.execute(newest.where(Figure.demo.is_(demo))).one()
        if first is not None:
            return first, max(last, monday(day)) if day else last, demo
    areas = sa.select(sa.func.min(sa.cast(UnmetNeeds.demo, sa.Integer)))
    return None, None, bool(session.scalar(areas))


def _counted(session: Session, wanted: _Wanted, by: str) -> dict[Any, Counts]:
    """What was counted, by one column of the figures."""
    found: dict[Any, Counts] = defaultdict(Counts)
    key = getattr(Figure, by)
    sums = (
        sa.func.sum(column)
        for column in (Figure.requests, Figure.answered, Figure.met, Figure.messages)
    )
    for name, *values in session.execute(
        sa.select(key, *sums).where(wanted.rows(Figure, by)).group_by(key)
    ):
        requests, answered, met, messages = map(int, values)
        found[name] = Counts(requests, answered, met, messages)
    key = getattr(FigureWait, by)
    waits = (
        sa.select(key, FigureWait.minutes, sa.func.sum(FigureWait.answers))
        .where(wanted.rows(FigureWait, by))
        .group_by(key, FigureWait.minutes)
    )
    for name, minutes, answers in session.execute(waits):
        found[name].waits[minutes] = int(answers)
    return found


def _weeks(
    by_week: Mapping[date, Counts], begin: date, last: date, day: date | None
) -> Iterable[Week]:
    week = last
    while week >= begin:
        changes = day is None or week + OBSERVED > day
        yield Week(week, Published.of(by_week.get(week, Counts())), changes)
        week -= WEEK


def _groups(counted: Mapping[str, Counts]) -> tuple[Group, ...]:
    """Those with the most requests first; what is too small, or nowhere, in one at the end."""
    named, rest = [], Counts()
    for key, counts in counted.items():
        if key and rounded_down(counts.requests):
            named.append(Group(key, Published.of(counts)))
        else:
            rest.add(counts)
    named.sort(key=lambda group: (-(group.figures.requests or 0), group.key or ""))
    return (*named, Group(None, Published.of(rest))) if rest.requests else tuple(named)


def _areas(
    session: Session, demo: bool, category: int, country: str | None
) -> tuple[tuple[Area, ...], int | None]:
    """Areas with enough unmet needs, and how many there are in all others."""
    rows = sa.select(UnmetNeeds.cell, UnmetNeeds.country, UnmetNeeds.needs).where(
        UnmetNeeds.demo.is_(demo), UnmetNeeds.category == category
    )
    if country is not None:
        rows = rows.where(UnmetNeeds.country == country)
    by_cell: dict[int, dict[str, int]] = defaultdict(dict)
    for cell, code, needs in session.execute(rows):
        by_cell[cell][code] = needs
    shown, others = [], 0
    for cell, by_country in by_cell.items():
        needs = sum(by_country.values())
        rounded = rounded_down(needs)
        if rounded is None:
            others += needs
        else:
            # Where a border runs through an area, that of most of its needs.
            most = max(by_country, key=lambda code: (by_country[code], code))
            shown.append(Area(cell, most, rounded))
    shown.sort(key=lambda area: (-area.needs, area.cell))
    return tuple(shown), rounded_down(others)
