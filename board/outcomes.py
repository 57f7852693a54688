"""What comes of a conversation: proposed, accepted or waiting, done or not; and thanks in words.

An answer proposes itself. The poster accepts; when all places are taken, whoever is accepted waits.
When somebody withdraws, the first who waits takes the place. A listing whose places are all taken
is found: it matches nobody until one is free again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import calls, conversations, messages, outbox
from board.conversations import Conversation, Seat, Side
from board.db import Base, BigId, UTCDateTime, now
from board.errors import Invalid, Problem
from board.i18n import N_
from board.listings import Listing, Status
from board.messages import TEXT_MAX, MessageKind
from board.validation import Checks, required_text
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board


class State(StrEnum):
    """Where an exchange stands."""

    PROPOSED = "proposed"
    #: Accepted, as soon as a place is free.
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DONE = "done"
    NOT_DONE = "not-done"
    #: By whoever answered.
    WITHDRAWN = "withdrawn"
    #: By the poster.
    DECLINED = "declined"


class Action(StrEnum):
    """What one side can decide."""

    ACCEPT = "accept"
    DECLINE = "decline"
    DONE = "done"
    NOT_DONE = "not-done"
    WITHDRAW = "withdraw"
    PROPOSE = "propose"


@dataclass(frozen=True, slots=True)
class _Rule:
    side: Side
    allowed: frozenset[State]
    leads_to: State


_RULES: Final[Mapping[Action, _Rule]] = {
    Action.ACCEPT: _Rule(Side.POSTER, frozenset({State.PROPOSED, State.DECLINED}), State.ACCEPTED),
    Action.DECLINE: _Rule(Side.POSTER, frozenset({State.PROPOSED, State.WAITING}), State.DECLINED),
    Action.DONE: _Rule(Side.POSTER, frozenset({State.ACCEPTED}), State.DONE),
    Action.NOT_DONE: _Rule(Side.POSTER, frozenset({State.ACCEPTED}), State.NOT_DONE),
    Action.WITHDRAW: _Rule(
        Side.ANSWERER,
        frozenset({State.PROPOSED, State.WAITING, State.ACCEPTED}),
        State.WITHDRAWN,
    ),
    Action.PROPOSE: _Rule(
        Side.ANSWERER, frozenset({State.WITHDRAWN, State.NOT_DONE}), State.PROPOSED
    ),
}
#: Deeds that make no sense once the listing is over.
_NEEDS_OPEN_LISTING = frozenset({Action.ACCEPT, Action.PROPOSE})
#: Deeds after which somebody else is to be found.
_LOST = frozenset({Action.DECLINE, Action.NOT_DONE, Action.WITHDRAW})


class Outcome(Base):
    """Where the exchange of one conversation stands."""

    __tablename__ = "outcomes"
    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('proposed', 'waiting', 'accepted', 'done', 'not-done', 'withdrawn', "
            "'declined')",
            name="state",
        ),
        sa.Index("ix_outcomes_listing_id", "listing_id", "state"),
    )
    conversation_id: Mapped[int] = mapped_column(
        BigId,
        sa.ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    listing_id: Mapped[int] = mapped_column(sa.ForeignKey("listings.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(sa.String(12), default=State.PROPOSED)
    step: Mapped[int] = mapped_column(
        sa.Integer, default=0, comment="number of the change: a mail tells one"
    )
    since: Mapped[datetime] = mapped_column(
        UTCDateTime, comment="of the state; orders the waiting list"
    )

    def move(self, state: State, moment: datetime) -> None:
        """Go on to another state."""
        self.state, self.since = state, moment
        self.step += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """What a page shows of an outcome to one side."""

    state: State
    #: What this side can decide now.
    actions: tuple[Action, ...]
    may_thank: bool
    #: Whether somebody who is accepted now would wait.
    full: bool
    #: How many wait for a place before whoever answered here; only where this one waits.
    before: int = 0


def propose(session: Session, conversation: Conversation) -> None:
    """The outcome of a conversation that opens."""
    session.add(
        Outcome(
            conversation_id=conversation.id,
            listing_id=conversation.listing_id,
            state=State.PROPOSED,
            step=0,
            since=now(session),
        )
    )


def decide(board: Board, seat: Seat, action: Action) -> None:
    """Do what this side decides, and tell the other; doing it twice changes nothing.

    Raises Invalid, with the field "action", when things stand otherwise by now.
    """
    rule = _RULES[action]
    with board.db.write() as session:
        listing, outcome = _held(session, seat)
        state = State(outcome.state)
        reached = {rule.leads_to, State.WAITING} if action is Action.ACCEPT else {rule.leads_to}
        if seat.side is rule.side and state in reached:
            return
        if action not in _actions(seat.side, state, _is_open(listing, now(session))):
            message = N_("This is no longer possible; the page shows how things stand now.")
            raise Invalid([Problem("action", message)])
        rows = _move(session, board, listing, outcome, rule.leads_to, tell=seat.side.other)
        rows += _fill(session, board, listing)
        if action in _LOST and not listing.found:
            rows += calls.look_now(session, listing.id)
        conversation = session.get_one(Conversation, seat.conversation_id)
        conversation.touch(now(session))
    board.waker.wake(rows)


def thank(board: Board, seat: Seat, text: str) -> None:
    """Thanks in words, once, by the side that was helped; raises Invalid, with field "thanks"."""
    checks = Checks()
    with checks.field("thanks"):
        text = required_text(text, max_length=TEXT_MAX, multiline=True)
    checks.done()
    with board.db.write() as session:
        conversation = messages.held(session, seat)
        if not _may_thank(session, conversation, seat.side):
            message = N_("Thanks are sent once, by whoever was helped, when it is done.")
            raise Invalid([Problem("thanks", message)])
        rows = messages.say(session, board, conversation, seat.side, text, MessageKind.THANKS)
    board.waker.wake(rows)


def leave(session: Session, board: Board, conversation: Conversation) -> list[int]:
    """Free the place that an accepted answerer takes, before the conversation goes.

    Whoever waits longest gets it, and is told. A request that was met stays met. Returns the
    outbox rows.
    """
    outcome = session.get(Outcome, conversation.id, with_for_update=True)
    if outcome is None or outcome.state != State.ACCEPTED:
        return []
    listing = session.scalars(
        sa.select(Listing).where(Listing.id == conversation.listing_id).with_for_update()
    ).one()
    listing.places_taken -= 1
    outcome.move(State.WITHDRAWN, now(session))
    rows = _fill(session, board, listing)
    return rows if listing.found else rows + calls.look_now(session, listing.id)


def view(session: Session, conversation: Conversation, side: Side) -> OutcomeView:
    """How things stand, for the page of one side."""
    outcome = session.get_one(Outcome, conversation.id)
    listing = session.get_one(Listing, conversation.listing_id)
    state = State(outcome.state)
    return OutcomeView(
        state=state,
        actions=_actions(side, state, _is_open(listing, now(session))),
        may_thank=_may_thank(session, conversation, side),
        full=listing.found,
        before=_before(session, outcome) if state is State.WAITING else 0,
    )


def _held(session: Session, seat: Seat) -> tuple[Listing, Outcome]:
    """The listing and the outcome, both held to the end of the unit, always in this order.

    Whoever comes second waits here, and then reads how many places are left.
    """
    conversation = session.get_one(Conversation, seat.conversation_id)
    listing = session.scalars(
        sa.select(Listing).where(Listing.id == conversation.listing_id).with_for_update()
    ).one()
    outcome = session.scalars(
        sa.select(Outcome).where(Outcome.conversation_id == conversation.id).with_for_update()
    ).one()
    return listing, outcome


def _move(
    session: Session,
    board: Board,
    listing: Listing,
    outcome: Outcome,
    state: State,
    *,
    tell: Side,
) -> list[int]:
    """Change one outcome and the count of taken places with it; returns the outbox rows."""
    if state is State.ACCEPTED and listing.found:
        state = State.WAITING
    freed = _takes_place(listing, State(outcome.state)) and not _takes_place(listing, state)
    taken = _takes_place(listing, state) and not _takes_place(listing, State(outcome.state))
    listing.places_taken += int(taken) - int(freed)
    outcome.move(state, now(session))
    return _tell(session, board, outcome, tell)


def _fill(session: Session, board: Board, listing: Listing) -> list[int]:
    """Give free places to those who wait, the longest first; both sides are told."""
    rows: list[int] = []
    if not _is_open(listing, now(session)):
        return rows
    session.flush()
    queue = session.scalars(
        sa.select(Outcome)
        .where(Outcome.listing_id == listing.id, Outcome.state == State.WAITING)
        .order_by(Outcome.since, Outcome.conversation_id)
        .with_for_update()
    ).all()
    for waiting in queue:
        if listing.found:
            break
        if conversations.apart(session, session.get_one(Conversation, waiting.conversation_id)):
            continue
        rows += _move(session, board, listing, waiting, State.ACCEPTED, tell=Side.ANSWERER)
        rows += _tell(session, board, waiting, Side.POSTER)
    return rows


def _takes_place(listing: Listing, state: State) -> bool:
    """A request that was met stays met; whoever offers is free again for the next."""
    return state is State.ACCEPTED or (state is State.DONE and listing.kind == Kind.REQUEST)


def _tell(session: Session, board: Board, outcome: Outcome, side: Side) -> list[int]:
    """The mail that tells one side; none to who knows of no message yet."""
    conversation = session.get_one(Conversation, outcome.conversation_id)
    if not messages.is_heard(session, conversation, side):
        return []
    row = conversations.write_mail(
        session,
        board,
        conversation,
        side,
        outbox.OUTCOME,
        f"outcome:{outcome.conversation_id}:{outcome.step}:{side}",
        step=str(outcome.step),
    )
    return [row]


def _actions(side: Side, state: State, is_open: bool) -> tuple[Action, ...]:
    return tuple(
        action
        for action, rule in _RULES.items()
        if rule.side is side
        and state in rule.allowed
        and (is_open or action not in _NEEDS_OPEN_LISTING)
    )


def _is_open(listing: Listing, moment: datetime) -> bool:
    return listing.status == Status.OPEN and listing.ends_at > moment


def _may_thank(session: Session, conversation: Conversation, side: Side) -> bool:
    listing = session.get_one(Listing, conversation.listing_id)
    helped = Side.POSTER if listing.kind == Kind.REQUEST else Side.ANSWERER
    outcome = session.get_one(Outcome, conversation.id)
    return (
        side is helped
        and outcome.state == State.DONE
        and conversations.silence(session, conversation, side) is None
        and not messages.said_once(session, conversation, side, MessageKind.THANKS)
    )


def _before(session: Session, outcome: Outcome) -> int:
    earlier = sa.tuple_(Outcome.since, Outcome.conversation_id) < sa.tuple_(
        sa.literal(outcome.since, UTCDateTime), sa.literal(outcome.conversation_id)
    )
    return (
        session.scalar(
            sa.select(sa.func.count())
            .select_from(Outcome)
            .where(Outcome.listing_id == outcome.listing_id, Outcome.state == State.WAITING)
            .where(earlier)
        )
        or 0
    )
