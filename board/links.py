"""Single-use links: a random token with a purpose and an end, stored as a hash.

A link is used up by success, never by being looked at or by a refused form.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import codes, outbox
from board.db import Base, BigId, UTCDateTime, now
from board.errors import LinkRefused

if TYPE_CHECKING:
    from board.context import Board

CONFIRM_LISTING = "confirm-listing"
CLOSE_LISTING = "close-listing"
EDIT_LISTING = "edit-listing"
EXTEND_LISTING = "extend-listing"
CONFIRM_ALERT = "confirm-alert"
CONFIRM_MESSAGE = "confirm-message"
CONFIRM_PARTNER = "confirm-partner"
CONFIRM_QUESTION = "confirm-question"
#: Opens one conversation to one of its two; not used up by being used.
CONVERSATION = "conversation"
KEEP_TALKING = "keep-talking"
#: Shows, hands out or erases what is kept about an address.
OWN_DATA = "own-data"
REWORD_LISTING = "reword-listing"
#: Proves that mail arrives at its member's address.
TEST_MAIL = "test-mail"
APPEAL = "appeal"
CONFIRMATIONS = (
    CONFIRM_LISTING,
    CONFIRM_ALERT,
    CONFIRM_MESSAGE,
    CONFIRM_PARTNER,
    CONFIRM_QUESTION,
)
#: Of what `subject_id` is the number.
OF_LISTINGS = (CONFIRM_LISTING, CLOSE_LISTING, EDIT_LISTING, EXTEND_LISTING, REWORD_LISTING)
OF_ALERTS = (CONFIRM_ALERT,)
OF_CONVERSATIONS = (CONFIRM_MESSAGE, CONVERSATION, KEEP_TALKING)
OF_ORGANISATIONS = (CONFIRM_PARTNER,)
OF_QUESTIONS = (CONFIRM_QUESTION,)

#: How long each kind of link opens something.
LIFETIMES = {
    CONFIRM_LISTING: timedelta(days=3),
    CONFIRM_ALERT: timedelta(days=3),
    CONFIRM_MESSAGE: timedelta(days=3),
    CONFIRM_PARTNER: timedelta(days=3),
    CONFIRM_QUESTION: timedelta(days=3),
    CLOSE_LISTING: timedelta(days=400),
    EDIT_LISTING: timedelta(days=400),
    EXTEND_LISTING: timedelta(days=400),
    CONVERSATION: timedelta(days=90),
    KEEP_TALKING: timedelta(days=90),
    OWN_DATA: timedelta(hours=1),
    TEST_MAIL: timedelta(days=1),
    REWORD_LISTING: timedelta(days=14),
    APPEAL: timedelta(days=30),
}
#: How often, and how long, a code may be typed in place of a link; the link outlives it.
CODE_TRIES = 5
CODE_LIFETIME = timedelta(minutes=10)
#: Confirmations that one address may have waiting at a time: nobody's inbox is a target.
WAITING_PER_ADDRESS = 3
_WAITING_WINDOW = timedelta(days=1)


class Link(Base):
    """What was mailed, without the token itself."""

    __tablename__ = "links"
    __table_args__ = (sa.Index("ix_links_subject_id", "subject_id", "purpose"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    purpose: Mapped[str] = mapped_column(sa.String(16))
    subject_id: Mapped[int] = mapped_column(
        sa.BigInteger, comment="id of the listing, alert or conversation"
    )
    address_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sealed: Mapped[bytes | None] = mapped_column(
        sa.LargeBinary,
        comment="encrypted: address; only of links that need it, until they are used",
    )
    tries: Mapped[int] = mapped_column(
        sa.SmallInteger, default=0, comment="codes that were typed in its place"
    )


def issue(
    session: Session,
    purpose: str,
    subject_id: int,
    address_hash: str,
    *,
    sealed: bytes | None = None,
) -> str:
    """Make a link; returns the token, which is kept nowhere else.

    `sealed` is the encrypted address, for a link that has to know it.
    """
    token = secrets.token_urlsafe(24)
    moment = now(session)
    session.add(
        Link(
            token_hash=_hash(token),
            purpose=purpose,
            subject_id=subject_id,
            address_hash=address_hash,
            sealed=sealed,
            created_at=moment,
            expires_at=moment + LIFETIMES[purpose],
        )
    )
    return token


def ask(
    session: Session,
    board: Board,
    purpose: str,
    subject_id: int,
    email: str,
    locale: str,
    *,
    listing_id: int | None = None,
    alert_id: int | None = None,
    conversation_id: int | None = None,
    after: timedelta = timedelta(),
) -> int:
    """Make the link that confirms something, and write the mail that carries it.

    Returns the id of the outbox row. `purpose` names both the link and the mail; the mail goes
    out `after` so much time.
    """
    token = issue(session, purpose, subject_id, address_hash(board.settings.secret_key, email))
    mail = outbox.NewRow(
        purpose=purpose,
        once=f"{purpose}:{subject_id}",
        listing_id=listing_id,
        alert_id=alert_id,
        conversation_id=conversation_id,
        locale=locale,
        payload=board.vault.seal(json.dumps({"email": email, "token": token})),
        after=after,
    )
    return outbox.add(session, mail)


def may_confirm(session: Session, address_hash: str) -> bool:
    """Whether this address may get one more mail that asks for a confirmation.

    Confirmed ones do not count, so that somebody who really posts is never held up.
    """
    return _has_few(session, address_hash, CONFIRMATIONS, WAITING_PER_ADDRESS)


def may_get(session: Session, address_hash: str, purpose: str, subject_id: int, most: int) -> bool:
    """Whether this address has fewer than `most` unused links of a kind from within a day."""
    return _has_few(session, address_hash, (purpose,), most, Link.subject_id == subject_id)


def _has_few(
    session: Session,
    address_hash: str,
    purposes: tuple[str, ...],
    most: int,
    *also: sa.ColumnElement[bool],
) -> bool:
    hold_address(session, address_hash)
    waiting = session.scalar(
        sa.select(sa.func.count(Link.id)).where(
            Link.address_hash == address_hash,
            Link.purpose.in_(purposes),
            Link.used_at.is_(None),
            Link.created_at > now(session) - _WAITING_WINDOW,
            *also,
        )
    )
    return (waiting or 0) < most


def hold_address(session: Session, address_hash: str) -> None:
    """Hold an address to the end of the unit: units that count for it wait for each other.

    Without it, simultaneous ones would count the same state on PostgreSQL.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = int(address_hash[:15], 16)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def find(session: Session, token: str, *, lock: bool = False) -> Link:
    """The link that this token opens now.

    With `lock`, the row is held to the end of the unit, so that two clicks act once.
    """
    query = sa.select(Link).where(Link.token_hash == _hash(token))
    link = session.scalar(query.with_for_update() if lock else query)
    if link is None:
        raise LinkRefused("unknown")
    if link.used_at is not None:
        raise LinkRefused("used")
    if link.expires_at <= now(session):
        raise LinkRefused("expired")
    return link


