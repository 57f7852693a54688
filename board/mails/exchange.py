"""Mails of the exchange: messages, outcomes, and whether something is still needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import conversations, listings, outbox, outcomes, relays, safety
from board.conversations import Conversation, ConversationStatus, Side
from board.db import now
from board.i18n import N_, translations
from board.listings import Listing, Status
from board.mails.dates import last_day
from board.mails.letter import Letter
from board.mailtext import MARKER
from board.members import Member
from board.messages import Message, MessageKind, MessageState
from board.outcomes import Outcome, State
from board.reasons import REFUSAL
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

_SUBJECT = N_("About: %(title)s")
#: What one side did: none of it passes a block. Mails about one's own deeds go out all the same.
_TO_THE_OTHER = frozenset({outbox.MESSAGE, outbox.OUTCOME, outbox.STILL_TALKING})

#: State → what the poster, and what the answerer, is told of it. None: this side decided it.
OUTCOMES: dict[State, tuple[str | None, str | None]] = {
    State.PROPOSED: (N_("This person proposes again."), None),
    State.ACCEPTED: (
        N_("A place became free, and this person, who was waiting, has taken it."),
        N_("You are expected: your answer was accepted. Agree here on when and where."),
    ),
    State.WAITING: (
        None,
        N_("All places are taken. You are on the waiting list, and told when one becomes free."),
    ),
    State.DECLINED: (
        None,
        N_("Not this time: it no longer fits, or somebody else was found. Thank you for offering."),
    ),
    State.WITHDRAWN: (N_("This person can no longer come, and has withdrawn."), None),
    State.DONE: (None, N_("It is done, says whoever posted this. Well done.")),
    State.NOT_DONE: (
        None,
        N_("It did not come about, says whoever posted this. You can propose again."),
    ),
}

#: Not refused, but not passed on yet either.
WAITS = "held"
#: Reason → why a mail to a reply address was not passed on, or not all of it.
REFUSALS = {
    WAITS: N_(
        "A person of the board reads your message before it goes on, to protect those who ask and "
        "those who help: it holds something that is often misused. This mostly takes less than a "
        "day. You have nothing to do; if it does not go on, we write to you why."
    ),
    "attachment": N_(
        "Your words were passed on, but not what was attached: the board carries text only."
    ),
    "only-attachment": N_(
        "Your mail was not passed on: it held files and no text, and the board carries text only."
    ),
    "empty": N_("Your mail was not passed on: no text was found in it."),
    "too-long": N_("Your mail was not passed on: it is too long."),
    "unreadable": N_("Your mail was not passed on: the board could not read it."),
    "silent": N_("Your mail was not passed on: nobody can write in this conversation any more."),
    "too-many": N_("Your mail was not passed on: you wrote too many within a day."),
}


def confirm_message(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Asks a guest to confirm the first message."""
    conversation = session.get(Conversation, held.conversation_id)
    listing = session.get(Listing, held.listing_id)
    if conversation is None or listing is None or listing.status != Status.OPEN:
        return None
    if conversation.status != ConversationStatus.PENDING:
        return None
    return Letter(
        to=held.payload["email"],
        subject=N_("Confirm your answer to: %(title)s"),
        subject_params={"title": listing.title},
        template="confirm_message",
        values={
            "title": listing.title,
            "link": f"{board.settings.base_url}/links/{held.payload['token']}",
        },
    )


