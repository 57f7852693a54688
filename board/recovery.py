"""Recovery codes: the second factor for who has no passkey at hand. Shown once, used once each."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, codes, members, sessions
from board.db import Base, BigId, UTCDateTime, now
from board.errors import CodeRefused, Invalid, Problem
from board.i18n import N_
from board.sessions import SignedIn
from board.validation import Checks, email_address

if TYPE_CHECKING:
    from board.context import Board

COUNT = 10


class RecoveryCode(Base):
    """One code of a member's list, without the code itself."""

    __tablename__ = "recovery_codes"
    __table_args__ = (sa.UniqueConstraint("member_id", "code_hash"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey("members.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def issue(session: Session, board: Board, member_id: int, *, by: int | None) -> list[str]:
    """A new list of codes, as they are shown; those of an earlier list open nothing any more.

    `by` is the member who asks for it; None stands for the command line.
    """
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.member_id == member_id))
    made = [codes.new() + codes.new() for _ in range(COUNT)]
    moment = now(session)
    session.add_all(
        RecoveryCode(
            member_id=member_id, code_hash=_hash(board, member_id, code), created_at=moment
        )
        for code in made
    )
    audit.record(session, "recovery-codes", subject="members", subject_id=member_id, member_id=by)
    return ["-".join(code[i : i + 4] for i in range(0, len(code), 4)) for code in made]


def issue_for(board: Board, email: str) -> list[str]:
    """A new list for the member of this address, for who runs the board; raises Invalid."""
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    checks.done()
    with board.db.write() as session:
        member = members.by_email(session, email)
        if member is None:
            raise Invalid([Problem("email", N_("No member has this address."))])
        return issue(session, board, member.id, by=None)


def left(session: Session, member_id: int) -> int:
    """How many codes of the list are unused."""
    unused = sa.select(sa.func.count(RecoveryCode.id)).where(
        RecoveryCode.member_id == member_id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(unused) or 0


def give_second_factor(board: Board, reader: SignedIn, code: str) -> str:
    """Use a code up as the second factor of this session; returns its new token.

    One statement finds the code and uses it, so that two at once are one. Raises CodeRefused.
    """
    token = None
    with board.db.write() as session:
        used = session.scalar(
            sa.update(RecoveryCode)
            .where(
                RecoveryCode.member_id == reader.member_id,
                RecoveryCode.code_hash == _hash(board, reader.member_id, codes.typed(code)),
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=now(session))
            .returning(RecoveryCode.id)
        )
        if used is not None:
            audit.record(
                session,
                "recovery-used",
                subject="members",
                subject_id=reader.member_id,
                member_id=reader.member_id,
            )
            token = sessions.give_second_factor(session, reader.session_id)
    if token is None:
        raise CodeRefused("wrong")
    return token


def _hash(board: Board, member_id: int, code: str) -> str:
    key = board.settings.secret_key.encode()
    return hmac.new(key, f"recovery:{member_id}:{code}".encode(), "sha256").hexdigest()
