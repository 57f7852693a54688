"""Tells members of a listing that has opened, each once, and as they want to be told.

One outbox row per listing, recipient and channel, whatever the number of reasons to write; or one
row of `tellings`, which waits for the digest. Requests go by waves; all else is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import outbox, push_subscriptions, recipients, suspensions, tellings
from board.db import now, one_of
from board.outbox import OutboxRow
from board.recipients import News, Recipient
from board.rhythms import Rhythm
from board.tellings import NewTelling

if TYPE_CHECKING:
    from board.context import Board

#: So many rows keep other writers waiting for a tenth of a second.
IN_ONE_UNIT: Final = 1000
#: The time over which the weekly limit counts.
WEEK: Final = timedelta(days=7)
#: Key of the advisory lock under which members' weeks are counted; any constant of our own.
_COUNTING_LOCK = 0x5465_6C6C


@dataclass(frozen=True, slots=True)
class Hearing:
    """A recipient who wants to be told of a listing."""

    recipient: Recipient
    #: On which it can be told at once; none while mails come back and there is no other.
    channels: tuple[str, ...]
    #: Listings told at once in the last seven days.
    told_week: int

    def now(self, moment: datetime) -> bool:
        """Whether a message of its own may be written now, the weekly limit kept."""
        free = self.told_week < self.recipient.preferences.most_a_week
        return free and self.may_hear_at_once(moment)

    def may_hear_at_once(self, moment: datetime) -> bool:
        """The same without the weekly limit."""
        return bool(self.channels) and self.recipient.hears_at_once(moment)


def tell(board: Board, held: outbox.Claim) -> list[int]:
    """Write what an opened listing causes, some in each unit, and end the event.

    Nobody waits long for the database meanwhile. Told again, after a worker died or lost its lease,
    nothing is written twice. Returns the ids of the new rows that are due.
    """
    return tell_all(board, held, *recipients.concerned(board, held.listing_id or 0))


def tell_all(board: Board, held: outbox.Claim, news: News, found: Sequence[Recipient]) -> list[int]:
    """As `tell`, of what is known already."""
    written: list[int] = []
    for part, is_last in in_units(found):
        with board.db.write() as session:
            goes_on = (
                outbox.finish(session, held, outbox.SENT) if is_last else outbox.hold(session, held)
            )
            if not goes_on:
                # Somebody else tells.
                return written
            heard = hearing(session, board, news, part)
            moment = now(session)
            wait(session, news, [each for each in heard if not each.now(moment)])
            written += write(session, news, [each for each in heard if each.now(moment)])
    return written


def in_units(found: Sequence[Recipient]) -> Iterator[tuple[Sequence[Recipient], bool]]:
    """Parts of what one unit of work writes, and whether it is the last; at least one."""
    for start in range(0, max(len(found), 1), IN_ONE_UNIT):
        part = found[start : start + IN_ONE_UNIT]
        yield part, start + len(part) == len(found)


def hearing(
    session: Session,
    board: Board,
    news: News,
    found: Sequence[Recipient],
    *,
    to_write: bool = True,
) -> list[Hearing]:
    """Those who can be told of this listing: they want to be, on some channel, and were not.

    `to_write`: counting and writing are one for all workers. Of two that tell at once, the second
    waits here, and sees what the first has written.
    """
    if not found:
        return []
    moment = now(session)
    ids = [each.member_id for each in found]
    at_once = [each.member_id for each in found if each.hears_at_once(moment)]
    if to_write and session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_COUNTING_LOCK)))
    sent = _sent_within_a_week(session, at_once, moment)
    closed = tellings.closed(session, news.listing_id, ids)
    pushed = push_subscriptions.holders(
        session, board, [each.member_id for each in found if each.preferences.by_push]
    )
    away = suspensions.among(session, ids)
    heard = []
    for each in found:
        wanted = _channels(each, pushed)
        if not wanted or each.member_id in closed:
            continue
        # By push alone while mails come back.
        usable = tuple(
            name for name in wanted if name != outbox.EMAIL or each.member_id not in away
        )
        heard.append(Hearing(each, usable, sent.get(each.member_id, 0)))
    return heard


def write(session: Session, news: News, heard: Sequence[Hearing]) -> list[int]:
    """Messages of their own, on each channel; ids of the rows that are due now."""
    moment = now(session)
    due: list[outbox.NewRow] = []
    later: list[outbox.NewRow] = []
    for each in heard:
        after = each.recipient.preferences.at_once(moment, news.urgency) - moment
        rows = [_row(news, each.recipient, channel, after) for channel in each.channels]
        (later if after else due).extend(rows)
    outbox.add_missing(session, later)
    return outbox.add_missing(session, due)


def wait(session: Session, news: News, heard: Sequence[Hearing]) -> None:
    """Let these wait for their digest."""
    moment = now(session)
    tellings.queue(session, [_waiting(news, each.recipient, moment) for each in heard])


def _channels(recipient: Recipient, pushed: set[int]) -> tuple[str, ...]:
    """On which ways this member wants to be told, and can be."""
    by_email = (outbox.EMAIL,) if recipient.preferences.by_email else ()
    return (*by_email, outbox.PUSH) if recipient.member_id in pushed else by_email


def _row(news: News, recipient: Recipient, channel: str, after: timedelta) -> outbox.NewRow:
    return outbox.NewRow(
        purpose=outbox.MATCH,
        once=f"match:{news.listing_id}:{recipient.member_id}:{channel}",
        channel=channel,
        listing_id=news.listing_id,
        alert_id=recipient.alert_id,
        member_id=recipient.member_id,
        locale=recipient.locale,
        after=after,
    )


def _waiting(news: News, recipient: Recipient, moment: datetime) -> NewTelling:
    slow = Rhythm.DAILY if recipient.rhythm is Rhythm.INSTANT else recipient.rhythm
    due_at = recipient.preferences.in_digest(moment, slow)
    return NewTelling(recipient.member_id, news.listing_id, recipient.alert_id, due_at)


def _sent_within_a_week(
    session: Session, member_ids: Sequence[int], moment: datetime
) -> dict[int, int]:
    """How many listings each of these members was told of at once, on whatever channels.

    Those that wait for the end of the quiet hours count as well.
    """
    rows = session.execute(
        sa.select(OutboxRow.member_id, sa.func.count(sa.distinct(OutboxRow.listing_id)))
        .where(
            one_of(session, OutboxRow.member_id, member_ids),
            OutboxRow.purpose == outbox.MATCH,
            OutboxRow.status.in_((outbox.PENDING, outbox.SENT)),
            OutboxRow.due_at > moment - WEEK,
        )
        .group_by(OutboxRow.member_id)
    )
    return {member_id: count for member_id, count in rows if member_id is not None}