def conversation_opened(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Tells whoever answered whether the message was passed on, and where the conversation is."""
    said = set(
        session.scalars(
            sa.select(Message.state).where(
                Message.conversation_id == held.conversation_id, Message.side == Side.ANSWERER
            )
        )
    )
    if said == {MessageState.REFUSED}:
        # Another mail says why.
        return None
    waits = MessageState.HELD in said
    return _in_conversation(session, board, held, "conversation_opened", waits=waits)


def message(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Carries one message to the other side."""
    said = session.get(Message, int(held.payload["message"]))
    if said is None or said.withheld or said.state != MessageState.SENT:
        return None
    values = {"text": said.text, "kind": MessageKind(said.kind).value}
    return _in_conversation(session, board, held, "message", **values)


def outcome(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Tells one side what has become of it, unless something newer has."""
    conversation = session.get(Conversation, held.conversation_id)
    found = session.get(Outcome, held.conversation_id)
    if conversation is None or found is None or str(found.step) != held.payload["step"]:
        return None
    of_poster, of_answerer = OUTCOMES[State(found.state)]
    side = Side.POSTER if held.member_id == conversation.poster_id else Side.ANSWERER
    news = of_poster if side is Side.POSTER else of_answerer
    if news is None:
        return None
    view = outcomes.view(session, conversation, side)
    return _in_conversation(
        session, board, held, "outcome", news=_(held, news), may_thank=view.may_thank
    )


def still_talking(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Asks the poster whether a conversation that rests goes on."""
    conversation = session.get(Conversation, held.conversation_id)
    found = session.get(Outcome, held.conversation_id)
    if conversation is None or found is None or conversation.ask_at is not None:
        return None
    return _in_conversation(
        session,
        board,
        held,
        "still_talking",
        keep=f"{board.settings.base_url}/links/{held.payload['keep']}",
        accepted=found.state == State.ACCEPTED,
        until=last_day(board, conversation.ends_at, None, held.locale),
    )


def mail_refused(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Says politely why a mail was not passed on."""
    if held.payload["reason"] == WAITS:
        said = session.get(Message, int(held.payload["message"]))
        if said is None or said.state != MessageState.HELD:
            return None
    news = _(held, REFUSALS[held.payload["reason"]])
    return _in_conversation(session, board, held, "mail_refused", news=news)


def message_refused(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Tells its writer why a message is not passed on, or no longer shown."""
    said = session.get(Message, int(held.payload["message"]))
    if said is None:
        return None
    reason = held.payload["reason"]
    values = {"text": said.text, "reason": _(held, REFUSAL[reason]), "contact": reason == "contact"}
    return _in_conversation(session, board, held, "message_refused", **values)


def still_needed(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Asks the poster whether a listing is still needed."""
    listing, member = session.get(Listing, held.listing_id), session.get(Member, held.member_id)
    if listing is None or member is None or listing.status != Status.OPEN:
        return None
    if listing.ends_at <= now(session) or (listing.found and listing.kind == Kind.REQUEST):
        return None
    links = f"{board.settings.base_url}/links"
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("Still needed? %(title)s")
        if listing.kind == Kind.REQUEST
        else N_("Do you still offer this? %(title)s"),
        subject_params={"title": listing.title},
        template="still_needed",
        values={
            "title": listing.title,
            "is_request": listing.kind == Kind.REQUEST,
            "until": last_day(board, listing.ends_at, listing.cell, held.locale),
            "link": f"{links}/{held.payload['token']}",
            "close_link": f"{links}/{held.payload['close']}",
        },
    )


def _in_conversation(
    session: Session, board: Board, held: outbox.Claim, template: str, **values: Any
) -> Letter | None:
    """A letter to one side of a conversation, that can be answered by mail."""
    conversation = session.get(Conversation, held.conversation_id)
    member = session.get(Member, held.member_id)
    if conversation is None or member is None:
        return None
    side = Side.POSTER if member.id == conversation.poster_id else Side.ANSWERER
    views = listings.views(session, board, [conversation.listing_id], held=True)
    if not views:
        return None
    if held.purpose in _TO_THE_OTHER and conversations.apart(session, conversation):
        return None
    writable = conversations.silence(session, conversation, side) is None
    address = conversations.reply_address(board, conversation.id, member.id)
    site = board.settings.base_url
    token = held.payload.get("token")
    return Letter(
        to=relays.address_for(session, member),
        subject=_SUBJECT,
        subject_params={"title": views[0].title},
        template=template,
        reply_to=address if writable else "",
        thread=f"conversation:{conversation.id}:{member.id}",
        values={
            "title": views[0].title,
            "marker": MARKER if writable else "",
            "page": f"{site}/conversations/by-link/{token}"
            if token
            else f"{site}/conversations/{conversation.public_id}",
            "safety": [_(held, each) for each in safety.words_for(views[0].categories)],
            **values,
        },
    )


def _(held: outbox.Claim, message: str) -> str:
    """A msgid in the language of the mail."""
    return str(translations(held.locale).gettext(message))
