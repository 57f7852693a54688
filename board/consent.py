"""Consent: which text somebody agreed to, for what, when; and taking it back.

Using the board rests on its terms, which every form names. Words about health need a "yes" of
their own; taken back, it closes what rests on it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, listings
from board.conversations import Conversation, ConversationStatus
from board.db import Base, BigId, UTCDateTime, now
from board.errors import ConsentNotFound, Invalid, Problem
from board.i18n import N_
from board.listings import Listing
from board.questions import Question
from board.validation import fold
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

#: The day since which the terms and the page about privacy say what they say now.
SINCE: Final = date(2026, 11, 29)
#: What is stored with each consent.
VERSION: Final = SINCE.isoformat()
#: Categories whose listings tell of somebody's health by themselves.
HEALTH_CATEGORIES: Final = frozenset({"medicine", "health-guidance"})
NEEDED: Final = N_(
    "This seems to tell of somebody’s health. Tick the box if you agree that we keep and show it, "
    "or leave it out."
)
_WORDS = Path(__file__).resolve().parents[1] / "data" / "reference" / "health.json"


class ConsentKind(StrEnum):
    """What somebody says yes to."""

    #: The terms of the board and how it treats data.
    TERMS = "terms"
    #: That words about health are kept and shown.
    HEALTH = "health"


class Consent(Base):
    """One yes. It is its member's, or hangs on what waits for its confirmation."""

    __tablename__ = "consents"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('terms', 'health')", name="kind"),
        sa.CheckConstraint("member_id IS NOT NULL OR subject_id IS NOT NULL", name="whose"),
        sa.Index("ix_consents_subject", "subject", "subject_id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"),
        index=True,
        comment="null until it is confirmed",
    )
    subject: Mapped[str] = mapped_column(
        sa.String(16),
        default="",
        comment="table of the row that it was given with; empty for a sign-in",
    )
    subject_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    kind: Mapped[str] = mapped_column(sa.String(8))
    version: Mapped[str] = mapped_column(sa.String(10), comment="date of the text")
    given_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A consent as its member sees it."""

    id: int
    kind: ConsentKind
    version: str
    given_at: datetime
    withdrawn_at: datetime | None
    #: Title of the listing that it was given with; "" for what has none.
    title: str


@cache
def _health_words() -> tuple[frozenset[str], tuple[str, ...]]:
    """Folded words, and beginnings of words, of every language."""
    listed = json.loads(_WORDS.read_text(encoding="utf-8"))
    words = [word for of_language in listed.values() for word in of_language]
    whole = frozenset(fold(word) for word in words if not word.endswith("*"))
    return whole, tuple(dict.fromkeys(fold(word[:-1]) for word in words if word.endswith("*")))


def tells_of_health(*texts: str, categories: tuple[str, ...] = ()) -> bool:
    """Whether a text or its categories (slugs) seem to tell of somebody's health.

    Words of all languages are looked for: people mix them. It asks rather once too often.
    """
    whole, beginnings = _health_words()
    if not HEALTH_CATEGORIES.isdisjoint(categories):
        return True
    folded = f" {' '.join(map(fold, texts))} "
    return any(f" {word} " in folded for word in whole) or any(
        f" {start}" in folded for start in beginnings
    )


def require(given: bool, *texts: str, categories: tuple[str, ...] = ()) -> bool:
    """Whether the consent for health is to be recorded; raises Invalid, field "health"."""
    needed = tells_of_health(*texts, categories=categories)
    if needed and not given:
        raise Invalid([Problem("health", NEEDED)])
    return needed


def record(
    session: Session,
    *,
    member_id: int | None = None,
    subject: str = "",
    subject_id: int | None = None,
    health: bool = False,
) -> None:
    """Write down that somebody agreed to the terms, and to what is told of health where asked.

    Nothing is written twice for the same row and version.
    """
    kinds = (ConsentKind.TERMS, ConsentKind.HEALTH) if health else (ConsentKind.TERMS,)
    for kind in kinds:
        if _is_given(session, kind, member_id, subject, subject_id):
            continue
        session.add(
            Consent(
                member_id=member_id,
                subject=subject,
                subject_id=subject_id,
                kind=kind,
                version=VERSION,
                given_at=now(session),
            )
        )


def _is_given(
    session: Session, kind: str, member_id: int | None, subject: str, subject_id: int | None
) -> bool:
    query = sa.select(Consent.id).where(
        Consent.kind == kind,
        Consent.version == VERSION,
        Consent.subject == subject,
        Consent.withdrawn_at.is_(None),
    )
    if member_id is not None or subject_id is None:
        query = query.where(Consent.member_id == member_id)
    if subject_id is not None:
        query = query.where(Consent.subject_id == subject_id)
    return session.scalar(query.limit(1)) is not None


def holds(session: Session, subject: str, subject_id: int) -> bool:
    """Whether the consent for health was given with this row, and not taken back."""
    return _is_given(session, ConsentKind.HEALTH, None, subject, subject_id)


def agree(
    session: Session,
    listing: Listing,
    health: bool,
    title: str,
    text: str,
    categories: tuple[str, ...],
) -> None:
    """Record the consent for what a change tells of health; raises Invalid where it is missing.

    Asked for once: what was agreed to when it was posted holds for the listing. Official
    information is about nobody.
    """
    name = Listing.__tablename__
    if listing.kind == Kind.INFO or holds(session, name, listing.id):
        return
    if require(health, title, text, categories=categories):
        record(
            session,
            member_id=listing.member_id,
            subject=name,
            subject_id=listing.id,
            health=True,
        )


def agree_in_conversation(
    session: Session, conversation: Conversation, member_id: int | None, health: bool, text: str
) -> None:
    """Record the consent for what a message tells of health; raises Invalid where it is missing.

    Each of the two is asked once in a conversation.
    """
    name = Conversation.__tablename__
    if _is_given(session, ConsentKind.HEALTH, member_id, name, conversation.id):
        return
    if require(health, text):
        record(session, member_id=member_id, subject=name, subject_id=conversation.id, health=True)


def confirm(session: Session, subject: str, subject_id: int, member_id: int) -> None:
    """Give what was agreed to with a row to the member who has just confirmed it."""
    move(session, subject, subject_id, subject_id, member_id)


def move(session: Session, subject: str, subject_id: int, to_id: int, member_id: int) -> None:
    """As `confirm`, where the row itself went up into another one."""
    session.flush()
    session.execute(
        sa.update(Consent)
        .where(Consent.subject == subject, Consent.subject_id == subject_id)
        .values(member_id=member_id, subject_id=to_id)
    )


def given(board: Board, member_id: int) -> tuple[Given, ...]:
    """What a member agreed to, the newest first."""
    with board.db.read() as session:
        rows = session.execute(
            sa.select(Consent, Listing.title)
            .outerjoin(
                Conversation,
                sa.and_(
                    Consent.subject == Conversation.__tablename__,
                    Consent.subject_id == Conversation.id,
                ),
            )
            .outerjoin(
                Question,
                sa.and_(
                    Consent.subject == Question.__tablename__, Consent.subject_id == Question.id
                ),
            )
            .outerjoin(
                Listing,
                sa.or_(
                    sa.and_(
                        Consent.subject == Listing.__tablename__, Consent.subject_id == Listing.id
                    ),
                    Listing.id.in_((Conversation.listing_id, Question.listing_id)),
                ),
            )
            .where(Consent.member_id == member_id)
            .order_by(Consent.id.desc())
        )
        return tuple(
            Given(
                id=row.id,
                kind=ConsentKind(row.kind),
                version=row.version,
                given_at=row.given_at,
                withdrawn_at=row.withdrawn_at,
                title=title or "",
            )
            for row, title in rows
        )


def withdraw(board: Board, member_id: int, consent_id: int) -> None:
    """Take back a consent for health, and close what rests on it.

    Doing it twice changes nothing. Raises ConsentNotFound for what is no such consent of this
    member: without the terms there is no board, and erasing everything is another deed.
    """
    with board.db.write() as session:
        row = session.scalar(
            sa.select(Consent)
            .where(
                Consent.id == consent_id,
                Consent.member_id == member_id,
                Consent.kind == ConsentKind.HEALTH,
            )
            .with_for_update()
        )
        if row is None:
            raise ConsentNotFound(consent_id)
        if row.withdrawn_at is not None:
            return
        row.withdrawn_at = now(session)
        _close(session, row)
        audit.record(
            session,
            "consent-withdrawn",
            subject=Consent.__tablename__,
            subject_id=row.id,
            member_id=member_id,
        )


def _close(session: Session, row: Consent) -> None:
    """Take a listing off the board; end a conversation; delete a question."""
    if row.subject == Listing.__tablename__:
        listing = session.get(Listing, row.subject_id)
        if listing is not None:
            listings.close(session, listing, "consent-withdrawn")
    elif row.subject == Conversation.__tablename__:
        conversation = session.get(Conversation, row.subject_id)
        if conversation is not None and conversation.status == ConversationStatus.OPEN:
            conversation.status, conversation.ask_at = ConversationStatus.CLOSED, None
    elif row.subject == Question.__tablename__:
        session.execute(sa.delete(Question).where(Question.id == row.subject_id))
