"""Answering a listing: the first message, from which a conversation opens.

A guest's message waits until its writer's address is confirmed; a member's opens it at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import (
    audit,
    bans,
    blocks,
    consent,
    conversations,
    limits,
    links,
    listings,
    members,
    messages,
    outbox,
    outcomes,
)
from board.conversations import REST, Conversation, ConversationStatus, Side
from board.db import now
from board.errors import Invalid, NotAllowed, Problem
from board.i18n import LOCALES, N_
from board.listings import Listing, Status
from board.members import Member
from board.messages import TEXT_MAX, Message
from board.validation import Checks, email_address, required_text
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

CONTACT = "contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnswer:
    """A form that a guest sends."""

    email: str
    text: str
    locale: str = "fr"
    #: What is told of somebody's health may be kept and shown.
    health: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation that has just opened, for whoever opened it."""

    conversation: Conversation
    #: Opens it without signing in.
    token: str
    #: Outbox rows to wake.
    rows: list[int]


def can_be_answered(listing: listings.ListingView) -> bool:
    """Whether somebody stands behind this listing who can be written to.

    Where all places are taken, one can still ask to be put on the waiting list.
    """
    return (
        listing.state in ("open", "found")
        and listing.kind is not Kind.INFO
        and listing.source is None
        and not listing.demo
    )


def answer(
    board: Board, public_id: str, new: NewAnswer, visitor: limits.Visitor = limits.HOUSE
) -> None:
    """Keep a guest's message, and write the mail that asks for the confirmation.

    The answer is the same for known and unknown addresses. Raises ListingNotFound, NotAllowed
    where nobody can be written to, and Invalid.
    """
    email, text = _checked(new)
    health = consent.require(new.health, text)
    with board.db.write() as session:
        listing = listings.find(session, public_id)
        poster_id = _require_poster(listing, now(session))
        delay = limits.see(session, visitor, limits.ANSWER, None)
        address = links.address_hash(board.settings.secret_key, email)
        if not links.may_confirm(session, address):
            return
        conversation = _store(session, listing, poster_id, new.locale, email=email)
        _say_first(session, conversation, text)
        _agree(session, conversation, health)
        row = links.ask(
            session,
            board,
            links.CONFIRM_MESSAGE,
            conversation.id,
            email,
            new.locale,
            listing_id=listing.id,
            conversation_id=conversation.id,
            after=delay,
        )
    board.waker.wake([row])


def confirm(session: Session, board: Board, conversation: Conversation) -> Opened | None:
    """Open a guest's conversation and pass the message on, in the unit that spends its link.

    None when it is open already. Raises Invalid when the listing is no longer open, and NotAllowed
    when the member is banned.
    """
    if conversation.status != ConversationStatus.PENDING or conversation.pending_email is None:
        return None
    listing = session.get_one(Listing, conversation.listing_id)
    try:
        _require_poster(listing, now(session))
    except NotAllowed:
        message = N_("This listing is no longer open; your message was not sent.")
        raise Invalid([Problem("listing", message)]) from None
    member = members.confirmed(session, conversation.pending_email, conversation.locale)
    return _open(session, board, listing, conversation, member)


def answer_as_member(
    board: Board, public_id: str, member_id: int, text: str, locale: str, *, health: bool = False
) -> str:
    """Open a conversation for somebody who is signed in; returns its public id.

    Raises ListingNotFound, NotAllowed and Invalid as `answer` does.
    """
    checks = Checks()
    with checks.field("text"):
        text = required_text(text, max_length=TEXT_MAX, multiline=True)
    checks.done()
    health = consent.require(health, text)
    with board.db.write() as session:
        listing = listings.find(session, public_id)
        poster_id = _require_poster(listing, now(session))
        conversation = _store(session, listing, poster_id, locale, email=None)
        _say_first(session, conversation, text)
        _agree(session, conversation, health)
        member = session.get_one(Member, member_id)
        opened = _open(session, board, listing, conversation, member)
        found = opened.conversation.public_id
    board.waker.wake(opened.rows)
    return found


