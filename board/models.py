"""Every table of the board in one place, for whoever needs the whole schema."""

from board.alerts import Alert
from board.audit import AuditEntry
from board.bans import Ban
from board.blocks import Block
from board.calls import Asked, Call
from board.cases import Case
from board.consent import Consent
from board.conversations import Conversation
from board.db import BoardState, Tombstone
from board.erasures import Erasure
from board.figures import CountedDay, Figure, FigureWait, UnmetNeeds
from board.information import OfficialInformation
from board.kept_bans import KeptBan
from board.limits import NetworkSecret, Sighting
from board.links import Link
from board.listings import Listing, ListingCategory
from board.members import Member
from board.messages import Message
from board.organisations import Membership, Organisation
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

ALL = (
    Alert,
    Asked,
    AuditEntry,
    Ban,
    Block,
    BoardState,
    Consent,
    Call,
    Case,
    Conversation,
    CountedDay,
    Erasure,
    Figure,
    FigureWait,
    Grant,
    ImportedRow,
    KeptBan,
    Link,
    Listing,
    ListingCategory,
    Member,
    MemberSession,
    Membership,
    Message,
    NetworkSecret,
    OfficialInformation,
    Organisation,
    OutboxRow,
    Passkey,
    PasskeyChallenge,
    Outcome,
    PostingKey,
    PreferencesRow,
    PublicAnswer,
    PushSubscription,
    Question,
    Reader,
    ReaderDay,
    ReaderSalt,
    RecoveryCode,
    RelayedListing,
    Report,
    Sighting,
    SignInCode,
    SpentProof,
    Suspension,
    Telling,
    Tombstone,
    UnmetNeeds,
)
