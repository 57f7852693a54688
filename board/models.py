"""Every table of the board in one place, for whoever needs the whole schema."""

from board.alerts import Alert
from board.answers import Answer
from board.audit import AuditEntry
from board.blocks import Block
from board.db import BoardState, Tombstone
from board.information import OfficialInformation
from board.links import Link
from board.listings import Listing, ListingCategory
from board.members import Member
from board.organisations import Membership, Organisation
from board.outbox import OutboxRow
from board.posting import PostingKey
from board.questions import PublicAnswer, Question
from board.readers import Reader, ReaderDay, ReaderSalt
from board.roles import Grant
from board.sessions import MemberSession
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
    Membership,
    OfficialInformation,
    Organisation,
    OutboxRow,
    PostingKey,
    PublicAnswer,
    Question,
    Reader,
    ReaderDay,
    ReaderSalt,
    Tombstone,
)
