"""Passkeys: signing in with a key that a device keeps, and the second factor (WebAuthn level 2).

The device proves that it knows who holds it (a finger, a face, a PIN), so a passkey alone is two
factors. A challenge is good for one answer within five minutes, whatever process asked it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import sqlalchemy as sa
import webauthn
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, mapped_column
from webauthn.helpers import base64url_to_bytes, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from board import audit, bans, recovery, sessions
from board.db import Base, BigId, UTCDateTime, now
from board.errors import NotAllowed, NotFound, PasskeyRefused
from board.i18n import N_
from board.members import Member
from board.roles import WITH_SECOND_FACTOR
from board.sessions import SignedIn
from board.validation import Checks, clean_text

if TYPE_CHECKING:
    from board.context import Board
    from config.settings import Settings

LIFETIME = timedelta(minutes=5)
PER_MEMBER = 10
NAME_MAX = 60
#: The right that a change of the second factor asks for.
SECOND_FACTOR = "second factor"
_ANSWER_MAX = 20_000
_REGISTER, _SIGN_IN, _CONFIRM = "register", "sign-in", "second-factor"
_VERIFIED: Final = UserVerificationRequirement.REQUIRED


class Passkey(Base):
    """The public half of a key pair; the other half never leaves its device."""

    __tablename__ = "passkeys"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    credential_id: Mapped[bytes] = mapped_column(sa.LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary, comment="COSE key")
    sign_count: Mapped[int] = mapped_column(
        sa.BigInteger, comment="as the device counts; one that falls back was copied"
    )
    name: Mapped[str] = mapped_column(sa.String(NAME_MAX), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PasskeyChallenge(Base):
    """A question that waits for its one answer; only its hash is kept."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (
        sa.CheckConstraint("purpose IN ('register', 'sign-in', 'second-factor')", name="purpose"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    challenge_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    purpose: Mapped[str] = mapped_column(sa.String(16))
    member_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), comment="null before a sign-in"
    )
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPasskey:
    """A passkey as its member sees it."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the pages about the second factor show."""

    passkeys: tuple[ListedPasskey, ...]
    codes_left: int
    #: Whether passkeys and codes may be changed in this session.
    may_change: bool


def overview(board: Board, reader: SignedIn) -> Overview:
    """A member's passkeys and how many recovery codes are left."""
    with board.db.read() as session:
        return Overview(
            passkeys=tuple(
                ListedPasskey(
                    id=row.id, name=row.name, created_at=row.created_at, used_at=row.used_at
                )
                for row in _of(session, reader.member_id)
            ),
            codes_left=recovery.left(session, reader.member_id),
            may_change=_may_change(session, reader),
        )


def new_recovery_codes(board: Board, reader: SignedIn) -> list[str]:
    """A new list of recovery codes, shown once; raises NotAllowed."""
    with board.db.write() as session:
        require_right_to_change(session, reader)
        return recovery.issue(session, board, reader.member_id, by=reader.member_id)


def has_second_factor(session: Session, member_id: int) -> bool:
    """Whether this member can give a second factor at all."""
    return bool(_of(session, member_id)) or recovery.left(session, member_id) > 0


def require_right_to_change(session: Session, reader: SignedIn) -> None:
    """Raise NotAllowed where the second factor must be given before it is changed.

    Somebody who only reads another's mail must not be able to add a key of one's own. Whoever
    has no second factor yet, and no role that needs one, may begin.
    """
    if not _may_change(session, reader):
        raise NotAllowed(SECOND_FACTOR)


def _may_change(session: Session, reader: SignedIn) -> bool:
    needed = has_second_factor(session, reader.member_id) or reader.roles & WITH_SECOND_FACTOR
    return reader.second_factor or not needed


def registration_options(board: Board, reader: SignedIn) -> str:
    """What the browser needs to make a passkey, as JSON; raises NotAllowed."""
    with board.db.write() as session:
        require_right_to_change(session, reader)
        member = session.get_one(Member, reader.member_id)
        options = webauthn.generate_registration_options(
            rp_id=_site(board.settings)[0],
            rp_name="Entraide",
            user_name=member.email or member.public_id,
            user_id=member.public_id.encode(),
            user_display_name=member.display_name or member.email or "",
            challenge=_ask(session, _REGISTER, reader.member_id),
            exclude_credentials=_descriptors(session, reader.member_id),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
            ),
        )
    return options_to_json(options)


def register(board: Board, reader: SignedIn, answer: str, name: str) -> None:
    """Keep the passkey that a browser made; raises NotAllowed, Invalid or PasskeyRefused."""
    name = _checked_name(name)
    with board.db.write() as session:
        require_right_to_change(session, reader)
        challenge = _challenge_of(answer)
        refused = _spend(session, challenge, _REGISTER, reader.member_id) is None
        refused = refused or len(_of(session, reader.member_id)) >= PER_MEMBER
        if not refused:
            refused = not _store(session, board, reader.member_id, answer, challenge, name)
    if refused:
        raise PasskeyRefused()


def _store(
    session: Session, board: Board, member_id: int, answer: str, challenge: bytes, name: str
) -> bool:
    rp_id, origin = _site(board.settings)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return False
    known = sa.select(Passkey.id).where(Passkey.credential_id == made.credential_id)
    if session.scalar(known) is not None:
        return False
    session.add(
        Passkey(
            member_id=member_id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name,
            created_at=now(session),
        )
    )
    _record(session, "passkey-added", member_id)
    return True


