"""Mail that comes in: each reply address is one side of one conversation.

What comes back undelivered has addresses of its own, and is taken by `bounces`.

The sender's own address need not be the one that the board knows; whoever has the reply address
has it from a mail to that member. What is said goes to the other side and to nobody else.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from board import bounces, conversations, mailtext, messages, outbox
from board.conversations import Conversation, Seat
from board.errors import Invalid
from board.mailtext import Incoming
from board.members import Member
from board.validation import Refused, required_text

if TYPE_CHECKING:
    from board.context import Board

_log = structlog.get_logger(__name__)

#: The largest mail that is read: text and the quotes of a long conversation.
SIZE_MAX = 1024 * 1024
_ADDRESS = re.compile(r"c\+([a-z2-7]{39})@([^@\s]+)", re.IGNORECASE | re.ASCII)
#: Polite answers to one side within a day, so that two machines cannot keep each other busy.
REFUSALS_PER_DAY = 5


def token_of(board: Board, address: str) -> str | None:
    """The token of a reply address of ours; None for every other address."""
    found = _ADDRESS.fullmatch(address)
    if found is None or found[2].lower() != board.settings.mail_domain.lower():
        return None
    return found[1].lower()


def is_known(board: Board, address: str) -> bool:
    """Whether mail to this address is taken. Raises Unavailable."""
    token = token_of(board, address)
    if token is None:
        return bounces.is_known(board, address)
    with board.db.read() as session:
        return conversations.seat_of_reply_token(session, board, token) is not None


def take(board: Board, address: str, raw: bytes, *, return_path: str) -> bool:
    """Take one mail to one address; True when it is dealt with for good, False for an unknown one.

    When this returns, the message and the mail that carries it on are committed. What a machine
    wrote is dropped. What cannot be passed on is answered, by mail to the member.
    Raises Unavailable: the mail must come again.
    """
    token = token_of(board, address)
    if token is None:
        return bounces.take(board, address, raw, return_path=return_path)
    incoming = mailtext.read(raw)
    rows: list[int] = []
    with board.db.write() as session:
        seat = conversations.seat_of_reply_token(session, board, token)
        if seat is None:
            return False
        if incoming.automatic or not return_path:
            _log.info("mail of a machine dropped", conversation=seat.conversation_id)
            return True
        once = _once(board, seat, incoming, raw)
        rows = _pass_on(session, board, seat, incoming, once)
    board.waker.wake(rows)
    return True


def _pass_on(
    session: Session, board: Board, seat: Seat, incoming: Incoming, once: str
) -> list[int]:
    """Say it, or say why not; returns the outbox rows."""
    conversation = messages.held(session, seat)
    try:
        text = required_text(incoming.text, max_length=messages.TEXT_MAX, multiline=True)
    except Refused:
        reason = _fault(incoming)
        return _refuse(session, board, conversation, seat, reason, once)
    try:
        rows = messages.say(session, board, conversation, seat.side, text, once=once)
    except Invalid:
        silent = conversations.silence(session, conversation, seat.side) is not None
        reason = "silent" if silent else "too-many"
        return _refuse(session, board, conversation, seat, reason, once)
    waiting = messages.waiting(session, once)
    if waiting is not None:
        return _refuse(session, board, conversation, seat, "held", once, message=str(waiting))
    if rows and incoming.has_attachment:
        rows += _refuse(session, board, conversation, seat, "attachment", once)
    return rows


def _fault(incoming: Incoming) -> str:
    """Why a text is none that can be passed on."""
    if not incoming.text:
        return "only-attachment" if incoming.has_attachment else "empty"
    return "too-long" if len(incoming.text) > messages.TEXT_MAX else "unreadable"


def _refuse(
    session: Session,
    board: Board,
    conversation: Conversation,
    seat: Seat,
    reason: str,
    once: str,
    **payload: str,
) -> list[int]:
    """The polite answer: to the member, never to the address that a stranger may have put there."""
    member = session.get_one(Member, conversation.member_id(seat.side))
    name = f"mail-refused:{once[:32]}:email"
    if outbox.known(session, [name]):
        return []
    today = outbox.count_today(session, outbox.MAIL_REFUSED, conversation.id, member.id)
    if today >= REFUSALS_PER_DAY:
        return []
    token = conversations.issue_link(session, board, conversation, member)
    row = outbox.NewRow(
        purpose=outbox.MAIL_REFUSED,
        once=name,
        listing_id=conversation.listing_id,
        conversation_id=conversation.id,
        member_id=member.id,
        locale=member.locale,
        payload=board.vault.seal(json.dumps({"token": token, "reason": reason, **payload})),
    )
    return [outbox.add(session, row)]


def _once(board: Board, seat: Seat, incoming: Incoming, raw: bytes) -> str:
    """By which a mail that is delivered twice is known again: its Message-ID, else its bytes."""
    name = incoming.message_id or hashlib.sha256(raw).hexdigest()
    return board.vault.once("mail", seat.conversation_id, seat.side, name)
