"""Signing in by a code sent by mail: ten minutes, once, few tries, in the browser that asked.

An address that nobody knows gets the same mail and the same code: typing it confirms the address,
which is how a member comes to be. So neither the page, nor the mail, nor the time of an answer
tells who is a member.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import bans, codes, consent, kept_bans, links, members, outbox, sessions
from board.db import Base, BigId, UTCDateTime, now
from board.errors import CodeRefused
from board.i18n import LOCALES, N_
from board.validation import Checks, email_address

if TYPE_CHECKING:
    from board.context import Board

LIFETIME = timedelta(minutes=10)
TRIES = 5
#: Codes that one address may get in a day and not use: nobody's inbox is a target.
UNUSED_PER_ADDRESS = links.WAITING_PER_ADDRESS
_DAY = timedelta(days=1)


class SignInCode(Base):
    """A code that was mailed, and the browser that may use it; neither is kept itself."""

    __tablename__ = "sign_in_codes"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    browser_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    address_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    sealed: Mapped[bytes | None] = mapped_column(
        sa.LargeBinary, comment="encrypted: address; erased when the code is over"
    )
    locale: Mapped[str] = mapped_column(sa.String(8))
    tries: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one request for a code makes; the same for every address."""

    browser: str
    code: str


def ask(board: Board, email: str, locale: str) -> str:
    """Mail a code to this address; returns what the browser keeps to use it.

    The answer is the same for known and unknown addresses, and for one that has had enough
    codes today. Raises Invalid.
    """
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    if locale not in LOCALES:
        checks.refuse(
            "locale", N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES)
        )
    checks.done()
    asked = _Asked(secrets.token_urlsafe(24), codes.new())
    with board.db.write() as session:
        address = links.address_hash(board.settings.secret_key, email)
        if not _may_ask(session, address):
            return asked.browser
        row = _store(session, board, asked, email, address, locale)
        mail = outbox.NewRow(
            purpose=outbox.SIGN_IN_CODE,
            # Not by the number: on SQLite, one that is free again is given again.
            once=f"{outbox.SIGN_IN_CODE}:{row.browser_hash}",
            locale=locale,
            payload=board.vault.seal(
                json.dumps({"email": email, "code": codes.shown(asked.code), "row": str(row.id)})
            ),
        )
        outbox_id = outbox.add(session, mail)
    board.waker.wake([outbox_id])
    return asked.browser


def _store(
    session: Session, board: Board, asked: _Asked, email: str, address: str, locale: str
) -> SignInCode:
    moment = now(session)
    row = SignInCode(
        browser_hash=_hash(asked.browser),
        code_hash=_code_hash(board, asked.browser, asked.code),
        address_hash=address,
        sealed=board.vault.seal(email),
        locale=locale,
        created_at=moment,
        expires_at=moment + LIFETIME,
    )
    session.add(row)
    session.flush()
    return row


def enter(
    board: Board, browser: str, code: str, *, device: str = "", replacing: str | None = None
) -> str:
    """Sign in with the code; returns the token of a new session.

    A try is counted before the code is looked at, in the statement that finds the row, so that
    guesses sent at once are counted one by one. Raises CodeRefused: "wrong" while tries are
    left, "over" otherwise; and NotAllowed for a member who is banned.
    """
    with board.db.write() as session:
        email, locale, reason = _try(session, board, browser, code)
        if email is not None:
            member = members.confirmed(session, email, locale)
            consent.record(session, member_id=member.id)
            bans.require_none(session, member.id)
            address = links.address_hash(board.settings.secret_key, email)
            kept_bans.require_none(session, address)
            return sessions.open_(session, member.id, device=device, replacing=replacing)
    raise CodeRefused(reason)


def check(board: Board, browser: str, code: str) -> str:
    """The address that the code was mailed to; uses the code up and signs nobody in.

    Raises CodeRefused as `enter` does.
    """
    with board.db.write() as session:
        email, _, reason = _try(session, board, browser, code)
    if email is None:
        raise CodeRefused(reason)
    return email


def _try(session: Session, board: Board, browser: str, code: str) -> tuple[str | None, str, str]:
    """The address of a right code, its language, and else the reason of the refusal."""
    row = _count_try(session, browser)
    if row is None:
        return None, "", "over"
    right = hmac.compare_digest(row.code_hash, _code_hash(board, browser, codes.typed(code)))
    if not right or row.sealed is None:
        return None, row.locale, "over" if row.tries >= TRIES else "wrong"
    email = board.vault.open(row.sealed)
    row.used_at, row.sealed = now(session), None
    return email, row.locale, ""


def _count_try(session: Session, browser: str) -> SignInCode | None:
    """The row of this browser's code if it may still be tried, this try counted."""
    return session.scalar(
        sa.update(SignInCode)
        .where(
            SignInCode.browser_hash == _hash(browser),
            SignInCode.used_at.is_(None),
            SignInCode.expires_at > now(session),
            SignInCode.tries < TRIES,
        )
        .values(tries=SignInCode.tries + 1)
        .returning(SignInCode)
        .execution_options(synchronize_session=False)
    )


def is_waiting(session: Session, row_id: int) -> bool:
    """Whether a code can still be used: one that is over is mailed to nobody."""
    row = session.get(SignInCode, row_id)
    return row is not None and row.used_at is None and row.expires_at > now(session)


def _may_ask(session: Session, address: str) -> bool:
    """Whether this address may get one more code; those that were used do not count."""
    links.hold_address(session, address)
    unused = session.scalar(
        sa.select(sa.func.count(SignInCode.id)).where(
            SignInCode.address_hash == address,
            SignInCode.used_at.is_(None),
            SignInCode.created_at > now(session) - _DAY,
        )
    )
    return (unused or 0) < UNUSED_PER_ADDRESS


def forget_old(board: Board) -> int:
    """Erase the addresses of codes that are over, and delete what no cap counts any more."""
    with board.db.write() as session:
        moment = now(session)
        session.execute(
            sa.update(SignInCode)
            .where(SignInCode.expires_at <= moment, SignInCode.sealed.is_not(None))
            .values(sealed=None)
        )
        old = sa.delete(SignInCode).where(SignInCode.created_at <= moment - _DAY)
        return cast(CursorResult[Any], session.execute(old)).rowcount


def _code_hash(board: Board, browser: str, code: str) -> str:
    """Keyed, and bound to the browser: a stolen table gives no code to try out at leisure."""
    key = board.settings.secret_key.encode()
    return hmac.new(key, f"sign-in:{_hash(browser)}:{code}".encode(), "sha256").hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
