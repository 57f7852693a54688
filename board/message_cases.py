"""Messages in the moderators' queue: what is shown of them, and what each decision does.

A moderator who is one of the two neither sees such a case nor decides it: the other side's words
are not to be read through the queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import audit, bans, conversations, messages, outbox, screening
from board.cases import MESSAGE, Case
from board.conversations import Conversation, Side
from board.errors import CaseNotFound, Invalid, Problem
from board.i18n import N_
from board.members import Member
from board.messages import Message, MessageKind, MessageState

if TYPE_CHECKING:
    from board.context import Board


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a moderator is told of a message beside its words; of the two people, no name."""

    side: Side
    kind: MessageKind
    written_at: datetime
    #: Whether the other side has it already: then somebody reported it.
    passed: bool
    #: Whether the two have agreed.
    agreed: bool


def open_for(moderator_id: int) -> sa.ColumnElement[bool]:
    """Open cases of messages in conversations between two others."""
    answerer = sa.func.coalesce(Conversation.answerer_id, 0)
    return sa.and_(
        Case.subject == MESSAGE,
        sa.exists()
        .where(Message.id == Case.subject_id, Message.conversation_id == Conversation.id)
        .where(Message.state != MessageState.REFUSED)
        .where(Conversation.poster_id != moderator_id, answerer != moderator_id),
    )


def find(session: Session, row: Case, moderator_id: int) -> tuple[Message, Conversation] | None:
    """The message of a case and its conversation; None for what is gone, and for one of the two."""
    message = session.get(Message, row.subject_id)
    if message is None:
        return None
    conversation = session.get_one(Conversation, message.conversation_id)
    if moderator_id in (conversation.poster_id, conversation.answerer_id):
        return None
    return message, conversation


def said(session: Session, message: Message, conversation: Conversation) -> Said:
    """What the page of a case tells of a message."""
    return Said(
        side=Side(message.side),
        kind=MessageKind(message.kind),
        written_at=message.created_at,
        passed=message.state == MessageState.SENT,
        agreed=screening.have_agreed(session, conversation),
    )


def lock(session: Session, row: Case, moderator_id: int) -> None:
    """Hold the conversation of a case to the end of the unit, as whoever writes there does.

    Raises CaseNotFound for what is gone, and for one of the two.
    """
    found = find(session, row, moderator_id)
    if found is None:
        # Whoever let it pass just now has given it another number.
        session.refresh(row)
        found = find(session, row, moderator_id)
    if found is None:
        raise CaseNotFound(row.id)
    session.refresh(found[1], with_for_update=True)


def approve(
    session: Session, board: Board, row: Case, message: Message, moderator_id: int
) -> list[int]:
    """Pass it on, or leave it where it is; returns the outbox rows."""
    _record(session, "message-approved", row, moderator_id)
    if message.state != MessageState.HELD:
        return []
    fresh, rows = messages.pass_on(session, board, message)
    row.subject_id = fresh.id
    return rows


def refuse(
    session: Session, board: Board, row: Case, message: Message, moderator_id: int
) -> list[int]:
    """Show it to its writer alone, who is told why by mail; returns the outbox rows."""
    message.state = MessageState.REFUSED
    _record(session, "message-refused", row, moderator_id, row.reason)
    mail = conversations.write_mail(
        session,
        board,
        session.get_one(Conversation, message.conversation_id),
        Side(message.side),
        outbox.MESSAGE_REFUSED,
        f"{outbox.MESSAGE_REFUSED}:{row.id}",
        message=str(message.id),
        reason=row.reason,
    )
    return [mail]


def ban(
    session: Session, board: Board, row: Case, message: Message, moderator_id: int
) -> list[int]:
    """Ban its writer; nothing of theirs that waits passes any more, and this is out of sight."""
    member = writer(session, message)
    if member is None:
        raise Invalid([Problem("reason", N_("Nobody stands behind this message."))])
    message.state = MessageState.REFUSED
    return bans.ban(session, board, member, row.reason, moderator_id)


def writer(session: Session, message: Message) -> Member | None:
    """Who wrote it."""
    conversation = session.get_one(Conversation, message.conversation_id)
    member_id = conversation.member_id(Side(message.side))
    return None if member_id is None else session.get(Member, member_id)


def written_by(member_id: int) -> sa.Select[int]:
    """Ids of the messages of a member."""
    return (
        sa.select(Message.id)
        .join(Conversation)
        .where(
            sa.or_(
                sa.and_(Message.side == Side.POSTER, Conversation.poster_id == member_id),
                sa.and_(Message.side == Side.ANSWERER, Conversation.answerer_id == member_id),
            )
        )
    )


def _record(session: Session, action: str, row: Case, moderator_id: int, reason: str = "") -> None:
    audit.record(
        session,
        action,
        subject=Case.__tablename__,
        subject_id=row.id,
        member_id=moderator_id,
        reason=reason,
    )
