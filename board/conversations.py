"""Conversations: two members write to each other about one listing.

Neither sees the other's address: messages are read here, or travel by mail under a reply address
of the board's own. How one begins is in `answering`, what is said in `messages`, what comes of it
in `outcomes`, what pages show in `inbox`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import blocks, links, outbox
from board.db import Base, BigId, UTCDateTime, new_public_id, now
from board.errors import ConversationNotFound, LinkRefused
from board.i18n import N_
from board.links import Link
from board.listings import Listing, Status
from board.members import Member

if TYPE_CHECKING:
    from board.context import Board

#: Without a word for this long, a conversation closes by itself …
REST = timedelta(days=30)
#: … and so long before that, its poster is asked whether it goes on.
ASKED_BEFORE = timedelta(days=3)
#: How long people can go on writing when the listing is over.
WRITABLE_AFTER = timedelta(days=14)


class Side(StrEnum):
    """Where somebody sits."""

    #: Whoever posted the listing.
    POSTER = "poster"
    #: Whoever answered it.
    ANSWERER = "answerer"

    @property
    def other(self) -> Side:
        return Side.ANSWERER if self is Side.POSTER else Side.POSTER


class ConversationStatus(StrEnum):
    """Pending until the first message is confirmed; closed ones can still be read."""

    PENDING = "pending"
    OPEN = "open"
    CLOSED = "closed"


class Conversation(Base):
    """Two members and a listing; there is one for each three."""

    __tablename__ = "conversations"
    __table_args__ = (
        sa.CheckConstraint("status IN ('pending', 'open', 'closed')", name="status"),
        sa.CheckConstraint("status = 'pending' OR answerer_id IS NOT NULL", name="answered"),
        sa.UniqueConstraint(
            "listing_id", "answerer_id", name="uq_conversations_listing_id_answerer_id"
        ),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=new_public_id)
    listing_id: Mapped[int] = mapped_column(sa.ForeignKey("listings.id", ondelete="CASCADE"))
    poster_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    answerer_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"),
        index=True,
        comment="null until it is confirmed",
    )
    status: Mapped[str] = mapped_column(sa.String(8), default=ConversationStatus.PENDING)
    pending_email: Mapped[str | None] = mapped_column(
        sa.String(254), comment="until it is confirmed; then the member's"
    )
    locale: Mapped[str] = mapped_column(sa.String(8))
    poster_read: Mapped[int] = mapped_column(
        sa.BigInteger, default=0, comment="last message the poster read"
    )
    answerer_read: Mapped[int] = mapped_column(
        sa.BigInteger, default=0, comment="last message the answerer read"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    active_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ask_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime, index=True, comment="when to ask whether it goes on; null once asked"
    )
    ends_at: Mapped[datetime] = mapped_column(
        UTCDateTime, index=True, comment="when it closes by itself"
    )

    def member_id(self, side: Side) -> int | None:
        """Who sits on this side; None while the answerer's address is unconfirmed."""
        return self.poster_id if side is Side.POSTER else self.answerer_id

    def read_by(self, side: Side) -> int:
        """Id of the last message that this side has read."""
        return self.poster_read if side is Side.POSTER else self.answerer_read

    def mark_read(self, side: Side, message_id: int) -> None:
        """Note that this side has read up to this message; never goes back."""
        if side is Side.POSTER:
            self.poster_read = max(self.poster_read, message_id)
        else:
            self.answerer_read = max(self.answerer_read, message_id)

    def touch(self, moment: datetime) -> None:
        """Somebody did something: the time of rest begins anew."""
        self.active_at, self.ends_at = moment, moment + REST
        self.ask_at = self.ends_at - ASKED_BEFORE


@dataclass(frozen=True, slots=True)
class Seat:
    """One side of one conversation: what somebody who reads or writes has proved to hold."""

    conversation_id: int
    side: Side


def seat_of_member(board: Board, public_id: str, member_id: int) -> Seat:
    """Where this member sits; raises ConversationNotFound for the conversations of others too."""
    with board.db.read() as session:
        conversation = session.scalar(
            sa.select(Conversation).where(
                Conversation.public_id == public_id,
                Conversation.status != ConversationStatus.PENDING,
            )
        )
        for side in Side:
            if conversation is not None and conversation.member_id(side) == member_id:
                return Seat(conversation.id, side)
    raise ConversationNotFound(public_id)


def seat_of_link(board: Board, token: str) -> Seat:
    """Where whoever holds this mailed link sits; raises LinkRefused."""
    with board.db.read() as session:
        link = links.find(session, token)
        if link.purpose != links.CONVERSATION:
            raise LinkRefused("unknown")
        return _seat_of(session, board, link)


