"""Whose a row is: a person, and the rules that find their rows in the tables of the board."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from board import cases, links, messages, outbox
from board.alerts import Alert
from board.cases import Case
from board.consent import Consent
from board.conversations import Conversation, ConversationStatus
from board.links import Link
from board.listings import Listing
from board.messages import Message
from board.organisations import Membership, Organisation
from board.organisations import Status as OrganisationStatus
from board.outbox import OutboxRow
from board.questions import Question
from board.reports import Report
from board.sign_in import SignInCode

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Person:
    """Somebody, known by what rows say of people: a member's number, an address, its hash."""

    #: None for an address that was never confirmed.
    member_id: int | None
    #: None for somebody whom a relay speaks for.
    email: str | None
    #: As links carry it.
    address_hash: str

    @cached_property
    def listings(self) -> sa.Select[int]:
        """Ids of this person's listings."""
        return sa.select(Listing.id).where(self.owns(Listing))

    @cached_property
    def alerts(self) -> sa.Select[int]:
        """Ids of this person's alerts."""
        return sa.select(Alert.id).where(self.owns(Alert))

    @cached_property
    def conversations(self) -> sa.Select[int]:
        """Ids of the conversations that this person is one of the two of."""
        return sa.select(Conversation.id).where(converses(self))

    @cached_property
    def messages(self) -> sa.Select[int]:
        """Ids of what was said in this person's conversations."""
        return sa.select(Message.id).where(Message.conversation_id.in_(self.conversations))

    @cached_property
    def questions(self) -> sa.Select[int]:
        """Ids of what this person asked organisations, also before it was confirmed."""
        # Their address is sealed; the link that was mailed to it has its hash.
        waiting = sa.select(Link.subject_id).where(
            Link.purpose.in_(links.OF_QUESTIONS), Link.address_hash == self.address_hash
        )
        asked = sa.or_(
            self.is_in(Question.asker_id),
            sa.and_(Question.asker_id.is_(None), Question.id.in_(waiting)),
        )
        return sa.select(Question.id).where(asked)

    @cached_property
    def applications(self) -> sa.Select[int]:
        """Ids of the organisations for which this person alone applied, and that never spoke."""
        seated = sa.select(Membership.organisation_id)
        mine = seated.where(self.is_in(Membership.member_id))
        others = seated.where(sa.not_(self.is_in(Membership.member_id)))
        unheard = (OrganisationStatus.APPLIED, OrganisationStatus.REFUSED)
        return sa.select(Organisation.id).where(
            sa.or_(
                self.is_at(Organisation.pending_email),
                sa.and_(
                    Organisation.status.in_(unheard),
                    Organisation.id.in_(mine),
                    Organisation.id.not_in(others),
                ),
            )
        )

    def owns(self, model: type[Listing] | type[Alert]) -> Condition:
        """Rows of this member, and those that wait for the address to be confirmed.

        Official information is its organisation's, whoever wrote it.
        """
        mine = sa.or_(self.is_in(model.member_id), self.is_at(model.pending_email))
        return sa.and_(mine, Listing.organisation_id.is_(None)) if model is Listing else mine

    def is_in(self, column: Any) -> Condition:
        """Rows whose column holds this member's number; none for who is no member."""
        return sa.false() if self.member_id is None else column == self.member_id

    def is_at(self, column: Any) -> Condition:
        """Rows whose column holds this address."""
        return sa.false() if self.email is None else column == self.email


def converses(person: Person) -> Condition:
    """Conversations that this person is one of the two of, or began without confirming it yet."""
    return sa.or_(
        person.is_in(Conversation.poster_id),
        person.is_in(Conversation.answerer_id),
        person.is_at(Conversation.pending_email),
    )


def seen_conversations(person: Person) -> Condition:
    """Also those that wait for this person's confirmation; not for another's.

    Not those of which a moderator or a block has let nothing pass to this person.
    """
    confirmed = sa.and_(
        person.is_in(Conversation.poster_id),
        Conversation.status != ConversationStatus.PENDING,
        messages.heard_by("poster"),
    )
    return sa.or_(confirmed, Conversation.id.in_(_own_first_words(person)))


