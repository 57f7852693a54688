"""What is said in a conversation: words, contact data, thanks.

A message is stored once, however often its form or mail comes, and goes to the other side by mail.
Where `screening` finds a reason it waits for a moderator: until then its writer alone knows of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, cases, consent, conversations, outbox, screening
from board.conversations import Conversation, ConversationStatus, Seat, Side
from board.db import Base, BigId, UTCDateTime, now
from board.errors import ConversationNotFound, Invalid, Problem
from board.i18n import N_
from board.validation import Checks, required_text

if TYPE_CHECKING:
    from board.context import Board

TEXT_MAX = 4000
CONTACT_MAX = 300
#: So that nobody's mailbox is flooded by the other side of a conversation.
PER_DAY = 50


#: What one side says once; what was refused may be said anew.
_ONCE = "kind <> 'words' AND state <> 'refused'"


class MessageKind(StrEnum):
    """Words as often as one likes; contact data and thanks once a side."""

    WORDS = "words"
    CONTACT = "contact"
    THANKS = "thanks"


class MessageState(StrEnum):
    """Whether the other side may know of it; its writer does."""

    SENT = "sent"
    #: A moderator reads it first.
    HELD = "held"
    #: By a moderator, or because its writer was banned.
    REFUSED = "refused"


class Message(Base):
    """Something that one side said to the other."""

    __tablename__ = "messages"
    __table_args__ = (
        sa.CheckConstraint("side IN ('poster', 'answerer')", name="side"),
        sa.CheckConstraint("kind IN ('words', 'contact', 'thanks')", name="kind"),
        sa.CheckConstraint("state IN ('sent', 'held', 'refused')", name="state"),
        sa.Index(
            "ix_messages_only_one",
            "conversation_id",
            "side",
            "kind",
            unique=True,
            postgresql_where=sa.text(_ONCE),
            sqlite_where=sa.text(_ONCE),
        ),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    side: Mapped[str] = mapped_column(sa.String(8), comment="who wrote it")
    kind: Mapped[str] = mapped_column(sa.String(8), default=MessageKind.WORDS)
    text: Mapped[str] = mapped_column(sa.Text)
    once: Mapped[str | None] = mapped_column(
        sa.String(64),
        unique=True,
        comment="keyed hash of the form's key or of the mail's Message-ID",
    )
    withheld: Mapped[bool] = mapped_column(
        sa.Boolean, default=False, comment="written across a block: shown to its writer alone"
    )
    state: Mapped[str] = mapped_column(
        sa.String(8),
        default=MessageState.SENT,
        server_default=sa.text("'sent'"),
        comment="what is not sent is shown to its writer alone",
    )
    #: Or when a moderator let it pass.
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


def passed() -> sa.ColumnElement[bool]:
    """Messages that the other side may know of: no block and no moderator keeps them back."""
    return sa.and_(Message.withheld.is_(False), Message.state == MessageState.SENT)


def seen_by(side: str | sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Messages that this side may know of: its own, and those that have passed."""
    return sa.or_(Message.side == side, passed())


def heard_by(side: str) -> sa.ColumnElement[bool]:
    """Conversations that this side knows of: it said something there, or has something to read."""
    return sa.exists().where(Message.conversation_id == Conversation.id, seen_by(side))


def write(board: Board, seat: Seat, text: str, key: str, *, health: bool = False) -> None:
    """Say something to the other side. The same key says nothing twice.

    `health`: what is told of somebody's health may be kept and shown. Raises Invalid: with the
    field "text" for a bad text and where nobody can write any more, "health" without that consent.
    """
    text = _checked(text, TEXT_MAX)
    with board.db.write() as session:
        conversation = held(session, seat)
        member_id = conversation.member_id(seat.side)
        consent.agree_in_conversation(session, conversation, member_id, health, text)
        once = board.vault.once("form", seat.conversation_id, seat.side, key)
        rows = say(session, board, conversation, seat.side, text, once=once)
    board.waker.wake(rows)


def share_contact(board: Board, seat: Seat, text: str) -> None:
    """Show the other side how to reach one directly; once a conversation, and recorded.

    Raises Invalid, with the field "contact".
    """
    text = _checked(text, CONTACT_MAX, "contact")
    with board.db.write() as session:
        conversation = held(session, seat)
        if said_once(session, conversation, seat.side, MessageKind.CONTACT):
            message = N_("You have already shared your contact in this conversation.")
            raise Invalid([Problem("contact", message)])
        rows = say(session, board, conversation, seat.side, text, MessageKind.CONTACT)
        audit.record(
            session,
            "contact-shared",
            subject=Conversation.__tablename__,
            subject_id=conversation.id,
            member_id=conversation.member_id(seat.side),
        )
    board.waker.wake(rows)


def mark_read(board: Board, seat: Seat, message_id: int) -> None:
    """Note that this side has read up to this message of its conversation."""
    with board.db.write() as session:
        conversation = held(session, seat)
        newest = session.scalar(
            sa.select(sa.func.max(Message.id)).where(
                Message.conversation_id == conversation.id, Message.id <= message_id
            )
        )
        conversation.mark_read(seat.side, newest or 0)