def _seat_of(session: Session, board: Board, link: Link) -> Seat:
    """The side whose address the link was mailed to."""
    conversation = session.get(Conversation, link.subject_id)
    for side in Side:
        member_id = None if conversation is None else conversation.member_id(side)
        if conversation is None or member_id is None:
            continue
        member = session.get_one(Member, member_id)
        if address_hash(board, member) == link.address_hash:
            return Seat(conversation.id, side)
    raise LinkRefused("unknown")


def seat_of_reply_token(session: Session, board: Board, token: str) -> Seat | None:
    """Where whoever writes to this reply address sits; None for an address that is none."""
    number = board.vault.reply_conversation(token)
    conversation = None if number is None else session.get(Conversation, number)
    if conversation is None or conversation.status == ConversationStatus.PENDING:
        return None
    for side in Side:
        member_id = conversation.member_id(side)
        if member_id is not None and board.vault.is_reply_token(token, conversation.id, member_id):
            return Seat(conversation.id, side)
    return None


def reply_address(board: Board, conversation_id: int, member_id: int) -> str:
    """Whoever is this member writes to this address to say something in the conversation."""
    token = board.vault.reply_token(conversation_id, member_id)
    return f"c+{token}@{board.settings.mail_domain}"


def apart(session: Session, conversation: Conversation) -> bool:
    """Whether one of the two has blocked the other."""
    answerer_id = conversation.answerer_id
    return answerer_id is not None and blocks.between(session, conversation.poster_id, answerer_id)


def silence(session: Session, conversation: Conversation, side: Side) -> str | None:
    """Why this side cannot write here any more, as a msgid; None while it can.

    A block silences whoever made it; the other side is not told of it.
    """
    moment = now(session)
    own, others = conversation.member_id(side), conversation.member_id(side.other)
    if own is not None and others in blocks.blocked_by(session, own):
        return N_("You have blocked this person: nothing passes between you.")
    if conversation.status == ConversationStatus.CLOSED and conversation.ends_at > moment:
        return N_("This conversation was closed. It can still be read.")
    if conversation.status != ConversationStatus.OPEN or conversation.ends_at <= moment:
        return N_("This conversation has rested for a month and is closed. It can still be read.")
    listing = session.get_one(Listing, conversation.listing_id)
    if listing.status == Status.HELD:
        return N_("Somebody looks at this listing first. Until then the conversation can be read.")
    if (listing.closed_at or listing.ends_at) + WRITABLE_AFTER <= moment:
        return N_("The listing has been over for two weeks. The conversation can still be read.")
    return None


def block(board: Board, seat: Seat) -> None:
    """Let nothing pass any more between the two; the other side is not told."""
    with board.db.write() as session:
        conversation = session.get(Conversation, seat.conversation_id)
        if conversation is None:
            raise ConversationNotFound(seat.conversation_id)
        own, others = (conversation.member_id(side) for side in (seat.side, seat.side.other))
        if own is not None and others is not None:
            blocks.block(session, own, others)


def close_all(session: Session, member_id: int) -> None:
    """Close every conversation of a member, on either side; what was said can still be read."""
    session.execute(
        sa.update(Conversation)
        .where(
            sa.or_(Conversation.poster_id == member_id, Conversation.answerer_id == member_id),
            Conversation.status == ConversationStatus.OPEN,
        )
        .values(status=ConversationStatus.CLOSED, ask_at=None)
    )


def issue_link(session: Session, board: Board, conversation: Conversation, member: Member) -> str:
    """A token that opens this conversation to this member, without signing in."""
    return links.issue(session, links.CONVERSATION, conversation.id, address_hash(board, member))


def write_mail(
    session: Session,
    board: Board,
    conversation: Conversation,
    side: Side,
    purpose: str,
    once: str,
    **payload: str,
) -> int:
    """The outbox row of a mail to one side, with a link that opens the conversation."""
    member = session.get_one(Member, conversation.member_id(side))
    token = issue_link(session, board, conversation, member)
    return outbox.add(
        session,
        outbox.NewRow(
            purpose=purpose,
            once=f"{once}:email",
            listing_id=conversation.listing_id,
            conversation_id=conversation.id,
            member_id=member.id,
            locale=member.locale,
            payload=board.vault.seal(json.dumps({"token": token, **payload})),
        ),
    )


def address_hash(board: Board, member: Member) -> str:
    """The hash that links to this member carry."""
    return links.address_hash(board.settings.secret_key, member.email or f"member:{member.id}")
