"""Digests: what waits for a member, in one mail at a civil hour, once for each local day.

Nothing is said twice: a row of `tellings` that was told stays so, and what had a mail of its own
is left out. Where nothing is left to say, no mail is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from board import outbox, preferences
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
_WAITS = sa.and_(Telling.told_at.is_(None), Telling.declined_at.is_(None))


@dataclass(frozen=True, slots=True)
class _Reader:
    member_id: int
    locale: str
    preferences: Preferences

    def once(self, day: date) -> str:
        return f"digest:{self.member_id}:{day.isoformat()}:email"


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
        hearing = [each for each in readers if _postponed(session, each, moment) is None]
        rows = _written(session, hearing, moment)
        woken = outbox.add_missing(session, rows)
    board.waker.wake(woken)
    return len(readers)


def _due(session: Session, moment: datetime) -> list[_Reader]:
    """Members for whom something waits whose time has come."""
    waiting = sa.select(Telling.member_id).where(_WAITS, Telling.due_at <= moment).distinct()
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


def _postponed(session: Session, reader: _Reader, moment: datetime) -> datetime | None:
    """When this member's digest goes out instead, where it may not go out now."""
    chosen = reader.preferences
    told_today = outbox.is_known(session, reader.once(moment.astimezone(chosen.zone).date()))
    if not told_today and not chosen.is_paused(moment) and chosen.at_once(moment, 0) == moment:
        return None
    later = chosen.in_digest(moment) if told_today else chosen.at_once(moment, 0)
    due_at = max(later, chosen.paused_until or later)
    _update(session, [reader], moment, due_at=due_at)
    return due_at


def _written(session: Session, readers: Sequence[_Reader], moment: datetime) -> list[outbox.NewRow]:
    """The rows of the outbox, what they tell being noted as told."""
    told = _worth_telling(session, readers, moment)
    rows: list[outbox.NewRow] = []
    days: dict[date, list[int]] = {}
    for reader in readers:
        if reader.member_id not in told or not reader.preferences.by_email:
            continue
        day = moment.astimezone(reader.preferences.zone).date()
        days.setdefault(day, []).extend(told[reader.member_id])
        rows.append(
            outbox.NewRow(
                purpose=outbox.DIGEST,
                once=reader.once(day),
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


def _drop(session: Session, readers: Sequence[_Reader], moment: datetime) -> int:
    """Forget what was due and is not worth telling any more."""
    gone = session.execute(
        sa.delete(Telling).where(_due_of(readers, moment)),
        execution_options={"synchronize_session": False},
    )
    return cast(CursorResult[Any], gone).rowcount


def _update(
    session: Session, readers: Sequence[_Reader], moment: datetime, **values: object
) -> None:
    session.execute(
        sa.update(Telling)
        .where(_due_of(readers, moment))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _due_of(readers: Iterable[_Reader], moment: datetime) -> sa.ColumnElement[bool]:
    members = Telling.member_id.in_([each.member_id for each in readers])
    return sa.and_(_WAITS, Telling.due_at <= moment, members)
