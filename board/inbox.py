"""What pages show of conversations: the list of a member, and one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import blocks, cases, conversations, listings, messages, outcomes, safety
from board.conversations import Conversation, ConversationStatus, Seat, Side
from board.errors import ConversationNotFound
from board.listings import ListingView
from board.members import Member
from board.messages import Message, MessageKind, MessageState
from board.outcomes import Outcome, OutcomeView, State
from board.reasons import REFUSAL

if TYPE_CHECKING:
    from board.context import Board

#: What one page of the list shows at most: the unread first, then the latest.
LISTED = 100
#: Messages on one page.
PER_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One message as one side sees it."""

    id: int
    mine: bool
    kind: MessageKind
    text: str
    created_at: datetime
    unread: bool
    #: Other than sent: the reader's own, that the other side does not know of.
    state: MessageState
    #: Msgid of the reason for which it was refused; "" where there is none.
    refused_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A conversation as one side sees it; of the other side no more than a name."""

    public_id: str
    side: Side
    listing: ListingView
    #: What the other calls themselves; "" where they did not say.
    other_name: str
    messages: tuple[MessageView, ...]
    #: Id before which there are more; None where there are none.
    earlier: int | None
    #: Id of the newest of these messages, for marking it read.
    newest: int
    unread: int
    #: Why nothing can be written, as a msgid.
    silence: str | None
    #: Whether this side has blocked the other.
    blocked: bool
    contact_shared: bool
    outcome: OutcomeView
    #: Msgids of what to take care of.
    safety: tuple[str, ...]
    #: Of this side, an IANA name.
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A conversation in a list."""

    public_id: str
    #: Id of the row of its listing.
    listing_id: int
    title: str
    locale: str
    side: Side
    other_name: str
    state: State
    unread: int
    active_at: datetime
    #: Of the reader, an IANA name.
    time_zone: str


def show(board: Board, seat: Seat, before: int | None = None) -> ConversationView:
    """The page of a conversation for one side, with its newest messages. Looking changes nothing.

    `before`: an id of a message, to see those that are older than it.
    """
    with board.db.read() as session:
        conversation = session.get(Conversation, seat.conversation_id)
        if conversation is None:
            # The other side was erased meanwhile.
            raise ConversationNotFound(seat.conversation_id)
        said, earlier = _messages(session, conversation, seat.side, before)
        (listing,) = listings.views(session, board, [conversation.listing_id], held=True)
        return ConversationView(
            public_id=conversation.public_id,
            side=seat.side,
            listing=listing,
            other_name=_name(session, conversation, seat.side.other),
            messages=said,
            earlier=earlier,
            newest=said[-1].id if said else 0,
            unread=sum(each.unread for each in said),
            silence=conversations.silence(session, conversation, seat.side),
            blocked=_has_blocked(session, conversation, seat.side),
            contact_shared=messages.said_once(
                session, conversation, seat.side, MessageKind.CONTACT
            ),
            outcome=outcomes.view(session, conversation, seat.side),
            safety=safety.words_for(listing.categories),
            time_zone=_time_zone(session, conversation.member_id(seat.side)),
        )


def of_member(board: Board, member_id: int) -> list[Listed]:
    """A member's conversations: those with something unread first, then the latest."""
    with board.db.read() as session:
        side = sa.case((Conversation.poster_id == member_id, "poster"), else_="answerer")
        read = sa.case(
            (Conversation.poster_id == member_id, Conversation.poster_read),
            else_=Conversation.answerer_read,
        )
        visible = messages.seen_by(side)
        fresh = sa.and_(Message.side != side, messages.passed(), Message.id > read)
        unread = sa.func.count(sa.case((fresh, 1)))
        query = (
            sa.select(
                Conversation,
                listings.Listing.title,
                listings.Listing.locale,
                Outcome.state,
                side,
                unread,
            )
            .join(listings.Listing, listings.Listing.id == Conversation.listing_id)
            .join(Outcome, Outcome.conversation_id == Conversation.id)
            .join(Message, sa.and_(Message.conversation_id == Conversation.id, visible))
            .where(
                sa.or_(Conversation.poster_id == member_id, Conversation.answerer_id == member_id),
                Conversation.status != ConversationStatus.PENDING,
            )
            .group_by(Conversation.id, listings.Listing.id, Outcome.conversation_id)
            .order_by(sa.case((unread > 0, 0), else_=1), Conversation.active_at.desc())
            .limit(LISTED)
        )
        zone = _time_zone(session, member_id)
        rows = session.execute(query).all()
        names = _names(session, [conversation for conversation, *_ in rows])
        return [_listed(names, zone, *row) for row in rows]


def _listed(
    names: Mapping[int | None, str],
    time_zone: str,
    conversation: Conversation,
    title: str,
    locale: str,
    state: str,
    side: str,
    unread: int,
) -> Listed:
    return Listed(
        public_id=conversation.public_id,
        listing_id=conversation.listing_id,
        title=title,
        locale=locale,
        side=Side(side),
        other_name=names.get(conversation.member_id(Side(side).other), ""),
        state=State(state),
        unread=unread,
        active_at=conversation.active_at,
        time_zone=time_zone,
    )


def _messages(
    session: Session, conversation: Conversation, side: Side, before: int | None
) -> tuple[tuple[MessageView, ...], int | None]:
    """What this side may read: its own, and what neither a block nor a moderator keeps back.

    The newest of them, oldest first; and the id before which there are more.
    """
    query = (
        sa.select(Message)
        .where(Message.conversation_id == conversation.id)
        .where(messages.seen_by(side))
        .order_by(Message.id.desc())
        .limit(PER_PAGE + 1)
    )
    if before is not None:
        query = query.where(Message.id < before)
    found = session.scalars(query).all()
    shown = found[:PER_PAGE]
    earlier = shown[-1].id if len(found) > len(shown) else None
    views = tuple(
        MessageView(
            id=row.id,
            mine=row.side == side,
            kind=MessageKind(row.kind),
            text=row.text,
            created_at=row.created_at,
            unread=row.side != side and row.id > conversation.read_by(side),
            state=MessageState(row.state),
            refused_for=_refused_for(session, row),
        )
        for row in reversed(shown)
    )
    return views, earlier


def _refused_for(session: Session, message: Message) -> str:
    """Msgid of the reason that a moderator gave; "" for what was not refused."""
    if message.state != MessageState.REFUSED:
        return ""
    decided = cases.decision_of(session, cases.MESSAGE, message.id)
    return REFUSAL.get(decided.reason, "") if decided else ""


def _has_blocked(session: Session, conversation: Conversation, side: Side) -> bool:
    own = conversation.member_id(side)
    return own is not None and conversation.member_id(side.other) in blocks.blocked_by(session, own)


def _time_zone(session: Session, member_id: int | None) -> str:
    member = None if member_id is None else session.get(Member, member_id)
    return "UTC" if member is None else member.time_zone


def _names(session: Session, talks: Sequence[Conversation]) -> dict[int | None, str]:
    """What those of these conversations call themselves, by member."""
    ids = {each.member_id(side) for each in talks for side in Side}
    found = sa.select(Member.id, Member.display_name).where(Member.id.in_(ids - {None}))
    return dict(iter(session.execute(found)))


def _name(session: Session, conversation: Conversation, side: Side) -> str:
    member = session.get(Member, conversation.member_id(side))
    return "" if member is None else member.display_name
