"""Digests: what waits for a member, told together at a civil hour, once for each local day.

A digest is one mail; for who wants none, one push message.

Nothing is said twice: a row of `tellings` that was told stays so, and what had a mail of its own
is left out. Where nothing is left to say, no mail is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import outbox, preferences, push_subscriptions, suspensions
from board.db import now
from board.listings import Listing, Status
from board.members import Member
from board.outbox import OutboxRow
from board.preferences import Preferences, PreferencesRow
from board.tellings import Telling

if TYPE_CHECKING:
    from board.context import Board

#: Members whose digests one unit of work writes.
BATCH = 200
_BY_PUSH_ALONE = sa.exists().where(
    PreferencesRow.member_id == Telling.member_id, PreferencesRow.by_email.is_(False)
)
_WAITS = sa.and_(Telling.told_at.is_(None), Telling.declined_at.is_(None))


@dataclass(frozen=True, slots=True)
class _Reader:
    member_id: int
    locale: str
    preferences: Preferences

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.preferences.zone).date()

    def once(self, day: date, channel: str) -> str:
        return f"digest:{self.member_id}:{day.isoformat()}:{channel}"


def day_of(once: str) -> date:
    """The local day that a digest is of, by the name of its row in the outbox."""
    return date.fromisoformat(once.split(":")[2])


def write(board: Board) -> int:
    """Write the digests that are due, of some members; 0 when nobody's is due any more.

    Run twice or by two workers, it writes each once.
    """
    with board.db.write() as session:
        moment = now(session)
        readers = _due(session, moment)
        told = _told_today(session, readers, moment)
        hearing = [each for each in readers if not _postpone(session, each, moment, told)]
        rows = _written(session, board, hearing, moment)
        woken = outbox.add_missing(session, rows)
    board.waker.wake(woken)
    return len(readers)


def _due(session: Session, moment: datetime) -> list[_Reader]:
    """Members for whom something waits whose time has come."""
    waiting = (
        sa.select(Telling.member_id)
        .where(_WAITS, Telling.due_at <= moment)
        # Theirs waits until mail arrives again, unless they want no mail.
        .where(~sa.and_(suspensions.holds(Telling.member_id), ~_BY_PUSH_ALONE))
        .distinct()
    )
    rows = session.execute(
        sa.select(Member.id, Member.locale, Member.time_zone, *preferences.COLUMNS)
        .outerjoin(PreferencesRow, PreferencesRow.member_id == Member.id)
        .where(Member.id.in_(waiting.limit(BATCH)))
        .order_by(Member.id)
        # Of two workers, the second waits and then finds nothing that is due.
        .with_for_update(of=Member)
    )
    return [
        _Reader(member_id, locale, preferences.of_columns(*chosen))
        for member_id, locale, *chosen in rows
    ]


def _told_today(session: Session, readers: Sequence[_Reader], moment: datetime) -> set[int]:
    """Those who have had the digest of their local day."""
    names = {
        each.once(each.day(moment), channel): each.member_id
        for each in readers
        for channel in (outbox.EMAIL, outbox.PUSH)
    }
    return {names[once] for once in outbox.known(session, names)}


def _postpone(session: Session, reader: _Reader, moment: datetime, told: set[int]) -> bool:
    """Let this member's digest go out later, where it may not go out now."""
    chosen, told_today = reader.preferences, reader.member_id in told
    later = chosen.in_digest(moment) if told_today else chosen.at_once(moment, 0)
    due_at = max(later, chosen.paused_until or later)
    if due_at <= moment:
        return False
    session.execute(
        sa.update(Telling)
        .where(_due_of([reader], moment))
        .values(due_at=due_at)
        .execution_options(synchronize_session=False)
    )
    return True


def _written(
    session: Session, board: Board, readers: Sequence[_Reader], moment: datetime
) -> list[outbox.NewRow]:
    """The rows of the outbox, what they tell being noted as told."""
    told = _worth_telling(session, readers, moment)
    channels = _channels(session, board, readers)
    rows: list[outbox.NewRow] = []
    days: dict[date, list[int]] = {}
    for reader in readers:
        if reader.member_id not in told or reader.member_id not in channels:
            continue
        channel = channels[reader.member_id]
        day = reader.day(moment)
        days.setdefault(day, []).extend(told[reader.member_id])
        rows.append(
            outbox.NewRow(
                purpose=outbox.DIGEST,
                once=reader.once(day, channel),
                channel=channel,
                member_id=reader.member_id,
                locale=reader.locale,
            )
        )
    for day, ids in days.items():
        session.execute(
            sa.update(Telling)
            .where(Telling.id.in_(ids))
            .values(told_at=moment, told_on=day)
            .execution_options(synchronize_session=False)
        )
    _drop(session, readers, moment)
    return rows


def _channels(session: Session, board: Board, readers: Sequence[_Reader]) -> dict[int, str]:
    """Member → the way on which the digest goes, for those who can be told at all."""
    quiet = [
        each.member_id
        for each in readers
        if each.preferences.by_push and not each.preferences.by_email
    ]
    mailed = {each.member_id: outbox.EMAIL for each in readers if each.preferences.by_email}
    pushed = push_subscriptions.holders(session, board, quiet)
    return mailed | dict.fromkeys(pushed, outbox.PUSH)


def _worth_telling(
    session: Session, readers: Sequence[_Reader], moment: datetime
) -> dict[int, list[int]]:
    """Member → what is due, its listing still open, and without a mail of its own."""
    mailed = sa.exists().where(
        OutboxRow.member_id == Telling.member_id,
        OutboxRow.listing_id == Telling.listing_id,
        OutboxRow.purpose == outbox.MATCH,
        OutboxRow.status.in_((outbox.PENDING, outbox.SENT)),
    )
    rows = session.execute(
        sa.select(Telling.member_id, Telling.id)
        .join(Listing, Listing.id == Telling.listing_id)
        .where(_due_of(readers, moment), ~mailed)
        .where(Listing.status == Status.OPEN, Listing.ends_at > moment)
        .order_by(Telling.id)
    )
    found: dict[int, list[int]] = {}
    for member_id, telling_id in rows:
        found.setdefault(member_id, []).append(telling_id)
    return found


def _drop(session: Session, readers: Sequence[_Reader], moment: datetime) -> None:
    """Forget what was due and is not worth telling any more."""
    session.execute(
        sa.delete(Telling)
        .where(_due_of(readers, moment))
        .execution_options(synchronize_session=False)
    )


def _due_of(readers: Iterable[_Reader], moment: datetime) -> sa.ColumnElement[bool]:
    members = Telling.member_id.in_([each.member_id for each in readers])
    return sa.and_(_WAITS, Telling.due_at <= moment, members)
