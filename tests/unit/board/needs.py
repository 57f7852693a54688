"""Days of a board's clock, and needs: one that is met, or many of past weeks, by chance."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from board import outbox, outcomes
from board.bans import Ban
from board.cases import Case
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.listings import Listing, ListingCategory, ListingView
from board.members import Member
from board.messages import Message
from board.outbox import OutboxRow
from board.outcomes import Action, Outcome
from board.tellings import Telling
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


@pytest.fixture
def need(board: Board, make: Factory, today: date) -> ListingView:
    """A request of yesterday."""
    go_to(board, today - timedelta(days=1))
    view = make.open(categories=("medicine",))
    go_to(board, today)
    return view


def meet(board: Board, make: Factory, view: ListingView) -> None:
    """Answer a request, take the place, and be told that it is done."""
    seat = make.answered(view)
    for action in (Action.ACCEPT, Action.DONE):
        outcomes.decide(board, Seat(seat.conversation_id, Side.POSTER), action)


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
        listing = self._listing()
        for category in chance.sample([1, 2, 3], chance.choice([1, 2])):
            self._row(ListingCategory(listing_id=listing.id, category=category))
        if chance.random() < 0.15:
            self._case(listing)
        for answerer in chance.sample(self.members[1:], chance.choice([0, 1, 2])):
            self._conversation(listing, answerer)
        for way in range(chance.choice([0, 1, 3])):
            self._mail(listing, f"{number}:{way}")
        for member in chance.sample(self.members, 2):
            self._telling(listing, member)

    def _listing(self) -> Listing:
        chance = self.chance
        course = self._course()
        place, country = chance.choice([(AKWA, "CM"), (MARSEILLE, "FR")])
        return self._row(
            Listing(
                kind=chance.choice([Kind.REQUEST] * 6 + [Kind.OFFER]),
                title="Courses",
                locale="fr",
                region=place.region,
                cell=place.cell,
                country=country,
                places_needed=chance.choice([1, 1, 2]),
                places_taken=0,
                demo=chance.random() < 0.1,
                member_id=chance.choice(self.members).id,
                **course,
            )
        )

    def _course(self) -> dict[str, Any]:
        """When a listing came, how it stands, and when it ended or would end."""
        opened = self.some_time()
        status = self.chance.choice(["open", "open", "closed", "closed", "held", "pending"])
        ends = opened + timedelta(days=self.chance.choice([2, 20, 60]))
        closed = self.some_time(opened, 20) if status == "closed" else None
        return {
            "status": status,
            "created_at": opened,
            "opened_at": None if status == "pending" else opened,
            "starts_at": opened,
            "ends_at": max(ends, closed or ends),
            "closed_at": closed,
        }

    def _case(self, listing: Listing) -> None:
        self._row(
            Case(
                subject="listing",
                subject_id=listing.id,
                reasons=("contact",),
                opened_at=listing.created_at,
                decision=self.chance.choice(["refuse", "approve"]),
                decided_at=listing.created_at,
            )
        )

    def _conversation(self, listing: Listing, answerer: Member) -> None:
        chance = self.chance
        begun = self.some_time(listing.created_at, 15)
        conversation = self._row(
            Conversation(
                listing_id=listing.id,
                poster_id=listing.member_id,
                answerer_id=answerer.id,
                status=chance.choice(["open", "open", "closed", "pending"]),
                locale="fr",
                created_at=begun,
                active_at=begun,
                ends_at=begun + timedelta(days=30),
            )
        )
        for late in range(2):
            self._message(conversation, begun + timedelta(hours=late))
        self._outcome(conversation)

    def _message(self, conversation: Conversation, at: datetime) -> None:
        chance = self.chance
        self._row(
            Message(
                conversation_id=conversation.id,
                side=chance.choice(["answerer", "answerer", "poster"]),
                text="Bonjour",
                withheld=chance.random() < 0.2,
                state=chance.choice(["sent", "sent", "held"]),
                created_at=at,
            )
        )

    def _outcome(self, conversation: Conversation) -> None:
        self._row(
            Outcome(
                conversation_id=conversation.id,
                listing_id=conversation.listing_id,
                state=self.chance.choice(["done", "accepted", "not-done"]),
                step=1,
                since=self.some_time(conversation.created_at, 25),
            )
        )

    def _mail(self, listing: Listing, once: str) -> None:
        chance = self.chance
        self._row(
            OutboxRow(
                purpose=chance.choice([outbox.MATCH, outbox.MESSAGE]),
                channel="email",
                once=once,
                listing_id=listing.id,
                status=chance.choice(["sent", "sent", "dropped"]),
                due_at=listing.created_at,
                created_at=listing.created_at,
                done_at=self.some_time(listing.created_at, 30),
            )
        )

    def _telling(self, listing: Listing, member: Member) -> None:
        opened = listing.created_at
        told = self.some_time(opened, 30) if self.chance.random() < 0.5 else None
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
