"""Public figures: against a plain count of all rows, rounded, frozen, and never of one person."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from statistics import median as plain_median
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import (
    demo,
    erasure,
    figures,
    forgetting,
    listings,
    outbox,
    outcomes,
    statistics,
    tallying,
    unmet,
)
from board.bans import Ban
from board.cases import Case
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.errors import Invalid
from board.figures import EVERY, CountedDay, Figure, FigureWait, UnmetNeeds
from board.listings import Listing, ListingCategory, ListingView
from board.members import Member
from board.messages import Message
from board.outbox import OutboxRow
from board.outcomes import Action, Outcome
from board.small_counts import Counts, Published, median, rounded_down, rounded_minutes
from board.statistics import Scope
from board.tallying import OBSERVED, WEEK, monday
from board.tellings import Telling
from matcher.place import Place
from matcher.taxonomy import Kind
from tests.factories import AKWA, MARSEILLE, Factory

NEEDS = 150


def at_midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def go_to(board: Board, day: date, hours: float = 12) -> None:
    """Let the board's clock stand at an hour of a day."""
    board.db.clock_offset = at_midnight(day) + timedelta(hours=hours) - datetime.now(UTC)


@pytest.fixture
def today(board: Board) -> date:
    """A Thursday, noon, by the board's clock."""
    day = date(2026, 6, 18)
    go_to(board, day)
    return day