def held(session: Session, seat: Seat) -> Conversation:
    """The conversation of a seat, its row held to the end of the unit.

    Raises ConversationNotFound when the other side was erased meanwhile.
    """
    conversation = session.get(Conversation, seat.conversation_id, with_for_update=True)
    if conversation is None:
        raise ConversationNotFound(seat.conversation_id)
    return conversation


def say(
    session: Session,
    board: Board,
    conversation: Conversation,
    side: Side,
    text: str,
    kind: MessageKind = MessageKind.WORDS,
    *,
    once: str | None = None,
) -> list[int]:
    """Store a checked text and the mail that carries it; returns the outbox rows.

    Nothing is done when it is stored already. Raises Invalid where nobody can write any more.
    """
    if once is not None and session.scalar(sa.select(Message.id).where(Message.once == once)):
        return []
    moment = now(session)
    _require_voice(session, conversation, side, moment)
    message = Message(
        conversation_id=conversation.id,
        side=side,
        kind=kind,
        text=text,
        once=once,
        withheld=conversations.apart(session, conversation),
        state=MessageState.SENT,
        created_at=moment,
    )
    session.add(message)
    session.flush()
    conversation.mark_read(side, message.id)
    return admit(session, board, conversation, message)


def admit(
    session: Session, board: Board, conversation: Conversation, message: Message
) -> list[int]:
    """Pass on what has just been said, or hold it where there is a reason; returns outbox rows.

    What is held moves nothing that the other side could see.
    """
    why = screening.reasons(
        message.text,
        agreed=screening.have_agreed(session, conversation),
        is_contact=message.kind == MessageKind.CONTACT,
    )
    if why:
        message.state = MessageState.HELD
        screening.open_case(session, message.id, why)
        return []
    conversation.touch(now(session))
    return _carry(session, board, conversation, message)


def pass_on(session: Session, board: Board, message: Message) -> tuple[Message, list[int]]:
    """Let a held message pass: it arrives now, after what was said meanwhile.

    It gets a new number for that, by which the other side's page counts it as unread. Returns it,
    and the outbox rows.
    """
    conversation = session.get_one(Conversation, message.conversation_id, with_for_update=True)
    fresh = Message(
        conversation_id=message.conversation_id,
        side=message.side,
        kind=message.kind,
        text=message.text,
        once=message.once,
        withheld=message.withheld or conversations.apart(session, conversation),
        state=MessageState.SENT,
        created_at=now(session),
    )
    session.delete(message)
    session.flush()
    session.add(fresh)
    session.flush()
    if conversation.status == ConversationStatus.OPEN:
        conversation.touch(fresh.created_at)
    return fresh, _carry(session, board, conversation, fresh)


def refuse_held(session: Session, member_id: int) -> None:
    """Let nothing pass any more of what this member said and a moderator has not read."""
    waiting = (
        sa.select(Message)
        .join(Conversation)
        .where(
            Message.state == MessageState.HELD,
            sa.or_(
                sa.and_(Message.side == Side.POSTER, Conversation.poster_id == member_id),
                sa.and_(Message.side == Side.ANSWERER, Conversation.answerer_id == member_id),
            ),
        )
    )
    for message in session.scalars(waiting).all():
        message.state = MessageState.REFUSED
        cases.overtake(session, cases.MESSAGE, message.id)


def _carry(
    session: Session, board: Board, conversation: Conversation, message: Message
) -> list[int]:
    """The mail that takes a stored message to the other side; none where it is withheld."""
    if message.withheld:
        return []
    row = conversations.write_mail(
        session,
        board,
        conversation,
        Side(message.side).other,
        outbox.MESSAGE,
        f"message:{message.id}",
        message=str(message.id),
    )
    return [row]


def waiting(session: Session, once: str) -> int | None:
    """Id of the message of this form or mail, where a moderator is to read it first."""
    return session.scalar(
        sa.select(Message.id).where(Message.once == once, Message.state == MessageState.HELD)
    )


def said_once(session: Session, conversation: Conversation, side: Side, kind: MessageKind) -> bool:
    """Whether this side has said a thing that is said once."""
    found = session.scalar(
        sa.select(Message.id).where(
            Message.conversation_id == conversation.id,
            Message.side == side,
            Message.kind == kind,
            Message.state != MessageState.REFUSED,
        )
    )
    return found is not None


def is_heard(session: Session, conversation: Conversation, side: Side) -> bool:
    """Whether this side knows of the conversation."""
    wanted = sa.select(Conversation.id).where(Conversation.id == conversation.id, heard_by(side))
    return session.scalar(wanted) is not None


def _require_voice(
    session: Session, conversation: Conversation, side: Side, moment: datetime
) -> None:
    silence = conversations.silence(session, conversation, side)
    if silence is not None:
        raise Invalid([Problem("text", silence)])
    today = session.scalar(
        sa.select(sa.func.count(Message.id)).where(
            Message.conversation_id == conversation.id,
            Message.side == side,
            Message.created_at > moment - timedelta(days=1),
        )
    )
    if (today or 0) >= PER_DAY:
        message = N_("You wrote %(most)d messages here within a day. Go on tomorrow.")
        raise Invalid([Problem("text", message, {"most": PER_DAY})])


def _checked(text: str, most: int, field: str = "text") -> str:
    checks = Checks()
    with checks.field(field):
        text = required_text(text, max_length=most, multiline=True)
    checks.done()
    return text