def code_of(board: Board, token: str) -> str:
    """The code that may be typed in place of the link of this token."""
    return _code(board, _hash(token))


def find_by_code(
    session: Session, board: Board, purpose: str, subject_id: int, typed: str
) -> Link | None:
    """The link in whose place this code was typed; None for a wrong code, one too many or too late.

    The try is counted before the code is looked at, in the statement that finds the row, so that
    guesses sent at once are counted one by one; the row is held to the end of the unit.
    """
    link = session.scalar(
        sa.update(Link)
        .where(
            Link.purpose == purpose,
            Link.subject_id == subject_id,
            Link.used_at.is_(None),
            Link.created_at > now(session) - CODE_LIFETIME,
            Link.tries < CODE_TRIES,
        )
        .values(tries=Link.tries + 1)
        .returning(Link)
        .execution_options(synchronize_session=False)
    )
    if link is None:
        return None
    expected = _code(board, link.token_hash).encode()
    right = hmac.compare_digest(expected, codes.typed(typed).encode())
    return link if right else None


def _code(board: Board, token_hash: str) -> str:
    return codes.derived(board.vault.key("code in place of a link"), token_hash)


def spend(session: Session, link: Link) -> None:
    """Use the link up; call it beside the deed it allowed, in the same unit."""
    link.used_at, link.sealed = now(session), None


def address_hash(secret_key: str, email: str) -> str:
    """A keyed hash of an address: enough to count by, useless without the key."""
    return hmac.new(secret_key.encode(), b"address:" + email.encode(), "sha256").hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
