"""Cases: what a moderator is to look at, and what was decided about it.

A subject has one open case at a time. Subjects are listings and messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, BigId, Codes, UTCDateTime, now
from board.reasons import HELD

LISTING, MESSAGE = "listing", "message"
#: The reasons of a case that readers alone have brought.
REPORTED = ("reports",)


class Decision(StrEnum):
    """How a case ended."""

    APPROVE = "approve"
    REFUSE = "refuse"
    EDIT = "edit"
    BAN = "ban"
    #: The subject changed or went before anybody decided.
    OVERTAKEN = "overtaken"


class Case(Base):
    """One look that somebody is to take."""

    __tablename__ = "cases"
    __table_args__ = (
        sa.CheckConstraint("subject IN ('listing', 'message')", name="subject"),
        sa.CheckConstraint(
            "decision IN ('approve', 'refuse', 'edit', 'ban', 'overtaken')", name="decision"
        ),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        sa.Index(
            "ix_cases_open",
            "subject",
            "subject_id",
            unique=True,
            postgresql_where=sa.text("decision IS NULL"),
            sqlite_where=sa.text("decision IS NULL"),
        ),
        sa.Index(None, "subject", "subject_id", "decided_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(8))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    reasons: Mapped[tuple[str, ...]] = mapped_column(Codes, comment="keys of board.reasons.HELD")
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decision: Mapped[str | None] = mapped_column(sa.String(9))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None] = mapped_column(
        sa.BigInteger, comment="member; null for what nobody decided"
    )
    reason: Mapped[str] = mapped_column(sa.String(16), default="", comment="a listed word")


def open_(session: Session, subject: str, subject_id: int, reasons: Iterable[str]) -> Case:
    """The open case of a subject, with these reasons added; made where there is none.

    Call it with the row of the subject locked: two units at once must not both make one.
    """
    wanted = tuple(reasons)
    unknown = set(wanted) - HELD.keys()
    if unknown or not wanted:
        raise ValueError(f"reasons must be some of {sorted(HELD)}; got {sorted(wanted)}")
    case = of(session, subject, subject_id)
    if case is None:
        case = Case(
            subject=subject, subject_id=subject_id, reasons=(), opened_at=now(session), reason=""
        )
        session.add(case)
    merged = {*case.reasons, *wanted}
    case.reasons = tuple(code for code in HELD if code in merged)
    session.flush()
    return case


def of(session: Session, subject: str, subject_id: int) -> Case | None:
    """The open case of a subject."""
    return session.scalar(
        sa.select(Case).where(
            Case.subject == subject, Case.subject_id == subject_id, Case.decision.is_(None)
        )
    )


def decision_of(session: Session, subject: str, subject_id: int) -> Case | None:
    """The case of a subject that was decided last."""
    return session.scalar(
        sa.select(Case)
        .where(Case.subject == subject, Case.subject_id == subject_id, Case.decision.is_not(None))
        .order_by(Case.id.desc())
        .limit(1)
    )


def decide(
    session: Session, case_id: int, decision: Decision, *, by: int | None, reason: str = ""
) -> Case | None:
    """Close an open case in one statement; None when it was decided already, or is not there."""
    return session.scalar(
        sa.update(Case)
        .where(Case.id == case_id, Case.decision.is_(None))
        .values(decision=decision, decided_at=now(session), decided_by=by, reason=reason)
        .returning(Case)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


def overtake(session: Session, subject: str, subject_id: int) -> None:
    """Close the open case of a subject that changed or went; nothing where there is none."""
    case = of(session, subject, subject_id)
    if case is not None:
        decide(session, case.id, Decision.OVERTAKEN, by=None)


def last_decided(session: Session, subject: str, subject_id: int) -> datetime | None:
    """When a person last decided about a subject."""
    return session.scalar(
        sa.select(sa.func.max(Case.decided_at)).where(
            Case.subject == subject,
            Case.subject_id == subject_id,
            Case.decided_by.is_not(None),
        )
    )