class Past:
    """Writes needs of past weeks with everything that may have come of them, by chance."""

    def __init__(self, session: Session, seed: int, today: date) -> None:
        self.session = session
        self.chance = random.Random(seed)
        self.today = today
        self.members = [self._row(Member(email=None, locale="fr", created_at=self.some_time()))]
        self.members += [
            self._row(Member(email=f"p{n}@example.org", locale="fr", created_at=self.some_time()))
            for n in range(6)
        ]
        self.banned = self.members[-1]
        self._row(
            Ban(
                member_id=self.banned.id,
                reason="fraud",
                banned_by=self.members[0].id,
                created_at=self.some_time(),
            )
        )
        for number in range(NEEDS):
            self._need(number)

    def some_time(self, after: datetime | None = None, days: float = 34) -> datetime:
        begin = after or at_midnight(self.today) - timedelta(days=days)
        return begin + timedelta(days=self.chance.uniform(0, days))

    def _row(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row

    def _need(self, number: int) -> None:
        chance = self.chance
        opened = self.some_time()
        status = chance.choice(["open", "open", "closed", "closed", "held", "pending"])
        ends = opened + timedelta(days=chance.choice([2, 20, 60]))
        closed = self.some_time(opened, 20) if status == "closed" else None
        place, country = chance.choice([(AKWA, "CM"), (MARSEILLE, "FR")])
        listing = self._row(
            Listing(
                kind=chance.choice([Kind.REQUEST] * 6 + [Kind.OFFER]),
                status=status,
                title="Courses",
                locale="fr",
                region=place.region,
                cell=place.cell,
                country=country,
                starts_at=opened,
                ends_at=max(ends, closed or ends),
                closed_at=closed,
                places_needed=chance.choice([1, 1, 2]),
                places_taken=0,
                demo=chance.random() < 0.1,
                member_id=chance.choice(self.members).id,
                created_at=opened,
                opened_at=None if status == "pending" else opened,
            )
        )
        for category in chance.sample([1, 2, 3], chance.choice([1, 2])):
            self._row(ListingCategory(listing_id=listing.id, category=category))
        if chance.random() < 0.15:
            decision = chance.choice(["refuse", "approve"])
            self._row(
                Case(
                    subject="listing",
                    subject_id=listing.id,
                    reasons=("contact",),
                    opened_at=opened,
                    decision=decision,
                    decided_at=opened,
                )
            )
        for answerer in chance.sample(self.members[1:], chance.choice([0, 1, 2])):
            self._conversation(listing, answerer)
        for way in range(chance.choice([0, 1, 3])):
            self._row(
                OutboxRow(
                    purpose=chance.choice([outbox.MATCH, outbox.MESSAGE]),
                    channel="email",
                    once=f"{number}:{way}",
                    listing_id=listing.id,
                    status=chance.choice(["sent", "sent", "dropped"]),
                    due_at=opened,
                    created_at=opened,
                    done_at=self.some_time(opened, 30),
                )
            )
        for member in chance.sample(self.members, 2):
            told = self.some_time(opened, 30) if chance.random() < 0.5 else None
            self._row(
                Telling(
                    member_id=member.id,
                    listing_id=listing.id,
                    created_at=opened,
                    due_at=opened,
                    told_at=told,
                    told_on=told.date() if told else None,
                )
            )

    def _conversation(self, listing: Listing, answerer: Member) -> None:
        chance = self.chance
        begun = self.some_time(listing.created_at, 15)
        status = chance.choice(["open", "open", "closed", "pending"])
        conversation = self._row(
            Conversation(
                listing_id=listing.id,
                poster_id=listing.member_id,
                answerer_id=answerer.id,
                status=status,
                locale="fr",
                created_at=begun,
                active_at=begun,
                ends_at=begun + timedelta(days=30),
            )
        )
        for late in range(2):
            self._row(
                Message(
                    conversation_id=conversation.id,
                    side=chance.choice(["answerer", "answerer", "poster"]),
                    text="Bonjour",
                    withheld=chance.random() < 0.2,
                    state=chance.choice(["sent", "sent", "held"]),
                    created_at=begun + timedelta(hours=late),
                )
            )
        self._row(
            Outcome(
                conversation_id=conversation.id,
                listing_id=listing.id,
                state=chance.choice(["done", "accepted", "not-done"]),
                step=1,
                since=self.some_time(begun, 25),
            )
        )


def plainly(session: Session, today: date) -> dict[tuple[date, str, int], Counts]:
    """The same as `tallying`, need by need, with no aggregate of SQL."""
    every = {model: session.scalars(sa.select(model)).all() for model in
             (Listing, ListingCategory, Conversation, Message, Outcome, OutboxRow, Telling, Case,
              Ban)}  # fmt: skip
    banned = {each.member_id for each in every[Ban] if each.lifted_at is None}
    refused = {
        each.subject_id
        for each in every[Case]
        if each.subject == "listing" and each.decision in ("refuse", "ban")
    }
    found: dict[tuple[date, str, int], Counts] = {}
    for listing in every[Listing]:
        if (
            listing.kind != Kind.REQUEST
            or listing.demo
            or listing.status not in ("open", "closed")
            or listing.opened_at is None
            or listing.opened_at >= at_midnight(today)
            or listing.member_id in banned
            or listing.id in refused
        ):
            continue
        week = monday(listing.opened_at.date())
        until = min(at_midnight(week + OBSERVED), at_midnight(today))
        heard = {
            each.id
            for each in every[Conversation]
            if each.listing_id == listing.id and each.status != "pending"
        }
        answers = [
            each.created_at
            for each in every[Message]
            if each.conversation_id in heard
            and each.side == "answerer"
            and each.state == "sent"
            and not each.withheld
            and each.created_at < until
        ]
        gone = listing.closed_at
        if not answers and gone is not None and gone < listing.ends_at and gone < until:
            continue
        done = sum(
            each.listing_id == listing.id and each.state == "done" and each.since < until
            for each in every[Outcome]
        )
        sent = sum(
            each.listing_id == listing.id
            and each.purpose == "match"
            and each.status == "sent"
            and each.done_at < until
            for each in every[OutboxRow]
        )
        sent += sum(
            each.listing_id == listing.id and each.told_at is not None and each.told_at < until
            for each in every[Telling]
        )
        need = Counts(1, int(bool(answers)), int(done >= listing.places_needed), sent)
        if answers:
            wait = min(answers) - listing.opened_at
            need.waits[rounded_minutes(wait.total_seconds())] = 1
        of = [each.category for each in every[ListingCategory] if each.listing_id == listing.id]
        for category in (EVERY, *of):
            found.setdefault((week, listing.country, category), Counts()).add(need)
    return found


def kept(session: Session) -> dict[tuple[date, str, int], Counts]:
    """What the tables of figures hold of what is real."""
    found = {
        (row.week, row.country, row.category): Counts(
            row.requests, row.answered, row.met, row.messages
        )
        for row in session.scalars(sa.select(Figure).where(Figure.demo.is_(False)))
    }
    for row in session.scalars(sa.select(FigureWait).where(FigureWait.demo.is_(False))):
        found[row.week, row.country, row.category].waits[row.minutes] = row.answers
    return found


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


@pytest.fixture
def need(board: Board, make: Factory, today: date) -> ListingView:
    """A request of yesterday."""
    go_to(board, today - timedelta(days=1))
    view = make.open(categories=("medicine",))
    go_to(board, today)
    return view


def total(board: Board) -> Counts:
    """Everything that is kept, of each need once."""
    found = Counts()
    with board.db.read() as session:
        for (_, _, category), counts in kept(session).items():
            if category == EVERY:
                found.add(counts)
    return found


def meet(board: Board, make: Factory, view: ListingView) -> None:
    """Answer a request, take the place, and be told that it is done."""
    seat = make.answered(view)
    for action in (Action.ACCEPT, Action.DONE):
        outcomes.decide(board, Seat(seat.conversation_id, Side.POSTER), action)


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


def test_unmet_needs_are_counted_by_coarse_area(board: Board, make: Factory, today: date) -> None:
    """Open, local, with a free place; fewer than five of an area are told of together."""
    go_to(board, today - timedelta(days=1))
    for number in range(7):
        make.open(cell=AKWA.cell, title=f"Courses {number}")
    for number in range(6):
        make.open(cell=MARSEILLE.cell, country="FR", title=f"Courses {number}") if (
            number < 4
        ) else make.offer(title=f"Offre {number}")
    met = make.open(cell=MARSEILLE.cell, country="FR", title="Prise")
    meet(board, make, met)
    go_to(board, today)
    make.open(title="D'aujourd'hui")
    tallying.count(board)
    shown = statistics.impact(board, Scope())
    area = Place(AKWA.cell).coarsened(unmet.RESOLUTION).cell
    assert [(each.cell, each.country, each.needs) for each in shown.areas] == [(area, "CM", 5)]
    assert shown.elsewhere is None
    with board.db.read() as session:
        exact = Counter(
            {
                row.country: row.needs
                for row in session.scalars(
                    sa.select(UnmetNeeds).where(UnmetNeeds.category == EVERY)
                )
            }
        )
    assert exact == {"CM": 7, "FR": 4}
    assert statistics.impact(board, Scope(country="FR")).areas == ()


def test_areas_are_replaced_in_parts(
    board: Board, make: Factory, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of yesterday's none stays: neither before the first part, nor between two, nor after."""
    monkeypatch.setattr(figures, "_BATCH", 1)
    go_to(board, today - timedelta(days=1))
    make.open(cell=AKWA.cell)
    make.open(cell=MARSEILLE.cell, country="FR")
    here = sorted(place.coarsened(unmet.RESOLUTION).cell for place in (AKWA, MARSEILLE))
    gone = [here[0] - 1, here[0] + 1, here[1] + 1]
    with board.db.write() as session:
        for cell in gone:
            session.add(UnmetNeeds(demo=False, cell=cell, country="", category=EVERY, needs=9))
    go_to(board, today)
    unmet.count(board)
    with board.db.read() as session:
        kept_cells = session.scalars(sa.select(UnmetNeeds.cell).distinct()).all()
    assert sorted(kept_cells) == here


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


def test_a_row_that_no_map_can_show_stops_no_count(
    board: Board, make: Factory, today: date
) -> None:
    """After an intervention by hand, a cell may be none, or one of half a continent."""
    go_to(board, today - timedelta(days=1))
    for _ in range(7):
        make.open()
    with board.db.write() as session:
        ids = session.scalars(sa.select(Listing.id).order_by(Listing.id)).all()
        for listing_id, cell in zip(ids, (5, AKWA.coarsened(2).cell), strict=False):
            session.execute(sa.update(Listing).where(Listing.id == listing_id).values(cell=cell))
    go_to(board, today)
    assert tallying.count(board)
    assert [each.needs for each in statistics.impact(board, Scope()).areas] == [5]


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


@pytest.mark.parametrize(
    ("met", "messages", "ratio"), [(10, 25, 2.5), (10, 4, None), (4, 40, None), (12, 19, 1.5)]
)
def test_a_ratio_needs_both_of_its_counts(met: int, messages: int, ratio: float | None) -> None:
    """Of four messages nobody is told that they were none."""
    shown = Published.of(Counts(requests=20, met=met, messages=messages))
    assert shown.messages_per_met == ratio


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
    ("count", "shown"), [(0, None), (4, None), (5, 5), (9, 5), (10, 10), (123_456, 123_455)]
)
def test_counts_are_rounded_down(count: int, shown: int | None) -> None:
    assert rounded_down(count) == shown


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, 1), (29, 1), (100, 2), (5940, 99), (6240, 100), (6300, 110), (740_700, 12_000)],
)
def test_waits_are_kept_to_two_digits(seconds: float, minutes: int) -> None:
    assert rounded_minutes(seconds) == minutes


@pytest.mark.parametrize("seed", range(5))
def test_the_median_is_that_of_the_list(seed: int) -> None:
    chance = random.Random(seed)
    waits = Counter(rounded_minutes(chance.expovariate(1 / 9000)) for _ in range(10 + seed))
    plain = plain_median(waits.elements())
    assert median(waits) == rounded_minutes(plain * 60)
    assert median(Counter({60: 9})) is None


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
