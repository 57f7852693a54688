"""The outbox: what must be sent is a row written in the same transaction as its cause.

Workers claim a row by a lease, do the work with no connection held, and record the outcome. A
queue only makes it quick: `due_ids` finds whatever no queue remembers.
"""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, BigId, Database, UTCDateTime, insert_all_new, now, one_of
from board.errors import BoardError
from board.secrecy import Unreadable, Vault
from config.settings import LEASE_S

_log = structlog.get_logger(__name__)

#: Purposes. The first two are events that fan out; the others are sent to somebody.
LISTING_OPENED = "listing-opened"
WAVE = "wave"
CONFIRM_LISTING = "confirm-listing"
CONFIRM_ALERT = "confirm-alert"
CONFIRM_MESSAGE = "confirm-message"
CONVERSATION_OPENED = "conversation-opened"
MESSAGE = "message"
OUTCOME = "outcome"
STILL_NEEDED = "still-needed"
STILL_TALKING = "still-talking"
MAIL_REFUSED = "mail-refused"
LISTING_PUBLISHED = "listing-published"
CONFIRM_PARTNER = "confirm-partner"
CONFIRM_QUESTION = "confirm-question"
ORGANISATION_APPLIED = "organisation-applied"
ORGANISATION_DECIDED = "organisation-decided"
ORGANISATION_JOINED = "organisation-joined"
ROLE_GRANTED = "role-granted"
ROLE_REVOKED = "role-revoked"
INFORMATION_ENDING = "information-ending"
QUESTION_ASKED = "question-asked"
QUESTION_ANSWERED = "question-answered"
MATCH = "match"
DIGEST = "digest"
LISTING_CHANGED = "listing-changed"
SIGN_IN_CODE = "sign-in-code"
OWN_DATA = "own-data"
TEST_MAIL = "test-mail"
LISTING_HELD = "listing-held"
LISTING_REFUSED = "listing-refused"
EDIT_ASKED = "edit-asked"
MESSAGE_REFUSED = "message-refused"
BANNED = "banned"
APPEAL_DECIDED = "appeal-decided"

#: What `OutboxRow.channel` holds: an event is worked on here, all else is a channel of
#: `board.channels`.
EVENT, EMAIL, PUSH = "event", "email", "push"

EVENTS = frozenset({LISTING_OPENED, WAVE})

PENDING, SENT, DROPPED, DEAD = "pending", "sent", "dropped", "dead"

#: Class of the failure of a row whose workers died again and again.
ABANDONED = "abandoned"

#: By default; an installation may choose another one (LEASE_S).
LEASE = timedelta(seconds=LEASE_S)
MAX_ATTEMPTS = 8
#: A defect of ours does not pass by waiting.
MAX_FAILURES = 3
_BACKOFF_BASE_S = 10.0
_BACKOFF_MAX_S = 3600.0


