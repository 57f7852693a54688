"""Whom a listing that has just opened concerns: standing alerts, and posters who wait.

One outbox row per listing, recipient and channel, whatever the number of reasons to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import blocks, listings, outbox
from board.alerts import Alert, AlertStatus
from board.db import now
from board.listings import Listing
from board.members import Member
from matcher.listing import Query

if TYPE_CHECKING:
    from board.context import Board

#: How many waiting posters one new listing may be announced to.
COUNTERPARTS_TOLD = 50
_BATCH = 500
#: So many rows keep other writers waiting for a tenth of a second.
_IN_ONE_UNIT = 1000


@dataclass(frozen=True, slots=True)
class _Recipient:
    member_id: int
    locale: str
    #: The alert that is hit, or None where the recipient's own listing matches.
    alert_id: int | None


def tell(board: Board, held: outbox.Claim) -> list[int]:
    """Write the mails that an opened listing causes, some in each unit, and end the event.

    Nobody waits long for the database meanwhile. Told again, after a worker died or lost its lease,
    nothing is written twice. Returns the ids of the new rows.
    """
    listing_id = held.listing_id or 0
    rows = _rows(listing_id, _concerned(board, listing_id))
    written: list[int] = []
    for start in range(0, max(len(rows), 1), _IN_ONE_UNIT):
        part = rows[start : start + _IN_ONE_UNIT]
        is_last = start + len(part) == len(rows)
        with board.db.write() as session:
            goes_on = (
                outbox.finish(session, held, outbox.SENT) if is_last else outbox.hold(session, held)
            )
            if not goes_on:
                # Somebody else tells.
                return written
            written += outbox.add_missing(session, part)
    return written


def _concerned(board: Board, listing_id: int) -> list[_Recipient]:
    """Members to tell, each once; an alert counts before an own listing."""
    with board.db.read() as session:
        listing = session.get(Listing, listing_id)
        moment = now(session)
        if listing is None or not listing.in_index or listing.ends_at <= moment:
            return []
        row = listings.engine_listing(
            listing, listings.categories_of(session, [listing_id])[listing_id]
        )
    with board.index.asking(board.db) as copies:
        # By id, so that of a member's alerts the oldest is named.
        hit = sorted(copies.alerts.hit_ids(row).tolist())
        query = Query(listing=row, now=int(moment.timestamp()), k=COUNTERPARTS_TOLD)
        matched = [match.id for match in copies.index.top_k(query)]
    found: dict[int, _Recipient] = {}
    with board.db.read() as session:
        apart = blocks.blocked_with(session, row.owner)
        for recipient in (*_alert_owners(session, hit), *_waiting_posters(session, matched)):
            if recipient.member_id not in apart:
                found.setdefault(recipient.member_id, recipient)
    found.pop(row.owner, None)
    return list(found.values())


def _alert_owners(session: Session, ids: list[int]) -> list[_Recipient]:
    owners: list[_Recipient] = []
    for start in range(0, len(ids), _BATCH):
        rows = session.execute(
            sa.select(Member.id, Member.locale, Alert.id)
            .join(Alert, Alert.member_id == Member.id)
            .where(Alert.id.in_(ids[start : start + _BATCH]), Alert.status == AlertStatus.ACTIVE)
            .order_by(Alert.id)
        )
        owners += [_Recipient(*row) for row in rows]
    return owners


def _waiting_posters(session: Session, ids: list[int]) -> list[_Recipient]:
    rows = session.execute(
        sa.select(Member.id, Member.locale)
        .join(Listing, Listing.member_id == Member.id)
        .where(Listing.id.in_(ids), Listing.notify)
        .order_by(Member.id)
    )
    return [_Recipient(member_id, locale, None) for member_id, locale in rows]


def _rows(listing_id: int, recipients: list[_Recipient]) -> list[outbox.NewRow]:
    return [
        outbox.NewRow(
            purpose=outbox.MATCH,
            once=f"match:{listing_id}:{recipient.member_id}:email",
            listing_id=listing_id,
            alert_id=recipient.alert_id,
            member_id=recipient.member_id,
            locale=recipient.locale,
        )
        for recipient in recipients
    ]
