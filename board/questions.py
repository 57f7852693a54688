"""Private questions to the organisation behind official information, in an inbox that it shares.

How one comes there is in `asking`. Neither side sees the other's address: the answer goes through
the outbox. Where it helps others, question and answer are published with the item, the question in
the organisation's own words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, organisations, outbox, partners
from board.db import Base, BigId, UTCDateTime, new_public_id, now
from board.errors import Invalid, Problem, QuestionNotFound
from board.i18n import N_
from board.listings import Listing
from board.members import Member
from board.organisations import OrganisationView
from board.secrecy import Unreadable
from board.validation import Checks, required_text

if TYPE_CHECKING:
    from board.context import Board

TEXT_MAX: Final = 2000
#: How long an answered question stays in the inbox.
KEPT_ANSWERED: Final = timedelta(days=90)


class Status(StrEnum):
    """Where a question stands."""

    PENDING = "pending"
    OPEN = "open"
    ANSWERED = "answered"


class Question(Base):
    """What somebody asks in private; the text is sealed."""

    __tablename__ = "questions"
    __table_args__ = (
        sa.CheckConstraint("status IN ('pending', 'open', 'answered')", name="status"),
        sa.Index("ix_questions_inbox", "organisation_id", "status", "created_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=new_public_id)
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), index=True
    )
    organisation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("organisations.id", ondelete="CASCADE")
    )
    asker_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True, comment="once confirmed"
    )
    assigned_to: Mapped[int | None] = mapped_column(
        sa.ForeignKey("members.id", ondelete="SET NULL"), index=True
    )
    locale: Mapped[str] = mapped_column(sa.String(8))
    status: Mapped[str] = mapped_column(sa.String(8), default=Status.PENDING)
    sealed: Mapped[bytes] = mapped_column(
        sa.LargeBinary, comment="encrypted: text, and the address until it is confirmed"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PublicAnswer(Base):
    """A question in the organisation's words, and its answer; nothing leads to the asker."""

    __tablename__ = "public_answers"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), index=True
    )
    question: Mapped[str] = mapped_column(sa.Text)
    answer: Mapped[str] = mapped_column(sa.Text)
    locale: Mapped[str] = mapped_column(sa.String(8))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a partner answers."""

    text: str
    #: The question in the partner's own words, where it is published; "" keeps it private.
    published_question: str = ""
    locale: str = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """A question as the inbox shows it: no address and no name of the asker."""

    public_id: str
    #: The item that it is about.
    title: str
    listing_public_id: str
    text: str
    locale: str
    status: Status
    #: Address of the colleague who has taken it, or "".
    assigned_to: str
    created_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class PublicAnswerView:
    """What everybody may read."""

    question: str
    answer: str
    locale: str
    created_at: datetime


def inbox(board: Board, member_id: int, organisation: str) -> tuple[QuestionView, ...]:
    """The questions to an organisation, the open ones first, the oldest first among them.

    Raises OrganisationNotFound where the member does not act for it.
    """
    with board.db.read() as session:
        ours = organisations.seat(session, member_id, organisation).organisation
        rows = session.scalars(
            sa.select(Question)
            .where(Question.organisation_id == ours.id, Question.status != Status.PENDING)
            .order_by(sa.desc(Question.status), Question.created_at)
            .limit(500)
        ).all()
        return _views(session, board, rows)


def get(board: Board, member_id: int, organisation: str, public_id: str) -> QuestionView:
    """One question of the inbox. Raises OrganisationNotFound and QuestionNotFound."""
    with board.db.read() as session:
        ours = organisations.seat(session, member_id, organisation).organisation
        found = _views(session, board, [_find(session, ours, public_id)])
    return found[0]


def _find(
    session: Session, ours: OrganisationView, public_id: str, *, lock: bool = False
) -> Question:
    query = sa.select(Question).where(
        Question.public_id == public_id,
        Question.organisation_id == ours.id,
        Question.status != Status.PENDING,
    )
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise QuestionNotFound(public_id)
    return found


def _views(session: Session, board: Board, rows: Sequence[Question]) -> tuple[QuestionView, ...]:
    about = {
        listing.id: listing
        for listing in session.scalars(
            sa.select(Listing).where(Listing.id.in_({row.listing_id for row in rows}))
        )
    }
    names = {
        member.id: member.email
        for member in session.scalars(
            sa.select(Member).where(Member.id.in_({row.assigned_to or 0 for row in rows}))
        )
    }
    return tuple(
        QuestionView(
            public_id=row.public_id,
            title=about[row.listing_id].title,
            listing_public_id=about[row.listing_id].public_id,
            text=text_of(board, row),
            locale=row.locale,
            status=Status(row.status),
            assigned_to=names.get(row.assigned_to or 0) or "",
            created_at=row.created_at,
            answered_at=row.answered_at,
        )
        for row in rows
    )


def text_of(board: Board, question: Question) -> str:
    """Its words; "" where they were sealed with another key."""
    try:
        return str(json.loads(board.vault.open(question.sealed))["text"])
    except Unreadable:
        return ""


def assign(board: Board, member_id: int, organisation: str, public_id: str, to: str | None) -> None:
    """Give a question to a colleague, named by public id, or with None to nobody.

    Raises OrganisationNotFound, QuestionNotFound, and Invalid for whoever is no colleague.
    """
    with board.db.write() as session:
        ours = organisations.seat(session, member_id, organisation).organisation
        question = _find(session, ours, public_id, lock=True)
        colleagues = {
            member.public_id: member.id for member in partners.of_organisation(session, ours.id)
        }
        if to is not None and to not in colleagues:
            message = N_("Choose somebody of your organisation.")
            raise Invalid([Problem("assigned_to", message)])
        question.assigned_to = None if to is None else colleagues[to]
        _record(session, "question-assigned", question, member_id)


def answer(board: Board, member_id: int, organisation: str, public_id: str, reply: Reply) -> None:
    """Mail the answer to the asker, and publish it where the partner gives a question for it.

    Raises OrganisationNotFound, QuestionNotFound and Invalid; one that is answered already is
    left as it is.
    """
    checks = Checks()
    text = published = ""
    with checks.field("text"):
        text = required_text(reply.text, max_length=TEXT_MAX, multiline=True)
    if reply.published_question.strip():
        with checks.field("published_question"):
            published = required_text(reply.published_question, max_length=TEXT_MAX, multiline=True)
    checks.done()
    with board.db.write() as session:
        organisations.find(session, organisation, lock=True)
        ours = organisations.seat(session, member_id, organisation).organisation
        question = _find(session, ours, public_id, lock=True)
        if question.status == Status.ANSWERED:
            message = N_("A colleague has answered this question already.")
            raise Invalid([Problem("text", message)])
        question.status, question.answered_at = Status.ANSWERED, now(session)
        question.assigned_to = member_id
        _record(session, "question-answered", question, member_id)
        woken = _mail(session, board, question, text)
        if published:
            session.add(
                PublicAnswer(
                    listing_id=question.listing_id,
                    question=published,
                    answer=text,
                    locale=reply.locale,
                    created_at=now(session),
                )
            )
            _record(session, "question-published", question, member_id)
    board.waker.wake(woken)


def _mail(session: Session, board: Board, question: Question, text: str) -> list[int]:
    if question.asker_id is None:
        return []
    row = outbox.NewRow(
        purpose=outbox.QUESTION_ANSWERED,
        once=f"question-answered:{question.id}",
        listing_id=question.listing_id,
        member_id=question.asker_id,
        locale=question.locale,
        payload=board.vault.seal(
            json.dumps({"question": text_of(board, question), "answer": text})
        ),
    )
    return [outbox.add(session, row)]


def _record(session: Session, action: str, question: Question, member_id: int) -> None:
    audit.record(session, action, subject="questions", subject_id=question.id, member_id=member_id)


def public_answers(board: Board, listing_id: int) -> tuple[PublicAnswerView, ...]:
    """What was published with an item, in the order in which it was."""
    with board.db.read() as session:
        rows = session.scalars(
            sa.select(PublicAnswer)
            .where(PublicAnswer.listing_id == listing_id)
            .order_by(PublicAnswer.id)
        )
        return tuple(
            PublicAnswerView(row.question, row.answer, row.locale, row.created_at) for row in rows
        )
