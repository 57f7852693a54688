"""Everything that is kept about somebody: one list of all tables, and whose their rows are.

What is shown to a person and what is erased follow this list; a test fails on a table that is
missing here. Rows stand before those that they refer to, so that they can be deleted in order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from board import cases, links, messages, outbox
from board.alerts import Alert
from board.audit import AuditEntry
from board.bans import Ban
from board.blocks import Block
from board.calls import Asked, Call
from board.cases import Case
from board.consent import Consent
from board.conversations import Conversation, ConversationStatus
from board.db import Base, BoardState, Tombstone
from board.erasures import Erasure
from board.figures import CountedDay, Figure, FigureWait, UnmetNeeds
from board.i18n import N_
from board.information import OfficialInformation
from board.kept_bans import KeptBan
from board.limits import LISTING as SENT_LISTING
from board.limits import NetworkSecret, Sighting
from board.links import Link
from board.listings import Listing, ListingCategory
from board.members import Member
from board.messages import Message
from board.organisations import Membership, Organisation
from board.organisations import Status as OrganisationStatus
from board.outbox import OutboxRow
from board.outcomes import Outcome
from board.passkeys import Passkey, PasskeyChallenge
from board.posting import PostingKey
from board.preferences import PreferencesRow
from board.proofs import SpentProof
from board.push_subscriptions import PushSubscription
from board.questions import PublicAnswer, Question
from board.readers import Reader, ReaderDay, ReaderSalt
from board.recovery import RecoveryCode
from board.relays import RelayedListing
from board.reports import Report
from board.roles import Grant
from board.sessions import MemberSession
from board.sign_in import SignInCode
from board.sources import ImportedRow
from board.suspensions import Suspension
from board.tellings import Telling

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
        return sa.select(Conversation.id).where(_converses(self))

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


Rule = Callable[[Person], Condition]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalTable:
    """One table, and how its rows belong to a person."""

    model: type[Base]
    #: Msgid: what the table holds, for the reader of one's own data.
    title: str = ""
    #: The rows about a person; None where nothing in the table is about anybody.
    whose: Rule | None = None
    #: Those of them that the person may see, where that is fewer.
    shown: Rule | None = None
    #: Columns that are shown to nobody: numbers of other people, hashes, what is encrypted.
    hidden: frozenset[str] = frozenset()
    #: Why the rows stay when the person is erased, or hold nothing personal; "" where they go.
    stays: str = ""

    @property
    def name(self) -> str:
        return str(self.model.__tablename__)

    def seen_by(self, person: Person) -> Condition | None:
        """The rows that this person is shown."""
        rule = self.shown or self.whose
        return None if rule is None else rule(person)


def _converses(person: Person) -> Condition:
    return sa.or_(
        person.is_in(Conversation.poster_id),
        person.is_in(Conversation.answerer_id),
        person.is_at(Conversation.pending_email),
    )


def _seen_conversations(person: Person) -> Condition:
    """Also those that wait for this person's confirmation; not for another's.

    Not those of which a moderator or a block has let nothing pass to this person.
    """
    confirmed = sa.and_(
        person.is_in(Conversation.poster_id),
        Conversation.status != ConversationStatus.PENDING,
        messages.heard_by("poster"),
    )
    return sa.or_(confirmed, Conversation.id.in_(_own_first_words(person)))


def _consented(person: Person) -> Condition:
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


def _seen_messages(person: Person) -> Condition:
    """What this person wrote, and what the other side wrote and nothing keeps back."""
    confirmed = sa.select(Conversation.id).where(
        _converses(person), Conversation.status != ConversationStatus.PENDING
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


def _mails(person: Person) -> Condition:
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


def _links(person: Person) -> Condition:
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


def _looked_at(person: Person, model: type[Case] | type[Report]) -> Condition:
    """Rows about this person's listings and conversations."""
    return sa.or_(
        sa.and_(model.subject == cases.LISTING, model.subject_id.in_(person.listings)),
        sa.and_(model.subject == cases.MESSAGE, model.subject_id.in_(person.messages)),
    )


def _looked_at_openly(person: Person) -> Condition:
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


def _reported(person: Person) -> Condition:
    return (
        sa.false() if person.member_id is None else Report.reporter == f"member:{person.member_id}"
    )