def consented(person: Person) -> Condition:
    """By the member, or with what waits for its confirmation."""
    rows = (
        (Listing.__tablename__, person.listings),
        (Alert.__tablename__, person.alerts),
        (Conversation.__tablename__, _own_first_words(person)),
        (Question.__tablename__, person.questions),
        (Organisation.__tablename__, person.applications),
    )
    return sa.or_(
        person.is_in(Consent.member_id),
        *(sa.and_(Consent.subject == name, Consent.subject_id.in_(ids)) for name, ids in rows),
    )


def _own_first_words(person: Person) -> sa.Select[int]:
    """Conversations that this person began."""
    return sa.select(Conversation.id).where(
        sa.or_(person.is_in(Conversation.answerer_id), person.is_at(Conversation.pending_email))
    )


def seen_messages(person: Person) -> Condition:
    """What this person wrote, and what the other side wrote and nothing keeps back."""
    confirmed = sa.select(Conversation.id).where(
        converses(person), Conversation.status != ConversationStatus.PENDING
    )
    return sa.or_(_said(person), sa.and_(Message.conversation_id.in_(confirmed), messages.passed()))


def _said(person: Person) -> Condition:
    """What this person wrote."""
    mine = sa.select(Conversation.id).where(
        sa.or_(
            sa.and_(Message.side == "poster", person.is_in(Conversation.poster_id)),
            sa.and_(
                Message.side == "answerer",
                sa.or_(
                    person.is_in(Conversation.answerer_id),
                    person.is_at(Conversation.pending_email),
                ),
            ),
        ),
        Conversation.id == Message.conversation_id,
    )
    return mine.exists()


def mails(person: Person) -> Condition:
    """Mails to this person, and whatever is about a listing, alert or conversation of theirs."""
    confirmed = (
        (links.CONFIRM_QUESTION, person.questions),
        (links.CONFIRM_PARTNER, person.applications),
    )
    asked = (
        (outbox.SIGN_IN_CODE, SignInCode.browser_hash, SignInCode.address_hash),
        (outbox.OWN_DATA, Link.token_hash, Link.address_hash),
    )
    return sa.or_(
        person.is_in(OutboxRow.member_id),
        OutboxRow.listing_id.in_(person.listings),
        OutboxRow.alert_id.in_(person.alerts),
        OutboxRow.conversation_id.in_(person.conversations),
        *(
            OutboxRow.once.in_(
                sa.select(sa.literal(f"{purpose}:") + which).where(address == person.address_hash)
            )
            for purpose, which, address in asked
        ),
        *(
            OutboxRow.once.in_(
                sa.select(sa.literal(f"{purpose}:") + sa.cast(ids.subquery().c.id, sa.String))
            )
            for purpose, ids in confirmed
        ),
    )


def mailed_links(person: Person) -> Condition:
    """Mailed to this address, or opening something of this person's."""
    return sa.or_(
        Link.address_hash == person.address_hash,
        *(
            sa.and_(Link.purpose.in_(purposes), Link.subject_id.in_(ids))
            for purposes, ids in (
                (links.OF_LISTINGS, person.listings),
                (links.OF_ALERTS, person.alerts),
                (links.OF_CONVERSATIONS, person.conversations),
                (links.OF_QUESTIONS, person.questions),
                (links.OF_ORGANISATIONS, person.applications),
            )
        ),
    )


def looked_at(person: Person, model: type[Case] | type[Report]) -> Condition:
    """Rows about this person's listings and conversations."""
    return sa.or_(
        sa.and_(model.subject == cases.LISTING, model.subject_id.in_(person.listings)),
        sa.and_(model.subject == cases.MESSAGE, model.subject_id.in_(person.messages)),
    )


def looked_at_openly(person: Person) -> Condition:
    """Of messages, this person's own alone, and not what only the other side can have reported."""
    own = sa.select(Message.id).where(_said(person))
    return sa.or_(
        sa.and_(Case.subject == cases.LISTING, Case.subject_id.in_(person.listings)),
        sa.and_(
            Case.subject == cases.MESSAGE,
            Case.subject_id.in_(own),
            Case.reasons != cases.REPORTED,
        ),
    )


def reported(person: Person) -> Condition:
    """What this member reported; a guest's reports bear no name."""
    return (
        sa.false() if person.member_id is None else Report.reporter == f"member:{person.member_id}"
    )
