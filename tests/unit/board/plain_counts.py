"""What the figures must be, counted need by need, and what the tables hold of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board.bans import Ban
from board.cases import Case
from board.context import Board
from board.conversations import Conversation
from board.figures import EVERY, Figure, FigureWait
from board.listings import Listing, ListingCategory
from board.messages import Message
from board.outbox import OutboxRow
from board.outcomes import Outcome
from board.small_counts import Counts, rounded_minutes
from board.tallying import OBSERVED, monday
from board.tellings import Telling
from matcher.taxonomy import Kind
from tests.unit.board.needs import at_midnight

#: (week, country, category) → what was counted.
Figures: TypeAlias = dict[tuple[date, str, int], Counts]
#: All rows of each table that is counted.
Rows: TypeAlias = Mapping[type[Any], Sequence[Any]]

_TABLES = (
    Listing,
    ListingCategory,
    Conversation,
    Message,
    Outcome,
    OutboxRow,
    Telling,
    Case,
    Ban,
)


def plainly(session: Session, today: date) -> Figures:
    """The same as `tallying`, need by need, with no aggregate of SQL."""
    every = {model: session.scalars(sa.select(model)).all() for model in _TABLES}
    found: Figures = {}
    for listing in _on_the_board(every, today):
        week = monday(listing.opened_at.date())
        need = _need(every, listing, min(at_midnight(week + OBSERVED), at_midnight(today)))
        if need is None:
            continue
        of = [each.category for each in every[ListingCategory] if each.listing_id == listing.id]
        for category in (EVERY, *of):
            found.setdefault((week, listing.country, category), Counts()).add(need)
    return found


def _on_the_board(every: Rows, today: date) -> Iterator[Any]:
    """Requests of members that came before today, and that no moderator took down."""
    banned = {each.member_id for each in every[Ban] if each.lifted_at is None}
    refused = {
        each.subject_id
        for each in every[Case]
        if each.subject == "listing" and each.decision in ("refuse", "ban")
    }
    for listing in every[Listing]:
        if (
            listing.kind == Kind.REQUEST
            and not listing.demo
            and listing.status in ("open", "closed")
            and listing.opened_at is not None
            and listing.opened_at < at_midnight(today)
            and listing.member_id not in banned
            and listing.id not in refused
        ):
            yield listing


def _need(every: Rows, listing: Listing, until: datetime) -> Counts | None:
    """What had come of a request until a time; None where it was withdrawn unanswered."""
    answers = _answers(every, listing, until)
    gone = listing.closed_at
    if not answers and gone is not None and gone < listing.ends_at and gone < until:
        return None
    met = _done(every, listing, until) >= listing.places_needed
    need = Counts(1, int(bool(answers)), int(met), _told(every, listing, until))
    if answers:
        wait = min(answers) - listing.opened_at
        need.waits[rounded_minutes(wait.total_seconds())] = 1
    return need


def _answers(every: Rows, listing: Listing, until: datetime) -> list[datetime]:
    """When somebody wrote to the poster, and was read."""
    heard = {
        each.id
        for each in every[Conversation]
        if each.listing_id == listing.id and each.status != "pending"
    }
    return [
        each.created_at
        for each in every[Message]
        if each.conversation_id in heard
        and each.side == "answerer"
        and each.state == "sent"
        and not each.withheld
        and each.created_at < until
    ]


def _done(every: Rows, listing: Listing, until: datetime) -> int:
    """Places of a request that were taken, with the help given."""
    return sum(
        each.listing_id == listing.id and each.state == "done" and each.since < until
        for each in every[Outcome]
    )


def _told(every: Rows, listing: Listing, until: datetime) -> int:
    """Messages that told people of a request: its own, and those that told of several."""
    alone = sum(
        each.listing_id == listing.id
        and each.purpose == "match"
        and each.status == "sent"
        and each.done_at < until
        for each in every[OutboxRow]
    )
    return alone + sum(
        each.listing_id == listing.id and each.told_at is not None and each.told_at < until
        for each in every[Telling]
    )


def kept(session: Session) -> Figures:
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


def total(board: Board) -> Counts:
    """Everything that is kept, of each need once."""
    found = Counts()
    with board.db.read() as session:
        for (_, _, category), counts in kept(session).items():
            if category == EVERY:
                found.add(counts)
    return found