def _agree(session: Session, conversation: Conversation, health: bool) -> None:
    name = Conversation.__tablename__
    consent.record(session, subject=name, subject_id=conversation.id, health=health)


def _open(
    session: Session, board: Board, listing: Listing, conversation: Conversation, member: Member
) -> Opened:
    bans.require_none(session, member.id)
    if member.id == conversation.poster_id:
        raise Invalid([Problem("listing", N_("This is your own listing."))])
    first = session.scalars(
        sa.select(Message).where(Message.conversation_id == conversation.id)
    ).one()
    if conversation.poster_id in blocks.blocked_by(session, member.id):
        message = N_("You have blocked this person: nothing passes between you.")
        raise Invalid([Problem("listing", message)])
    known = _known(session, listing, member)
    if known is not None:
        # They write to each other already: the message goes there.
        rows = messages.say(session, board, known, Side.ANSWERER, first.text)
        session.delete(conversation)
        consent.move(session, Conversation.__tablename__, conversation.id, known.id, member.id)
        return Opened(known, conversations.issue_link(session, board, known, member), rows)
    conversation.status, conversation.answerer_id = ConversationStatus.OPEN, member.id
    conversation.pending_email = None
    consent.confirm(session, Conversation.__tablename__, conversation.id, member.id)
    conversation.touch(now(session))
    conversation.mark_read(Side.ANSWERER, first.id)
    first.withheld = conversations.apart(session, conversation)
    outcomes.propose(session, conversation)
    session.flush()
    audit.record(
        session,
        "conversation-opened",
        subject=Conversation.__tablename__,
        subject_id=conversation.id,
        member_id=member.id,
    )
    rows = [
        *messages.admit(session, board, conversation, first),
        conversations.write_mail(
            session,
            board,
            conversation,
            Side.ANSWERER,
            outbox.CONVERSATION_OPENED,
            f"conversation-opened:{conversation.id}",
        ),
    ]
    return Opened(
        conversation, conversations.issue_link(session, board, conversation, member), rows
    )


def _known(session: Session, listing: Listing, member: Member) -> Conversation | None:
    return session.scalar(
        sa.select(Conversation)
        .where(Conversation.listing_id == listing.id, Conversation.answerer_id == member.id)
        .with_for_update()
    )


def _store(
    session: Session, listing: Listing, poster_id: int, locale: str, *, email: str | None
) -> Conversation:
    moment = now(session)
    conversation = Conversation(
        listing_id=listing.id,
        poster_id=poster_id,
        status=ConversationStatus.PENDING,
        pending_email=email,
        locale=locale,
        poster_read=0,
        answerer_read=0,
        created_at=moment,
        active_at=moment,
        ends_at=moment + REST,
    )
    session.add(conversation)
    session.flush()
    return conversation


def _say_first(session: Session, conversation: Conversation, text: str) -> None:
    session.add(
        Message(
            conversation_id=conversation.id,
            side=Side.ANSWERER,
            kind=messages.MessageKind.WORDS,
            text=text,
            withheld=False,
            state=messages.MessageState.SENT,
            created_at=conversation.created_at,
        )
    )
    session.flush()


def _checked(new: NewAnswer) -> tuple[str, str]:
    """Address and text of a guest's form."""
    checks = Checks()
    email = text = ""
    with checks.field("email"):
        email = email_address(new.email)
    with checks.field("text"):
        text = required_text(new.text, max_length=TEXT_MAX, multiline=True)
    if new.locale not in LOCALES:
        checks.refuse(
            "locale", N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES)
        )
    checks.done()
    return email, text


def _require_poster(listing: Listing, moment: datetime) -> int:
    """Id of the member behind a listing that can be answered; raises NotAllowed."""
    answerable = (
        listing.status == Status.OPEN and listing.ends_at > moment and listing.kind != Kind.INFO
    )
    if not answerable or listing.member_id is None:
        raise NotAllowed(CONTACT)
    return listing.member_id