def remove(board: Board, reader: SignedIn, passkey_id: int) -> None:
    """Forget one's own passkey; raises NotAllowed, or NotFound for anybody else's."""
    with board.db.write() as session:
        row = session.get(Passkey, passkey_id)
        if row is None or row.member_id != reader.member_id:
            raise NotFound("there is no such passkey")
        require_right_to_change(session, reader)
        session.delete(row)
        _record(session, "passkey-removed", reader.member_id)


def sign_in_options(board: Board) -> str:
    """What a browser needs to sign in with any passkey of this site, as JSON."""
    with board.db.write() as session:
        challenge = _ask(session, _SIGN_IN, None)
    return options_to_json(
        webauthn.generate_authentication_options(
            rp_id=_site(board.settings)[0], challenge=challenge, user_verification=_VERIFIED
        )
    )


def sign_in(board: Board, answer: str, *, device: str = "", replacing: str | None = None) -> str:
    """Sign the holder of a passkey in, both factors given; returns the token of the session.

    Raises PasskeyRefused, and NotAllowed for a member who is banned.
    """
    token = None
    with board.db.write() as session:
        row = _answered(session, board, answer, _SIGN_IN, None)
        if row is not None:
            bans.require_none(session, row.member_id)
            token = sessions.open_(
                session, row.member_id, device=device, second_factor=True, replacing=replacing
            )
    if token is None:
        raise PasskeyRefused()
    return token


def second_factor_options(board: Board, reader: SignedIn) -> str:
    """What the browser needs to prove one of the member's own passkeys, as JSON."""
    with board.db.write() as session:
        options = webauthn.generate_authentication_options(
            rp_id=_site(board.settings)[0],
            challenge=_ask(session, _CONFIRM, reader.member_id),
            allow_credentials=_descriptors(session, reader.member_id),
            user_verification=_VERIFIED,
        )
    return options_to_json(options)


def give_second_factor(board: Board, reader: SignedIn, answer: str) -> str:
    """Note the second factor in this session; returns its new token. Raises PasskeyRefused."""
    token = None
    with board.db.write() as session:
        row = _answered(session, board, answer, _CONFIRM, reader.member_id)
        if row is not None:
            token = sessions.give_second_factor(session, reader.session_id)
    if token is None:
        raise PasskeyRefused()
    return token


def forget_old(board: Board) -> int:
    """Delete the challenges that nobody answered in time."""
    with board.db.write() as session:
        old = sa.delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now(session))
        return cast(CursorResult[Any], session.execute(old)).rowcount


def _answered(
    session: Session, board: Board, answer: str, purpose: str, member_id: int | None
) -> Passkey | None:
    """The passkey that has rightly answered; the challenge is spent in any case."""
    challenge = _challenge_of(answer)
    if _spend(session, challenge, purpose, member_id) is None:
        return None
    wanted = sa.select(Passkey).where(Passkey.credential_id == _credential_of(answer))
    row = session.scalar(wanted.with_for_update())
    if row is None or (member_id is not None and row.member_id != member_id):
        return None
    rp_id, origin = _site(board.settings)
    try:
        proved = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    row.sign_count, row.used_at = proved.new_sign_count, now(session)
    return row


def _ask(session: Session, purpose: str, member_id: int | None) -> bytes:
    challenge = secrets.token_bytes(32)
    session.add(
        PasskeyChallenge(
            challenge_hash=_hash(challenge),
            purpose=purpose,
            member_id=member_id,
            expires_at=now(session) + LIFETIME,
        )
    )
    return challenge


def _spend(session: Session, challenge: bytes, purpose: str, member_id: int | None) -> int | None:
    """Use a challenge up; None where it was never asked, not of this member, used, or too old."""
    asked = (
        PasskeyChallenge.member_id.is_(None)
        if member_id is None
        else PasskeyChallenge.member_id == member_id
    )
    return session.scalar(
        sa.delete(PasskeyChallenge)
        .where(
            PasskeyChallenge.challenge_hash == _hash(challenge),
            PasskeyChallenge.purpose == purpose,
            PasskeyChallenge.expires_at > now(session),
            asked,
        )
        .returning(PasskeyChallenge.id)
    )


def _challenge_of(answer: str) -> bytes:
    """The challenge that an answer says it is for; b"" for what is no answer."""
    try:
        if len(answer) > _ANSWER_MAX:
            return b""
        data = base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"])
        return base64url_to_bytes(json.loads(data)["challenge"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return b""


def _credential_of(answer: str) -> bytes:
    try:
        return base64url_to_bytes(json.loads(answer)["rawId"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return b""


def _checked_name(name: str) -> str:
    checks = Checks()
    with checks.field("name"):
        name = clean_text(name, max_length=NAME_MAX)
    checks.done()
    return name


def _of(session: Session, member_id: int) -> list[Passkey]:
    wanted = sa.select(Passkey).where(Passkey.member_id == member_id).order_by(Passkey.id)
    return list(session.scalars(wanted))


def _descriptors(session: Session, member_id: int) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=row.credential_id) for row in _of(session, member_id)]


def _site(settings: Settings) -> tuple[str, str]:
    """(relying party, origin): the host of the site and its address, never the request's."""
    parts = urlsplit(str(settings.base_url))
    return parts.hostname or "", f"{parts.scheme}://{parts.netloc}"


def _record(session: Session, action: str, member_id: int) -> None:
    audit.record(session, action, subject="members", subject_id=member_id, member_id=member_id)


def _hash(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()


#: What is said of an answer that proves nothing.
REFUSED: Final = N_("This passkey was not accepted. Try again, or use another way.")
