"""Counts needs once a day, as things stood when the day (UTC) began.

A need is a request of a member that was on the board. Those of one week are looked at until three
weeks after it has ended, and then never again: their figures stay when the listings are forgotten,
which happens no sooner than 30 days after a listing has come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import cases, unmet
from board.bans import Ban
from board.cases import Case, Decision
from board.conversations import Conversation, ConversationStatus, Side
from board.db import Database, now
from board.figures import EVERY, CountedDay, Figure, FigureWait, insert, lock, parts
from board.listings import VISIBLE, Listing, ListingCategory, Status
from board.messages import Message, passed
from board.outbox import MATCH, SENT, OutboxRow
from board.outcomes import Outcome, State
from board.small_counts import Counts, rounded_minutes
from board.tellings import Telling

if TYPE_CHECKING:
    from board.context import Board

WEEK: Final = timedelta(days=7)
#: From the beginning of a week until its figures change no more.
OBSERVED: Final = timedelta(days=28)

_Query: TypeAlias = sa.Select[*tuple[Any, ...]]

#: (country, category) → what was counted of a week.
Tally: TypeAlias = Mapping[tuple[str, int], Counts]


def monday(day: date) -> date:
    """The first day of the ISO week."""
    return day - timedelta(days=day.weekday())


def count(board: Board) -> bool:
    """Count what can still change, if the day was not counted yet; whether that was done."""
    with board.db.read() as session:
        today = now(session).date()
        last = session.scalar(sa.select(sa.func.max(CountedDay.day)))
    if last is not None and last >= today:
        return False
    week = monday((last or today) - OBSERVED) + WEEK
    while week <= today:
        with board.db.read() as session:
            tally = of_week(session, week, today)
        write_week(board.db, week, tally)
        week += WEEK
    unmet.count(board)
    with board.db.write() as session:
        lock(session)
        session.execute(sa.delete(CountedDay))
        session.add(CountedDay(day=today))
    return True


def write_week(db: Database, week: date, tally: Tally, *, demo: bool = False) -> None:
    """Put the figures of one week in the place of what was counted of it before.

    Countries are replaced some in each unit of work.
    """
    figures, waits = [], []
    for (country, category), counts in sorted(tally.items()):
        key = {"demo": demo, "week": week, "country": country, "category": category}
        sums = {name: getattr(counts, name) for name in ("requests", "answered", "met", "messages")}
        figures.append({**key, **sums})
        waits += [
            {**key, "minutes": minutes, "answers": answers}
            for minutes, answers in counts.waits.items()
        ]
    for model, rows in ((Figure, figures), (FigureWait, waits)):
        of_week = (model.demo.is_(demo), model.week == week)
        here = {row["country"] for row in rows}
        with db.write() as session:
            lock(session)
            session.execute(sa.delete(model).where(*of_week, model.country.not_in(here)))
        for part in parts(rows, "country"):
            countries = {row["country"] for row in part}
            with db.write() as session:
                lock(session)
                session.execute(sa.delete(model).where(*of_week, model.country.in_(countries)))
                insert(session, model, part)


def of_week(session: Session, week: date, today: date) -> Tally:
    """The needs that were published in a week, as things stood when `today` began."""
    until = unmet.midnight(min(week + OBSERVED, today))
    needs = _needs(unmet.midnight(week), min(unmet.midnight(week + WEEK), until))
    ids = needs.with_only_columns(Listing.id)
    answers = _by_listing(session, _first_answers(ids, until))
    done = _by_listing(session, _done(ids, until))
    messages: dict[int, int] = defaultdict(int)
    for query in (_mailed(ids, until), _in_digests(ids, until)):
        for listing_id, sent in session.execute(query):
            messages[listing_id] += sent
    categories = _categories(session, ids)
    tally: dict[tuple[str, int], Counts] = defaultdict(Counts)
    for row in session.execute(needs):
        answer = answers.get(row.id)
        if answer is None and _was_withdrawn(row, until):
            continue
        need = Counts(requests=1, messages=messages.get(row.id, 0))
        need.met = int(done.get(row.id, 0) >= row.places_needed)
        if answer is not None:
            need.answered = 1
            need.waits[rounded_minutes((answer - row.opened_at).total_seconds())] = 1
        for category in (EVERY, *categories[row.id]):
            tally[row.country, category].add(need)
    return tally


def _needs(begin: datetime, end: datetime) -> _Query:
    """Requests of members that came onto the board in a time, and that no moderator took down."""
    refused = sa.exists().where(
        Case.subject == cases.LISTING,
        Case.subject_id == Listing.id,
        Case.decision.in_((Decision.REFUSE, Decision.BAN)),
    )
    banned = sa.exists().where(Ban.member_id == Listing.member_id, Ban.lifted_at.is_(None))
    return sa.select(
        Listing.id,
        Listing.country,
        Listing.opened_at,
        Listing.places_needed,
        Listing.status,
        Listing.closed_at,
        Listing.ends_at,
    ).where(
        Listing.opened_at >= begin,
        Listing.opened_at < end,
        Listing.status.in_(VISIBLE),
        *unmet.of_members(),
        ~refused,
        ~banned,
    )


def _was_withdrawn(row: Any, until: datetime) -> bool:
    """Whether it was taken down before its time was over; nobody had answered."""
    gone = row.status == Status.CLOSED and row.closed_at is not None
    return bool(gone and row.closed_at < min(row.ends_at, until))


def _first_answers(ids: sa.Select[int], until: datetime) -> _Query:
    """(listing, moment) of the first message that has reached the poster."""
    return (
        sa.select(Conversation.listing_id, sa.func.min(Message.created_at))
        .join(Message, Message.conversation_id == Conversation.id)
        .where(
            Conversation.listing_id.in_(ids),
            Conversation.status != ConversationStatus.PENDING,
            Message.side == Side.ANSWERER,
            Message.created_at < until,
            passed(),
        )
        .group_by(Conversation.listing_id)
    )


def _done(ids: sa.Select[int], until: datetime) -> _Query:
    """(listing, number) of the exchanges of which the poster said that they are done."""
    return (
        sa.select(Outcome.listing_id, sa.func.count())
        .where(Outcome.listing_id.in_(ids), Outcome.state == State.DONE, Outcome.since < until)
        .group_by(Outcome.listing_id)
    )


def _mailed(ids: sa.Select[int], until: datetime) -> _Query:
    """(listing, number) of mails and notifications that told of this listing alone."""
    return (
        sa.select(OutboxRow.listing_id, sa.func.count())
        .where(
            OutboxRow.listing_id.in_(ids),
            OutboxRow.purpose == MATCH,
            OutboxRow.status == SENT,
            OutboxRow.done_at < until,
        )
        .group_by(OutboxRow.listing_id)
    )


def _in_digests(ids: sa.Select[int], until: datetime) -> _Query:
    """(listing, number) of digests that named it."""
    return (
        sa.select(Telling.listing_id, sa.func.count())
        .where(Telling.listing_id.in_(ids), Telling.told_at < until)
        .group_by(Telling.listing_id)
    )


def _by_listing(session: Session, query: _Query) -> dict[int, Any]:
    return {row[0]: row[1] for row in session.execute(query)}


def _categories(session: Session, ids: sa.Select[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    rows = sa.select(ListingCategory.listing_id, ListingCategory.category)
    for listing_id, category in session.execute(rows.where(ListingCategory.listing_id.in_(ids))):
        found[listing_id].append(category)
    return found
