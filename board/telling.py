"""Whom a listing that has just opened concerns: standing alerts, and posters who wait.

One outbox row per listing, recipient and channel, whatever the number of reasons to write; or one
row of `tellings`, which waits for the digest. Each member is told once, and as they want to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import (
    blocks,
    listings,
    outbox,
    preferences,
    push_subscriptions,
    suspensions,
    tellings,
)
from board.alerts import Alert, AlertStatus
from board.db import now
from board.listings import Listing
from board.members import Member
from board.outbox import OutboxRow
from board.preferences import Preferences, PreferencesRow
from board.rhythms import ORDER, Rhythm
from board.tellings import NewTelling
from matcher.listing import Query
from matcher.taxonomy import Urgency

if TYPE_CHECKING:
    from board.context import Board

#: How many waiting posters one new listing may be announced to.
COUNTERPARTS_TOLD = 50
#: From this urgency of the side that asks on, a waiting poster is told at once.
AT_ONCE_FROM = Urgency.SOON
_BATCH = 500
#: So many rows keep other writers waiting for a tenth of a second.
_IN_ONE_UNIT = 1000
#: The time over which the weekly limit counts.
_WEEK: Final = timedelta(days=7)
#: Key of the advisory lock under which members' weeks are counted; any constant of our own.
_COUNTING_LOCK = 0x5465_6C6C


@dataclass(frozen=True, slots=True)
class _Recipient:
    member_id: int
    locale: str
    #: The alert that is hit, or None where the recipient's own listing matches.
    alert_id: int | None
    rhythm: Rhythm
    preferences: Preferences


@dataclass(frozen=True, slots=True)
class _News:
    """What is told."""

    listing_id: int
    urgency: int


def tell(board: Board, held: outbox.Claim) -> list[int]:
    """Write the mails that an opened listing causes, some in each unit, and end the event.

    Nobody waits long for the database meanwhile. Told again, after a worker died or lost its lease,
    nothing is written twice. Returns the ids of the new rows that are due.
    """
    news, recipients = _concerned(board, held.listing_id or 0)
    written: list[int] = []
    for start in range(0, max(len(recipients), 1), _IN_ONE_UNIT):
        part = recipients[start : start + _IN_ONE_UNIT]
        is_last = start + len(part) == len(recipients)
        with board.db.write() as session:
            goes_on = (
                outbox.finish(session, held, outbox.SENT) if is_last else outbox.hold(session, held)
            )
            if not goes_on:
                # Somebody else tells.
                return written
            written += _tell(session, board, news, part)
    return written


def _tell(
    session: Session, board: Board, news: _News, recipients: Sequence[_Recipient]
) -> list[int]:
    """Write to those who want to hear at once and may; let the others wait for their digest.

    Those from whom mails come back are told by push alone, or wait until a mail arrives again.
    """
    if not recipients:
        return []
    moment = now(session)
    away = suspensions.among(session, [each.member_id for each in recipients])
    at_once = [each.member_id for each in recipients if _hears_at_once(each, moment)]
    sent = _sent_within_a_week(session, at_once, moment)
    closed = tellings.closed(session, news.listing_id, [each.member_id for each in recipients])
    pushed = push_subscriptions.holders(
        session, board, [each.member_id for each in recipients if each.preferences.by_push]
    )
    due: list[outbox.NewRow] = []
    later: list[outbox.NewRow] = []
    waiting: list[NewTelling] = []
    for each in recipients:
        channels = _channels(each, pushed)
        if each.member_id in closed or not channels:
            continue
        free = sent.get(each.member_id, 0) < each.preferences.most_a_week
        reached = [name for name in channels if name != outbox.EMAIL or each.member_id not in away]
        if reached and free and _hears_at_once(each, moment):
            after = each.preferences.at_once(moment, news.urgency) - moment
            rows = [_row(news, each, channel, after) for channel in reached]
            (later if after else due).extend(rows)
        else:
            waiting.append(_waiting(news, each, moment))
    tellings.queue(session, waiting)
    outbox.add_missing(session, later)
    return outbox.add_missing(session, due)


def _hears_at_once(recipient: _Recipient, moment: datetime) -> bool:
    return recipient.rhythm is Rhythm.INSTANT and not recipient.preferences.is_paused(moment)


def _channels(recipient: _Recipient, pushed: set[int]) -> list[str]:
    """On which ways this member wants to be told, and can be."""
    by_push = [outbox.PUSH] if recipient.member_id in pushed else []
    return [outbox.EMAIL, *by_push] if recipient.preferences.by_email else by_push


def _row(news: _News, recipient: _Recipient, channel: str, after: timedelta) -> outbox.NewRow:
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


def _waiting(news: _News, recipient: _Recipient, moment: datetime) -> NewTelling:
    slow = Rhythm.DAILY if recipient.rhythm is Rhythm.INSTANT else recipient.rhythm
    due_at = recipient.preferences.in_digest(moment, slow)
    return NewTelling(recipient.member_id, news.listing_id, recipient.alert_id, due_at)


def _sent_within_a_week(
    session: Session, member_ids: Sequence[int], moment: datetime
) -> dict[int, int]:
    """How many listings each of these members was told of at once, on whatever channels.

    Those that wait for the end of the quiet hours count as well. Counting and writing are one for
    all workers: of two that tell at once, the second sees what the first has written.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_COUNTING_LOCK)))
    rows = session.execute(
        sa.select(OutboxRow.member_id, sa.func.count(sa.distinct(OutboxRow.listing_id)))
        .where(
            OutboxRow.member_id.in_(member_ids),
            OutboxRow.purpose == outbox.MATCH,
            OutboxRow.status.in_((outbox.PENDING, outbox.SENT)),
            OutboxRow.due_at > moment - _WEEK,
        )
        .group_by(OutboxRow.member_id)
    )
    return {member_id: count for member_id, count in rows if member_id is not None}


