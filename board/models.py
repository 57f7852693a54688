"""Every table of the board in one place, for whoever needs the whole schema."""

from board.alerts import Alert
from board.answers import Answer
from board.audit import AuditEntry
from board.bans import Ban
from board.blocks import Block
from board.cases import Case
from board.db import BoardState, Tombstone
from board.limits import NetworkSecret, Sighting
from board.links import Link
from board.listings import Listing, ListingCategory
from board.members import Member
from board.outbox import OutboxRow
from board.posting import PostingKey
from board.proofs import SpentProof
from board.reports import Report
from board.roles import Grant
from board.sessions import MemberSession
from board.sources import ImportedRow

ALL = (
    Alert,
    Answer,
    AuditEntry,
    Ban,
    Block,
    BoardState,
    Case,
    Grant,
    ImportedRow,
    Link,
    Listing,
    ListingCategory,
    Member,
    MemberSession,
    NetworkSecret,
    OutboxRow,
    PostingKey,
    Report,
    Sighting,
    SpentProof,
    Tombstone,
)
