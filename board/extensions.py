"""Still needed? Asked before a listing or a conversation ends; one click lets it go on.

A listing is asked for when a third of its time is left, at most three days before its end. Who
does not answer need do nothing: it ends by itself.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import audit, calls, conversations, links, messages, outbox
from board.checking import LONGEST
from board.conversations import Conversation, ConversationStatus, Side
from board.db import now
from board.errors import Invalid, NotAllowed, Problem
from board.i18n import N_
from board.listings import Listing, ListingView, Status
from board.members import Member
from board.organisations import PARTNER
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

ASKED_BEFORE = timedelta(days=3)
#: How much longer a listing stays after the click, by its kind.
EXTENSION_OF_REQUESTS = timedelta(days=14)
EXTENSION_OF_OFFERS = timedelta(days=60)
LONGER = {Kind.REQUEST: EXTENSION_OF_REQUESTS, Kind.OFFER: EXTENSION_OF_OFFERS}
_BATCH = 200


def moment_to_ask(starts_at: datetime, ends_at: datetime) -> datetime:
    """When to ask about something that lasts from one moment to the other."""
    return ends_at - min(ASKED_BEFORE, (ends_at - starts_at) / 3)


def schedule(listing: Listing, moment: datetime) -> None:
    """Note when to ask about a listing that is open as of `moment`."""
    if listing.member_id is not None and listing.kind != Kind.INFO:
        listing.ask_at = moment_to_ask(max(listing.starts_at, moment), listing.ends_at)


def ask(board: Board) -> int:
    """Write the mails that are due, some at a time; returns how many."""
    with board.db.write() as session:
        moment = now(session)
        rows = [_ask_about(session, board, each) for each in _due_listings(session, moment)]
        for conversation in _due_conversations(session, moment):
            rows += _ask_whether_it_goes_on(session, board, conversation)
    board.waker.wake(rows)
    return len(rows)


def extend(session: Session, listing: Listing) -> None:
    """Let a listing stay longer, in the unit that spends its link.

    Raises Invalid when it is over already, or where that is more than a post may have, and
    NotAllowed for official information, which its organisation alone extends.
    """
    if listing.kind == Kind.INFO:
        raise NotAllowed(PARTNER)
    moment = now(session)
    if listing.status != Status.OPEN or listing.ends_at <= moment:
        raise Invalid([Problem("until", N_("The time of this listing is over; post a new one."))])
    if _longest(Kind(listing.kind), listing.starts_at, listing.ends_at, moment) > LONGEST:
        raise Invalid([Problem("until", N_("A listing lasts a year at most."))])
    listing.ends_at += LONGER[Kind(listing.kind)]
    schedule(listing, moment)
    calls.look_now(session, listing.id)
    audit.record(
        session,
        "listing-extended",
        subject=Listing.__tablename__,
        subject_id=listing.id,
        member_id=listing.member_id,
    )


def days_to_add(view: ListingView, moment: datetime) -> int | None:
    """How many days `extend` would add; None where it would refuse."""
    if view.kind is Kind.INFO:
        return None
    longest = _longest(view.kind, view.starts_at, view.ends_at, moment)
    return LONGER[view.kind].days if view.state == "open" and longest <= LONGEST else None


def _longest(kind: Kind, starts_at: datetime, ends_at: datetime, moment: datetime) -> timedelta:
    """How long it would still last."""
    return ends_at + LONGER[kind] - max(starts_at, moment)


def keep_talking(session: Session, conversation: Conversation) -> None:
    """Let a conversation rest anew, in the unit that spends its link. Raises Invalid when over."""
    silence = conversations.silence(session, conversation, Side.POSTER)
    if silence is not None:
        raise Invalid([Problem("conversation", silence)])
    conversation.touch(now(session))


def close_rested(board: Board) -> int:
    """Close conversations that have rested too long, some at a time; returns how many."""
    with board.db.write() as session:
        rested = session.scalars(
            sa.select(Conversation)
            .where(
                Conversation.status == ConversationStatus.OPEN,
                Conversation.ends_at <= now(session),
            )
            .order_by(Conversation.ends_at)
            .limit(_BATCH)
        ).all()
        for conversation in rested:
            conversation.status, conversation.ask_at = ConversationStatus.CLOSED, None
        return len(rested)


def _due_listings(session: Session, moment: datetime) -> list[Listing]:
    query = (
        sa.select(Listing)
        .where(Listing.ask_at <= moment, Listing.status == Status.OPEN, Listing.ends_at > moment)
        .order_by(Listing.ask_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def _due_conversations(session: Session, moment: datetime) -> list[Conversation]:
    query = (
        sa.select(Conversation)
        .where(
            Conversation.ask_at <= moment,
            Conversation.status == ConversationStatus.OPEN,
            Conversation.ends_at > moment,
        )
        .order_by(Conversation.ask_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def _ask_about(session: Session, board: Board, listing: Listing) -> int:
    """The mail that asks whether a listing is still needed, with a link for yes and one for no."""
    member = session.get_one(Member, listing.member_id)
    address = conversations.address_hash(board, member)
    tokens = {
        "token": links.issue(session, links.EXTEND_LISTING, listing.id, address),
        "close": links.issue(session, links.CLOSE_LISTING, listing.id, address),
    }
    listing.ask_at = None
    return outbox.add(
        session,
        outbox.NewRow(
            purpose=outbox.STILL_NEEDED,
            once=f"still-needed:{listing.id}:{int(listing.ends_at.timestamp())}:email",
            listing_id=listing.id,
            member_id=member.id,
            locale=member.locale,
            payload=board.vault.seal(json.dumps(tokens)),
        ),
    )


def _ask_whether_it_goes_on(
    session: Session, board: Board, conversation: Conversation
) -> list[int]:
    """The mail to the poster; none where a moderator has let nothing pass to the poster yet."""
    conversation.ask_at = None
    if not messages.is_heard(session, conversation, Side.POSTER):
        return []
    member = session.get_one(Member, conversation.poster_id)
    address = conversations.address_hash(board, member)
    keep = links.issue(session, links.KEEP_TALKING, conversation.id, address)
    row = conversations.write_mail(
        session,
        board,
        conversation,
        Side.POSTER,
        outbox.STILL_TALKING,
        f"still-talking:{conversation.id}:{int(conversation.ends_at.timestamp())}",
        keep=keep,
    )
    return [row]