def _concerned(board: Board, listing_id: int) -> tuple[_News, list[_Recipient]]:
    """Members to tell, each once: the quickest of the reasons counts."""
    nobody = _News(listing_id, 0)
    with board.db.read() as session:
        listing = session.get(Listing, listing_id)
        moment = now(session)
        if listing is None or not listing.in_index or listing.ends_at <= moment:
            return nobody, []
        row = listings.engine_listing(
            listing, listings.categories_of(session, [listing_id])[listing_id]
        )
    with board.index.asking(board.db) as copies:
        # By id, so that of a member's alerts the oldest is named.
        hit = sorted(copies.alerts.hit_ids(row).tolist())
        query = Query(listing=row, now=int(moment.timestamp()), k=COUNTERPARTS_TOLD)
        matched = {match.id: match.urgency for match in copies.index.top_k(query)}
    found: dict[int, _Recipient] = {}
    with board.db.read() as session:
        apart = blocks.blocked_with(session, row.owner)
        for each in (*_alert_owners(session, hit), *_waiting_posters(session, matched)):
            known = found.get(each.member_id)
            if known is None or ORDER.index(each.rhythm) < ORDER.index(known.rhythm):
                found[each.member_id] = each
    for member_id in (*apart, row.owner):
        found.pop(member_id, None)
    return _News(listing_id, row.urgency), list(found.values())


def _members(*more: Any) -> sa.Select[Any]:
    """Members with how they want to be told, and these columns."""
    columns: tuple[Any, ...] = (Member.id, Member.locale, Member.time_zone, *preferences.COLUMNS)
    rows: sa.Select[Any] = sa.select(*columns, *more)
    return rows.outerjoin(PreferencesRow, PreferencesRow.member_id == Member.id)


def _recipient(row: Sequence[Any], alert_id: int | None, rhythm: Rhythm) -> _Recipient:
    member_id, locale, *chosen = row
    return _Recipient(member_id, locale, alert_id, rhythm, preferences.of_columns(*chosen))


def _alert_owners(session: Session, ids: list[int]) -> Iterable[_Recipient]:
    for start in range(0, len(ids), _BATCH):
        rows = session.execute(
            _members(Alert.id, Alert.rhythm)
            .join(Alert, Alert.member_id == Member.id)
            .where(Alert.id.in_(ids[start : start + _BATCH]), Alert.status == AlertStatus.ACTIVE)
            .order_by(Alert.id)
        )
        for *row, alert_id, rhythm in rows:
            yield _recipient(row, alert_id, Rhythm(rhythm))


def _waiting_posters(session: Session, urgencies: Mapping[int, int]) -> Iterable[_Recipient]:
    """Posters of listings that match: at once where the side that asks is in a hurry."""
    rows = session.execute(
        _members(Listing.id)
        .join(Listing, Listing.member_id == Member.id)
        .where(Listing.id.in_(urgencies), Listing.notify)
        .order_by(Member.id)
    )
    for *row, listing_id in rows:
        urgent = urgencies[listing_id] >= AT_ONCE_FROM
        yield _recipient(row, None, Rhythm.INSTANT if urgent else Rhythm.DAILY)
