"""Sessions: who is signed in, in which browser, and since when. Only hashes of tokens are kept."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import roles, suspensions
from board.db import Base, BigId, UTCDateTime, now
from board.errors import Unavailable
from board.members import Member
from board.roles import Role

if TYPE_CHECKING:
    from board.context import Board

#: A session ends when it was not used for so long, …
IDLE = timedelta(days=14)
#: … and so long after the sign-in in any case.
LONGEST = timedelta(days=90)
#: How long a second factor counts after it was given.
SECOND_FACTOR = timedelta(hours=12)
#: The last use is written no more often than this.
_SEEN_EVERY = timedelta(minutes=5)
#: What a browser calls itself → its family, the more particular name first.
_FAMILIES: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)


class MemberSession(Base):
    """One browser in which a member signed in."""

    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    second_factor_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    device: Mapped[str] = mapped_column(
        sa.String(24), default="", comment="family of the browser, nothing finer"
    )
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who asks, as of this request."""

    member_id: int
    session_id: int
    #: Read from the grants at this request.
    roles: frozenset[Role]
    #: Whether the second factor was given in this session, not too long ago.
    second_factor: bool
    #: Whether no mail is sent to this member, because mails came back.
    is_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A session as its member sees it in a list."""

    id: int
    device: str
    created_at: datetime
    seen_at: datetime


def open_(
    session: Session,
    member_id: int,
    *,
    device: str = "",
    second_factor: bool = False,
    replacing: str | None = None,
) -> str:
    """Begin a session; returns its token, which is kept nowhere else.

    `replacing` is the token that the browser has so far: its session ends, so that a token
    known before the sign-in is worth nothing after it.
    """
    moment = now(session)
    if replacing:
        _end(session, moment, MemberSession.token_hash == _hash(replacing))
    token = secrets.token_urlsafe(32)
    session.execute(sa.update(Member).where(Member.id == member_id).values(seen_at=moment))
    session.add(
        MemberSession(
            member_id=member_id,
            token_hash=_hash(token),
            created_at=moment,
            seen_at=moment,
            second_factor_at=moment if second_factor else None,
            device=device[:24],
        )
    )
    session.flush()
    return token


def of(board: Board, token: str) -> SignedIn | None:
    """Whose session this token opens now; None for unknown, ended and outlived ones."""
    with board.db.read() as session:
        moment = now(session)
        row = session.scalar(_alive(moment).where(MemberSession.token_hash == _hash(token)))
        if row is None:
            return None
        given = row.second_factor_at
        signed_in = SignedIn(
            member_id=row.member_id,
            session_id=row.id,
            roles=roles.of(session, row.member_id),
            second_factor=given is not None and moment - given < SECOND_FACTOR,
            is_suspended=suspensions.of(session, row.member_id) is not None,
        )
    if moment - row.seen_at >= _SEEN_EVERY:
        _note_use(board, row.id)
    return signed_in


def _note_use(board: Board, session_id: int) -> None:
    """Write when the session was used last; a database that is busy costs nothing but that."""
    with suppress(Unavailable), board.db.write() as session:
        session.execute(
            sa.update(MemberSession)
            .where(MemberSession.id == session_id)
            .values(seen_at=now(session))
        )


def give_second_factor(session: Session, session_id: int) -> str:
    """Note that the second factor was given; the session gets a new token, which is returned."""
    row = session.get_one(MemberSession, session_id)
    token = secrets.token_urlsafe(32)
    row.token_hash, row.second_factor_at = _hash(token), now(session)
    return token


def devices(session: Session, member_id: int) -> list[Device]:
    """The sessions of a member that are open now, the last used first."""
    rows = session.scalars(
        _alive(now(session))
        .where(MemberSession.member_id == member_id)
        .order_by(MemberSession.seen_at.desc(), MemberSession.id.desc())
    )
    return [
        Device(id=row.id, device=row.device, created_at=row.created_at, seen_at=row.seen_at)
        for row in rows
    ]


def revoke(session: Session, member_id: int, session_id: int) -> bool:
    """End one session of this member; False when the member has no such open one."""
    wanted = (MemberSession.id == session_id, MemberSession.member_id == member_id)
    return _end(session, now(session), *wanted) > 0


def revoke_all(session: Session, member_id: int) -> int:
    """End every session of this member; returns how many."""
    return _end(session, now(session), MemberSession.member_id == member_id)


def forget_dead(board: Board) -> int:
    """Delete the sessions that open nothing any more; returns how many."""
    with board.db.write() as session:
        moment = now(session)
        dead = sa.delete(MemberSession).where(
            sa.or_(
                MemberSession.ended_at.is_not(None),
                MemberSession.seen_at <= moment - IDLE,
                MemberSession.created_at <= moment - LONGEST,
            )
        )
        return cast(CursorResult[Any], session.execute(dead)).rowcount


def device_label(user_agent: str) -> str:
    """The family of a browser, such as "Firefox"; "" for what we do not know."""
    return next((family for sign, family in _FAMILIES if sign in user_agent), "")


def _alive(moment: datetime) -> sa.Select[MemberSession]:
    return sa.select(MemberSession).where(
        MemberSession.ended_at.is_(None),
        MemberSession.seen_at > moment - IDLE,
        MemberSession.created_at > moment - LONGEST,
    )


def _end(session: Session, moment: datetime, *wanted: sa.ColumnElement[bool]) -> int:
    ended = session.execute(
        sa.update(MemberSession)
        .where(MemberSession.ended_at.is_(None), *wanted)
        .values(ended_at=moment)
    )
    return cast(CursorResult[Any], ended).rowcount


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
