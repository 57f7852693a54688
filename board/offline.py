"""What a member's own device may keep to be read without a connection.

It is a copy that somebody else may come to hold in their hands: a telephone is shared, lent, or
lost. So it is short, and leaves out by what people are reached or found: shared contacts, telephone
numbers and addresses in what was written, alerts and their places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from board import conversations, inbox, me
from board.db import now
from board.errors import ConversationNotFound
from board.inbox import ConversationView, Listed, MessageView
from board.listings import ListingView
from board.members import Member
from board.messages import MessageKind
from board.scanning import without_contacts

if TYPE_CHECKING:
    from board.context import Board

#: After this a device shows its copy no more, and deletes it.
KEPT_FOR: Final = timedelta(days=7)
#: Listings in a copy, the newest first.
LISTINGS: Final = 20
#: Conversations in a copy, the unread first, then the latest.
CONVERSATIONS: Final = 10
#: The newest messages of each.
MESSAGES: Final = 20
#: States of listings that somebody still waits for.
_GOING_ON: Final = frozenset({"open", "found", "held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation as the list shows it, and as its page does."""

    listed: Listed
    view: ConversationView


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Everything that is kept on one device."""

    listings: tuple[ListingView, ...]
    talks: tuple[Talk, ...]
    made_at: datetime
    #: Of the member, an IANA name.
    time_zone: str


def copy_of(board: Board, member_id: int) -> Copy:
    """A member's own listings that go on and latest conversations, without contact data."""
    own = me.own_views(board, member_id)
    going_on = [each for each in own if each.state in _GOING_ON][:LISTINGS]
    listed = inbox.of_member(board, member_id)[:CONVERSATIONS]
    with board.db.read() as session:
        moment, member = now(session), session.get_one(Member, member_id)
        time_zone = member.time_zone
    return Copy(
        listings=tuple(_listing(each) for each in going_on),
        talks=tuple(talk for each in listed if (talk := _talk(board, member_id, each))),
        made_at=moment,
        time_zone=time_zone,
    )


def _talk(board: Board, member_id: int, listed: Listed) -> Talk | None:
    try:
        seat = conversations.seat_of_member(board, listed.public_id, member_id)
        view = inbox.show(board, seat)
    except ConversationNotFound:
        # It ended while the copy was made.
        return None
    said = tuple(_message(each) for each in view.messages[-MESSAGES:])
    # Who writes under a number or an address is called "…".
    name, title = without_contacts(view.other_name), without_contacts(listed.title)
    return Talk(
        listed=replace(listed, title=title, other_name=name),
        view=replace(view, other_name=name, listing=_listing(view.listing), messages=said),
    )


def _listing(view: ListingView) -> ListingView:
    return replace(view, title=without_contacts(view.title), text=without_contacts(view.text))


def _message(view: MessageView) -> MessageView:
    text = "" if view.kind is MessageKind.CONTACT else without_contacts(view.text)
    return replace(view, text=text)
