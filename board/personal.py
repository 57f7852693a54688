"""Everything that is kept about somebody: one list of all tables, and whose their rows are.

What is shown to a person and what is erased follow this list; a test fails on a table that is
missing here. Rows stand before those that they refer to, so that they can be deleted in order. The
rules that find somebody's rows are those of `board.person`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from board.alerts import Alert
from board.audit import AuditEntry
from board.bans import Ban
from board.blocks import Block
from board.calls import Asked, Call
from board.cases import Case
from board.consent import Consent
from board.conversations import Conversation
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
from board.outbox import OutboxRow
from board.outcomes import Outcome
from board.passkeys import Passkey, PasskeyChallenge
from board.person import (
    Condition,
    Person,
    consented,
    converses,
    looked_at,
    looked_at_openly,
    mailed_links,
    mails,
    reported,
    seen_conversations,
    seen_messages,
)
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


#: Every table of the board, the referring ones first.
TABLES: Final = (
    PersonalTable(
        model=OutboxRow,
        title=N_("Mails"),
        whose=mails,
        shown=lambda person: person.is_in(OutboxRow.member_id),
        hidden=frozenset(
            {"payload", "lease", "lease_until", "once", "listing_id", "alert_id", "error"}
            | {"conversation_id", "member_id", "attempts", "channel"}
        ),
    ),
    PersonalTable(
        model=Consent,
        title=N_("What you agreed to"),
        whose=consented,
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
        whose=mailed_links,
        shown=lambda person: Link.address_hash == person.address_hash,
        hidden=frozenset({"token_hash", "address_hash", "subject_id", "sealed", "tries"}),
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
        whose=lambda person: sa.or_(reported(person), looked_at(person, Report)),
        # Who reported something of this person is not told.
        shown=reported,
        hidden=frozenset({"subject_id", "reporter"}),
    ),
    PersonalTable(
        model=Case,
        title=N_("What moderators looked at"),
        whose=lambda person: looked_at(person, Case),
        shown=looked_at_openly,
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
            sa.select(Conversation.id).where(seen_conversations(person))
        ),
        hidden=frozenset({"listing_id", "step"}),
    ),
    PersonalTable(
        model=Message,
        title=N_("Messages that you wrote, and that were written to you"),
        whose=lambda person: Message.conversation_id.in_(person.conversations),
        shown=seen_messages,
        # Whether a block kept one's own words back tells that somebody has blocked.
        hidden=frozenset({"once", "withheld"}),
    ),
    PersonalTable(
        model=Conversation,
        title=N_("Conversations"),
        whose=converses,
        shown=seen_conversations,
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
