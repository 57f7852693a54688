"""The audit log: who did what to which row. It can only be added to.

It holds ids and listed reasons, no free text, so that erasing a person needs no change in it.
Triggers of the first migration refuse UPDATE and DELETE.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, BigId, UTCDateTime, now

#: Everything the log may say was done.
ACTIONS = frozenset(
    {
        *("grant", "revoke", "passkey-added", "passkey-removed", "recovery-codes", "recovery-used"),
        *("listing-confirmed", "listing-relayed", "code-renewed", "listing-closed"),
        *("listing-extended", "conversation-opened", "contact-shared", "demo-removed"),
        *("listing-held", "listing-approved", "listing-refused", "edit-asked", "listing-reworded"),
        *("member-banned", "ban-appealed", "ban-lifted", "ban-upheld", "contact-revealed"),
        *("message-held", "message-approved", "message-refused"),
        *("consent-withdrawn", "erased"),
        *("organisation-applied", "organisation-verified", "organisation-refused"),
        *("organisation-revoked", "organisation-joined", "organisation-left"),
        *("information-published", "information-extended"),
        *("question-assigned", "question-answered", "question-published"),
        *("outbox-retried", "waves-stopped", "waves-resumed"),
    }
)


class AuditEntry(Base):
    """One deed."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    action: Mapped[str] = mapped_column(sa.String(32))
    member_id: Mapped[int | None] = mapped_column(sa.BigInteger, comment="who did it, if known")
    subject: Mapped[str] = mapped_column(sa.String(16), comment="table of the row concerned")
    subject_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    reason: Mapped[str] = mapped_column(sa.String(32), default="", comment="a listed word")


def record(
    session: Session,
    action: str,
    *,
    subject: str,
    subject_id: int | None,
    member_id: int | None = None,
    reason: str = "",
) -> None:
    """Add one entry to the unit of work of the deed itself."""
    if action not in ACTIONS:
        raise ValueError(f"unknown audit action {action!r}; known: {sorted(ACTIONS)}")
    session.add(
        AuditEntry(
            at=now(session),
            action=action,
            member_id=member_id,
            subject=subject,
            subject_id=subject_id,
            reason=reason,
        )
    )
