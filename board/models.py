"""Every table of the board in one place, for whoever needs the whole schema."""

from board.alerts import Alert
from board.audit import AuditEntry
from board.blocks import Block
from board.conversations import Conversation
from board.db import BoardState, Tombstone
from board.information import OfficialInformation
from board.links import Link
from board.listings import Listing, ListingCategory
from board.members import Member
from board.messages import Message
from board.organisations import Membership, Organisation
from board.outbox import OutboxRow
from board.outcomes import Outcome
from board.passkeys import Passkey, PasskeyChallenge
from board.posting import PostingKey
from board.questions import PublicAnswer, Question
from board.readers import Reader, ReaderDay, ReaderSalt
from board.recovery import RecoveryCode
from board.relays import RelayedListing
from board.roles import Grant
from board.sessions import MemberSession
from board.sign_in import SignInCode
from board.sources import ImportedRow

ALL = (
    Alert,
    AuditEntry,
    Block,
    BoardState,
    Conversation,
    Grant,
    ImportedRow,
    Link,
    Listing,
    ListingCategory,
    Member,
    MemberSession,
    Membership,
    Message,
    OfficialInformation,
    Organisation,
    OutboxRow,
    Passkey,
    PasskeyChallenge,
    Outcome,
    PostingKey,
    PublicAnswer,
    Question,
    Reader,
    ReaderDay,
    ReaderSalt,
    RecoveryCode,
    RelayedListing,
    SignInCode,
    Tombstone,
)