#: Every table of the board, the referring ones first.
TABLES: Final = (
    PersonalTable(
        model=OutboxRow,
        title=N_("Mails"),
        whose=_mails,
        shown=lambda person: person.is_in(OutboxRow.member_id),
        hidden=frozenset(
            {"payload", "lease", "lease_until", "once", "listing_id", "alert_id", "error"}
            | {"conversation_id", "member_id", "attempts", "channel"}
        ),
    ),
    PersonalTable(
        model=Consent,
        title=N_("What you agreed to"),
        whose=_consented,
        hidden=frozenset({"member_id", "subject_id"}),
    ),
    PersonalTable(
        model=Question,
        title=N_("What you asked organisations"),
        # Before the links, by which those are known that nobody has confirmed.
        whose=lambda person: Question.id.in_(person.questions),
        hidden=frozenset({"sealed", "asker_id", "assigned_to", "organisation_id"}),
    ),
    PersonalTable(
        model=Link,
        title=N_("Links that were mailed to you"),
        whose=_links,
        shown=lambda person: Link.address_hash == person.address_hash,
        hidden=frozenset({"token_hash", "address_hash", "subject_id", "sealed"}),
    ),
    PersonalTable(
        model=SignInCode,
        title=N_("Codes to sign in"),
        whose=lambda person: SignInCode.address_hash == person.address_hash,
        hidden=frozenset({"browser_hash", "code_hash", "address_hash", "sealed"}),
    ),
    PersonalTable(
        model=Report,
        title=N_("What you reported"),
        whose=lambda person: sa.or_(_reported(person), _looked_at(person, Report)),
        # Who reported something of this person is not told.
        shown=_reported,
        hidden=frozenset({"subject_id", "reporter"}),
    ),
    PersonalTable(
        model=Case,
        title=N_("What moderators looked at"),
        whose=lambda person: _looked_at(person, Case),
        shown=_looked_at_openly,
        hidden=frozenset({"subject_id", "decided_by"}),
    ),
    PersonalTable(
        model=Sighting,
        title=N_("What came from your network"),
        whose=lambda person: sa.and_(
            Sighting.what == SENT_LISTING, Sighting.subject_id.in_(person.listings)
        ),
        hidden=frozenset({"network_hash", "subject_id"}),
    ),
    PersonalTable(
        model=Ban,
        title=N_("Bans, and your appeals"),
        whose=lambda person: person.is_in(Ban.member_id),
        hidden=frozenset({"member_id", "banned_by", "appeal_decided_by"}),
    ),
    PersonalTable(
        model=PostingKey,
        title=N_("Forms that you sent"),
        whose=lambda person: PostingKey.listing_id.in_(person.listings),
        hidden=frozenset({"key", "body_hash", "listing_id"}),
    ),
    PersonalTable(
        model=Outcome,
        title=N_("What came of your conversations"),
        whose=lambda person: Outcome.conversation_id.in_(person.conversations),
        shown=lambda person: Outcome.conversation_id.in_(
            sa.select(Conversation.id).where(_seen_conversations(person))
        ),
        hidden=frozenset({"listing_id", "step"}),
    ),
    PersonalTable(
        model=Message,
        title=N_("Messages that you wrote, and that were written to you"),
        whose=lambda person: Message.conversation_id.in_(person.conversations),
        shown=_seen_messages,
        # Whether a block kept one's own words back tells that somebody has blocked.
        hidden=frozenset({"once", "withheld"}),
    ),
    PersonalTable(
        model=Conversation,
        title=N_("Conversations"),
        whose=_converses,
        shown=_seen_conversations,
        hidden=frozenset({"poster_id", "answerer_id", "poster_read", "answerer_read"}),
    ),
    PersonalTable(
        model=RelayedListing,
        title=N_("What was posted for people without internet"),
        whose=lambda person: sa.or_(
            person.is_in(RelayedListing.relay_id), RelayedListing.listing_id.in_(person.listings)
        ),
        hidden=frozenset({"relay_id", "code_hash", "tries"}),
    ),
    PersonalTable(
        model=Telling,
        title=N_("What you are told of in digests"),
        whose=lambda person: sa.or_(
            person.is_in(Telling.member_id), Telling.listing_id.in_(person.listings)
        ),
        # Whom a listing of this person was told to is not shown.
        shown=lambda person: person.is_in(Telling.member_id),
        hidden=frozenset({"member_id", "listing_id", "alert_id"}),
    ),
    PersonalTable(
        model=Asked,
        title=N_("Requests that you were asked about, and why you"),
        whose=lambda person: sa.or_(
            person.is_in(Asked.member_id), Asked.listing_id.in_(person.listings)
        ),
        # Whom a request of this person was sent to is not shown.
        shown=lambda person: person.is_in(Asked.member_id),
        hidden=frozenset({"member_id", "listing_id"}),
    ),
    PersonalTable(
        model=Call,
        title=N_("How your requests were passed on"),
        whose=lambda person: Call.listing_id.in_(person.listings),
        hidden=frozenset({"look", "area"}),
    ),
    PersonalTable(
        model=PreferencesRow,
        title=N_("How you want to be told"),
        whose=lambda person: person.is_in(PreferencesRow.member_id),
        hidden=frozenset({"member_id"}),
    ),
    PersonalTable(
        model=PushSubscription,
        title=N_("Browsers that get notifications"),
        whose=lambda person: person.is_in(PushSubscription.member_id),
        hidden=frozenset({"member_id", "endpoint_hash", "sealed"}),
    ),
    PersonalTable(
        model=Suspension,
        title=N_("Whether mails to you came back"),
        whose=lambda person: person.is_in(Suspension.member_id),
        hidden=frozenset({"member_id"}),
    ),
    PersonalTable(
        model=ListingCategory,
        title=N_("Categories of your listings"),
        whose=lambda person: ListingCategory.listing_id.in_(person.listings),
    ),
    PersonalTable(
        model=Listing,
        title=N_("Listings"),
        whose=lambda person: person.owns(Listing),
        hidden=frozenset(
            {"folded", "revision", "member_id", "imported_row_id", "organisation_id", "location"}
        ),
    ),
    PersonalTable(
        model=Membership,
        title=N_("Organisations that you act for"),
        whose=lambda person: person.is_in(Membership.member_id),
        hidden=frozenset({"member_id", "organisation_id"}),
    ),
    PersonalTable(
        model=Organisation,
        title=N_("Organisations that you applied for"),
        whose=lambda person: Organisation.id.in_(person.applications),
        hidden=frozenset({"evidence", "area"}),
    ),
    PersonalTable(
        model=Alert,
        title=N_("Alerts"),
        whose=lambda person: person.owns(Alert),
        hidden=frozenset({"revision", "member_id", "location"}),
    ),
    PersonalTable(
        model=MemberSession,
        title=N_("Where you are signed in"),
        whose=lambda person: person.is_in(MemberSession.member_id),
        hidden=frozenset({"token_hash", "member_id"}),
    ),
    PersonalTable(
        model=Passkey,
        title=N_("Passkeys"),
        whose=lambda person: person.is_in(Passkey.member_id),
        hidden=frozenset({"credential_id", "public_key", "member_id"}),
    ),
    PersonalTable(
        model=PasskeyChallenge,
        title=N_("Questions to your passkeys"),
        whose=lambda person: person.is_in(PasskeyChallenge.member_id),
        hidden=frozenset({"challenge_hash", "member_id"}),
    ),
    PersonalTable(
        model=RecoveryCode,
        title=N_("Recovery codes"),
        whose=lambda person: person.is_in(RecoveryCode.member_id),
        hidden=frozenset({"code_hash", "member_id"}),
    ),
    PersonalTable(
        model=Grant,
        title=N_("Roles that you have"),
        whose=lambda person: person.is_in(Grant.member_id),
        hidden=frozenset({"member_id", "granted_by"}),
    ),
    PersonalTable(
        model=Block,
        title=N_("Blocks that you have made"),
        whose=lambda person: sa.or_(person.is_in(Block.member_id), person.is_in(Block.blocked_id)),
        # Who blocked this person is not told.
        shown=lambda person: person.is_in(Block.member_id),
        hidden=frozenset({"member_id", "blocked_id"}),
    ),
    PersonalTable(
        model=Member,
        title=N_("You"),
        whose=lambda person: person.is_in(Member.id),
    ),
    PersonalTable(
        model=AuditEntry,
        title=N_("What the board noted of your deeds"),
        whose=lambda person: person.is_in(AuditEntry.member_id),
        hidden=frozenset({"member_id", "subject_id"}),
        stays=N_("It holds numbers and listed words, no address, name or text."),
    ),
    PersonalTable(
        model=KeptBan,
        title=N_("A ban that outlasts an erasure"),
        whose=lambda person: KeptBan.address_hash == person.address_hash,
        hidden=frozenset({"address_hash"}),
        stays=N_("A number made from the address, so that nobody escapes a ban by erasing it."),
    ),
    PersonalTable(
        model=Erasure,
        stays="a keyed hash and a number, so that a restored backup honours the erasure",
    ),
    PersonalTable(model=ImportedRow, stays="rows of public sources, of no member"),
    PersonalTable(model=NetworkSecret, stays="what networks are hashed with; of nobody"),
    PersonalTable(model=SpentProof, stays="puzzles that were solved; nothing says by whom"),
    PersonalTable(model=OfficialInformation, stays="an organisation's words, which it published"),
    PersonalTable(model=PublicAnswer, stays="an organisation's words; nothing leads to who asked"),
    PersonalTable(model=Reader, stays="hashes of one day, whose salt is then forgotten"),
    PersonalTable(model=ReaderDay, stays="how many read something; nothing says who"),
    PersonalTable(model=ReaderSalt, stays="what readers are hashed with for a day; of nobody"),
    PersonalTable(
        model=Figure, stays="how many needs a week and a country had; nothing says whose"
    ),
    PersonalTable(model=FigureWait, stays="how long so many waited, rounded; nothing says who"),
    PersonalTable(model=UnmetNeeds, stays="how many requests an area has today"),
    PersonalTable(model=CountedDay, stays="the day on which that was counted"),
    PersonalTable(model=Tombstone, stays="numbers of rows that are gone"),
    PersonalTable(model=BoardState, stays="one row about the database itself"),
)