class OutboxRow(Base):
    """One thing to do or to send, exactly one row per cause, recipient and channel."""

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index(
            "ix_outbox_waiting",
            "due_at",
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    purpose: Mapped[str] = mapped_column(sa.String(24))
    channel: Mapped[str] = mapped_column(sa.String(8), comment="event, email or push")
    once: Mapped[str] = mapped_column(
        sa.String(96), unique=True, comment="cause, recipient and channel: what may exist once"
    )
    listing_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    alert_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    conversation_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    member_id: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)
    locale: Mapped[str] = mapped_column(sa.String(8), default="fr")
    payload: Mapped[bytes | None] = mapped_column(
        sa.LargeBinary, comment="encrypted: address and token; erased on delivery"
    )
    status: Mapped[str] = mapped_column(sa.String(8), default=PENDING)
    attempts: Mapped[int] = mapped_column(sa.Integer, default=0)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease: Mapped[str | None] = mapped_column(sa.String(32), comment="who holds the row")
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str] = mapped_column(sa.String(64), default="", comment="class of the failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """What a cause asks to be sent or done."""

    purpose: str
    #: Cause, recipient and channel in one text: no second row may carry it.
    once: str
    #: On which way it goes; an event goes on none.
    channel: str = EMAIL
    listing_id: int | None = None
    alert_id: int | None = None
    conversation_id: int | None = None
    member_id: int | None = None
    locale: str = "fr"
    #: Sealed by the vault.
    payload: bytes | None = None
    #: How much later than now it is to be done.
    after: timedelta = timedelta()


class PayloadGone(BoardError):
    """What the row carried is not there any more: a server refused the mail for good."""


class _Gone(dict[str, str]):
    """The payload of a row that has none: whoever needs something of it learns that."""

    def __missing__(self, key: str) -> str:
        raise PayloadGone(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A row held by this process, with its payload decrypted."""

    id: int
    purpose: str
    channel: str
    once: str
    listing_id: int | None
    alert_id: int | None
    conversation_id: int | None
    member_id: int | None
    locale: str
    payload: Mapping[str, str]
    attempts: int
    lease: str
    #: How long it is held from its claim, and from each renewal.
    lasts: timedelta


def add(session: Session, row: NewRow) -> int:
    """Write a row into the unit of work of its cause; returns its id."""
    stored = OutboxRow(**_values(row, now(session)))
    session.add(stored)
    session.flush()
    return stored.id


def add_missing(session: Session, rows: Sequence[NewRow]) -> list[int]:
    """As `add`, for many rows, without those of which the outbox holds a row of the same `once`.

    The database decides: of two processes that ask for the same thing, one writes it. Returns the
    ids of the new rows.
    """
    moment = now(session)
    return insert_all_new(session, OutboxRow, ["once"], [_values(row, moment) for row in rows])


def _values(row: NewRow, moment: datetime) -> dict[str, object]:
    return {
        "purpose": row.purpose,
        "channel": EVENT if row.purpose in EVENTS else row.channel,
        "once": row.once,
        "listing_id": row.listing_id,
        "alert_id": row.alert_id,
        "conversation_id": row.conversation_id,
        "member_id": row.member_id,
        "locale": row.locale,
        "payload": row.payload,
        "due_at": moment + row.after,
        "created_at": moment,
    }


def known(session: Session, onces: Collection[str]) -> set[str]:
    """Those of the texts with which a row was ever written."""
    return set(
        session.scalars(sa.select(OutboxRow.once).where(one_of(session, OutboxRow.once, onces)))
    )


def count_today(session: Session, purpose: str, conversation_id: int, member_id: int) -> int:
    """How many rows of a purpose this member was written in this conversation within a day."""
    found = session.scalar(
        sa.select(sa.func.count(OutboxRow.id)).where(
            OutboxRow.member_id == member_id,
            OutboxRow.conversation_id == conversation_id,
            OutboxRow.purpose == purpose,
            OutboxRow.created_at > now(session) - timedelta(days=1),
        )
    )
    return found or 0


def claim(db: Database, vault: Vault, row_id: int, *, lasts: timedelta = LEASE) -> Claim | None:
    """Hold a due row for so long; None when it is done, not due, or held by somebody.

    None too after `MAX_ATTEMPTS` claims that nobody ended, and then it is dead.
    And None when its payload cannot be read: the row is postponed, so that it stops no other.
    """
    with db.write() as session:
        row = next(iter(_claimed(session, lasts, OutboxRow.id == row_id)), None)
        if row is None:
            return None
        held, sealed = _as_claim(row, lasts), row.payload
        if row.attempts > MAX_ATTEMPTS:
            # Nobody gave it up: each of its workers died with it, and so would the next ones.
            _update_held(session, held, status=DEAD, error=ABANDONED, lease=None, lease_until=None)
            return None
    return _opened(db, vault, held, sealed)


def claim_together(
    db: Database, vault: Vault, row_ids: Collection[int], *, lasts: timedelta = LEASE
) -> list[Claim]:
    """Hold those of the rows that go out on a channel and were never tried, under one lease.

    A row that was tried before is claimed alone, so that one that kills its worker takes no other
    with it.
    """
    with db.write() as session:
        fresh = (
            one_of(session, OutboxRow.id, row_ids),
            OutboxRow.attempts == 0,
            OutboxRow.channel != EVENT,
        )
        rows = [(_as_claim(row, lasts), row.payload) for row in _claimed(session, lasts, *fresh)]
    opened = (_opened(db, vault, held, sealed) for held, sealed in rows)
    return sorted((held for held in opened if held is not None), key=lambda held: held.id)


def _claimed(
    session: Session, lasts: timedelta, *conditions: sa.ColumnElement[bool]
) -> Sequence[OutboxRow]:
    """The due rows of which this holds, taken under a new lease."""
    moment = now(session)
    free = sa.or_(OutboxRow.lease_until.is_(None), OutboxRow.lease_until <= moment)
    target = (
        sa.select(OutboxRow.id)
        .where(*conditions, OutboxRow.status == PENDING, OutboxRow.due_at <= moment, free)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(
        sa.update(OutboxRow)
        .where(OutboxRow.id.in_(target.scalar_subquery()))
        .values(
            lease=secrets.token_hex(8),
            lease_until=moment + lasts,
            attempts=OutboxRow.attempts + 1,
        )
        .returning(OutboxRow)
        .execution_options(synchronize_session=False)
    ).all()


def _as_claim(row: OutboxRow, lasts: timedelta = LEASE) -> Claim:
    return Claim(
        id=row.id,
        purpose=row.purpose,
        channel=row.channel,
        once=row.once,
        listing_id=row.listing_id,
        alert_id=row.alert_id,
        conversation_id=row.conversation_id,
        member_id=row.member_id,
        locale=row.locale,
        payload=_Gone(),
        attempts=row.attempts,
        lease=row.lease or "",
        lasts=lasts,
    )


def _opened(db: Database, vault: Vault, held: Claim, sealed: bytes | None) -> Claim | None:
    if sealed is None:
        return held
    try:
        return replace(held, payload=json.loads(vault.open(sealed)))
    except Unreadable as error:
        # Sealed with another key. The row keeps its payload for the day the key is back.
        status = postpone(db, held, type(error).__name__)
        _log.warning("payload cannot be read", row=held.id, status=status)
        return None


def renew(db: Database, rows: Sequence[Claim]) -> bool:
    """Hold what is left of rows claimed together for another lease; False when nothing is."""
    ids, leases = [held.id for held in rows], {held.lease for held in rows}
    lasts = max(held.lasts for held in rows)
    with db.write() as session:
        result = session.execute(
            sa.update(OutboxRow)
            .where(one_of(session, OutboxRow.id, ids), OutboxRow.lease.in_(leases))
            .where(OutboxRow.status == PENDING)
            .values(lease_until=now(session) + lasts)
            .returning(OutboxRow.id)
            .execution_options(synchronize_session=False)
        )
        return bool(result.all())


def release(db: Database, rows: Sequence[Claim]) -> None:
    """Let rows go that were not tried after all: they are due as before."""
    with db.write() as session:
        for held in rows:
            _update_held(session, held, attempts=held.attempts - 1, lease=None, lease_until=None)


def hold(session: Session, held: Claim) -> bool:
    """Hold one row for another lease, in a unit that must not go on without it."""
    return _update_held(session, held, lease_until=now(session) + held.lasts)


def finish(session: Session, held: Claim, status: str, error: str = "") -> bool:
    """Record the end of the row's way and erase its payload; False when the lease was lost."""
    return _update_held(
        session,
        held,
        status=status,
        error=error[:64],
        payload=None,
        lease=None,
        lease_until=None,
        done_at=now(session),
    )


def keep(session: Session, vault: Vault, held: Claim, payload: Mapping[str, str]) -> bool:
    """Keep what the next try at this row has to know; False when the lease was lost."""
    return _update_held(session, held, payload=vault.seal(json.dumps(dict(payload))))


def postpone(
    db: Database,
    held: Claim,
    error: str,
    most: int = MAX_ATTEMPTS,
    *,
    at_least: timedelta | None = None,
) -> str:
    """Try again later, with exponential back-off and jitter; dead after `most` tries.

    `at_least` is how long the receiving server asked us to wait.

    A dead row keeps its payload, so that an operator can send it again. Returns the status.
    """
    with db.write() as session:
        status = DEAD if held.attempts >= most else PENDING
        ceiling = min(_BACKOFF_BASE_S * 2 ** (held.attempts - 1), _BACKOFF_MAX_S)
        jitter = random.uniform(0.5, 1)  # noqa: S311 (spreads retries, hides nothing)
        delay = timedelta(seconds=ceiling * jitter)
        _update_held(
            session,
            held,
            status=status,
            error=error[:64],
            due_at=now(session) + max(delay, at_least or delay),
            lease=None,
            lease_until=None,
        )
        return status


def defer(db: Database, held: Claim, until: datetime) -> None:
    """Let the row go until then; the try does not count."""
    with db.write() as session:
        _update_held(
            session,
            held,
            due_at=until,
            attempts=held.attempts - 1,
            lease=None,
            lease_until=None,
        )


def due_ids(db: Database, limit: int = 500) -> list[int]:
    """Rows that are due and held by nobody, oldest first."""
    with db.read() as session:
        moment = now(session)
        return list(
            session.scalars(
                sa.select(OutboxRow.id)
                .where(OutboxRow.status == PENDING, OutboxRow.due_at <= moment)
                .where(sa.or_(OutboxRow.lease_until.is_(None), OutboxRow.lease_until <= moment))
                .order_by(OutboxRow.due_at, OutboxRow.id)
                .limit(limit)
            )
        )


def _update_held(session: Session, held: Claim, **values: object) -> bool:
    result = session.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.id == held.id, OutboxRow.lease == held.lease)
        .where(OutboxRow.status == PENDING)
        .values(**values)
        .returning(OutboxRow.id)
        .execution_options(synchronize_session=False)
    )
    return result.scalar_one_or_none() is not None
