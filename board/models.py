"""Every table of the board in one place, for whoever needs the whole schema."""

from board.alerts import Alert
from board.answers import Answer
from board.audit import AuditEntry
from board.blocks import Block
from board.db import BoardState, Tombstone
from board.links import Link
from board.listings import Listing, ListingCategory
from board.members import Member
from board.outbox import OutboxRow
from board.passkeys import Passkey, PasskeyChallenge
from board.posting import PostingKey
from board.recovery import RecoveryCode
from board.relays import RelayedListing
from board.roles import Grant
from board.sessions import MemberSession
from board.sign_in import SignInCode
from board.sources import ImportedRow

ALL = (
    Alert,
    Answer,
    AuditEntry,
    Block,
    BoardState,
    Grant,
    ImportedRow,
    Link,
    Listing,
    ListingCategory,
    Member,
    MemberSession,
    OutboxRow,
    Passkey,
    PasskeyChallenge,
    PostingKey,
    RecoveryCode,
    RelayedListing,
    SignInCode,
    Tombstone,
)
