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
from board.listings import Listing, Status
from board.members import Member
from matcher.listing import Query

if TYPE_CHECKING:
    from board.context import Board

#: How many waiting posters one new listing may be announced to.
COUNTERPARTS_TOLD = 50


@dataclass(frozen=True, slots=True)
class _Recipient:
    member_id: int
    locale: str
    #: The alert that is hit, or None where the recipient's own listing matches.
    alert_id: int | None


class _LeaseLost(Exception):
    """Somebody else tells; this unit must write nothing."""


def tell(board: Board, held: outbox.Claim) -> list[int]:
    """Write the mails that an opened listing causes, and end the event, in one unit.

    Returns the ids of the new rows. Asked twice it writes nothing twice.
    """
    listing_id = held.listing_id or 0
    recipients = _concerned(board, listing_id)
    try:
        with board.db.write() as session:
            rows = outbox.add_all(session, _rows(session, listing_id, recipients))
            if not outbox.finish(session, held, outbox.SENT):
                raise _LeaseLost
    except _LeaseLost:
        return []
    return rows


def _concerned(board: Board, listing_id: int) -> list[_Recipient]:
    """Members to tell, each once; an alert counts before an own listing."""
    with board.db.read() as session:
        listing = session.get(Listing, listing_id)
        moment = now(session)
        if listing is None or listing.status != Status.OPEN or listing.ends_at <= moment:
            return []
        row = listings.engine_listing(
            listing, listings.categories_of(session, [listing_id])[listing_id]
        )
    with board.index.asking(board.db) as copies:
        hit = [hit.alert_id for hit in copies.alerts.hits(row)]
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
    for start in range(0, len(ids), 500):
        rows = session.execute(
            sa.select(Member.id, Member.locale, Alert.id)
            .join(Alert, Alert.member_id == Member.id)
            .where(Alert.id.in_(ids[start : start + 500]), Alert.status == AlertStatus.ACTIVE)
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


def _rows(session: Session, listing_id: int, recipients: list[_Recipient]) -> list[outbox.NewRow]:
    """What the outbox does not hold yet."""
    prefix = f"match:{listing_id}:"
    known = set(
        session.scalars(
            sa.select(outbox.OutboxRow.once).where(
                outbox.OutboxRow.listing_id == listing_id,
                outbox.OutboxRow.purpose == outbox.MATCH,
            )
        )
    )
    return [
        outbox.NewRow(
            purpose=outbox.MATCH,
            once=once,
            listing_id=listing_id,
            alert_id=recipient.alert_id,
            member_id=recipient.member_id,
            locale=recipient.locale,
        )
        for recipient in recipients
        if (once := f"{prefix}{recipient.member_id}:email") not in known
    ]
