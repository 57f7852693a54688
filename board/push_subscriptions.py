"""Browsers that asked for push messages: kept sealed, listed to their member, forgotten when dead.

The endpoint is as good as a password, since whoever has it can wake the browser; it and its keys
are encrypted. By a keyed hash of the endpoint a browser is known again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import push_keys, push_services
from board.db import Base, BigId, UTCDateTime, insert_new, now, one_of
from board.errors import Invalid, Problem
from board.i18n import N_
from board.members import Member
from board.secrecy import Unreadable

if TYPE_CHECKING:
    from board.context import Board

#: Browsers of one member that get push messages.
MOST: Final = 5
_POINT_BYTES, _AUTH_BYTES = 65, 16


class PushSubscription(Base):
    """One browser of a member."""

    __tablename__ = "push_subscriptions"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    endpoint_hash: Mapped[str] = mapped_column(
        sa.String(64), unique=True, comment="keyed hash, by which a browser is known again"
    )
    sealed: Mapped[bytes] = mapped_column(
        sa.LargeBinary, comment="encrypted: endpoint and the keys of the browser"
    )
    service: Mapped[str] = mapped_column(sa.String(64), comment="host of the push service")
    device: Mapped[str] = mapped_column(
        sa.String(24), default="", comment="family of the browser, nothing finer"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime] = mapped_column(
        UTCDateTime, index=True, comment="when its service last took a message, or it was added"
    )


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """What a browser gives: the address of its service, its public key and its secret."""

    endpoint: str
    #: Uncompressed point of P-256, and 16 bytes; both in base64url.
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Device:
    """One browser, opened for sending."""

    id: int
    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One browser as its member sees it in a list."""

    id: int
    device: str
    created_at: datetime
    used_at: datetime
    #: SHA-256 of the endpoint in hexadecimal, by which a browser finds itself in the list.
    mark: str


def add(board: Board, member_id: int, new: NewSubscription, device: str = "") -> None:
    """Send push messages to this browser from now on; raises Invalid.

    A browser that is known stays one row, and belongs to whoever added it last.
    """
    service = _checked(board, new)
    name = board.vault.once("push", new.endpoint)
    with board.db.write() as session:
        moment = now(session)
        # One at a time for each member, so that the limit holds.
        session.get_one(Member, member_id, with_for_update=True)
        others = sa.and_(
            PushSubscription.member_id == member_id, PushSubscription.endpoint_hash != name
        )
        if _count(session, others) >= MOST:
            message = N_("At most %(most)d browsers get notifications. Remove one of them first.")
            raise Invalid([Problem("endpoint", message, {"most": MOST})])
        values = {
            "member_id": member_id,
            "sealed": board.vault.seal(json.dumps([new.endpoint, new.p256dh, new.auth])),
            "service": service[:64],
            "device": device[:24],
            "used_at": moment,
        }
        fresh = {**values, "endpoint_hash": name, "created_at": moment}
        session.execute(insert_new(session, PushSubscription, ["endpoint_hash"]), [fresh])
        this = PushSubscription.endpoint_hash == name
        taken = sa.update(PushSubscription).where(this, PushSubscription.member_id != member_id)
        _rows(session, taken.values(created_at=moment))
        _rows(session, sa.update(PushSubscription).where(this).values(**values))


def all_of(board: Board, member_id: int) -> list[Listed]:
    """The browsers of this member, the newest first."""
    with board.db.read() as session:
        rows = session.scalars(
            sa.select(PushSubscription)
            .where(PushSubscription.member_id == member_id)
            .order_by(PushSubscription.id.desc())
        ).all()
    return [
        Listed(row.id, row.device, row.created_at, row.used_at, _mark(board, row)) for row in rows
    ]


def remove(board: Board, member_id: int, subscription_id: int) -> bool:
    """Send nothing more to this browser; False when the member has no such one."""
    with board.db.write() as session:
        gone = sa.delete(PushSubscription).where(
            PushSubscription.id == subscription_id, PushSubscription.member_id == member_id
        )
        return _rows(session, gone) == 1


def holders(session: Session, board: Board, member_ids: Collection[int]) -> set[int]:
    """Those of the members whom a push message can reach; none where there are none."""
    if not member_ids or push_keys.public_key(board.settings) is None:
        return set()
    return set(
        session.scalars(
            sa.select(PushSubscription.member_id)
            .where(one_of(session, PushSubscription.member_id, member_ids))
            .distinct()
        )
    )


def devices(session: Session, board: Board, member_id: int) -> list[Device]:
    """Whereto a message to this member goes, the oldest first.

    What was sealed with another key cannot be sent to, and is left out.
    """
    rows = session.scalars(
        sa.select(PushSubscription)
        .where(PushSubscription.member_id == member_id)
        .order_by(PushSubscription.id)
    )
    return [Device(row.id, *opened) for row in rows if (opened := _open(board, row))]


def note_used(session: Session, ids: Collection[int]) -> None:
    """Note that their services have just taken a message."""
    used = sa.update(PushSubscription).where(PushSubscription.id.in_(ids))
    _rows(session, used.values(used_at=now(session)))


def forget(session: Session, ids: Collection[int]) -> None:
    """Delete browsers whose services say that they are gone."""
    _rows(session, sa.delete(PushSubscription).where(PushSubscription.id.in_(ids)))


def _checked(board: Board, new: NewSubscription) -> str:
    """The host of the push service; raises Invalid."""
    service = push_services.service_of(new.endpoint, board.settings)
    if push_keys.public_key(board.settings) is None or service is None:
        message = N_("The push service of this browser is not one of those that are accepted.")
        raise Invalid([Problem("endpoint", message)])
    point, auth = _bytes(new.p256dh), _bytes(new.auth)
    if not _is_point(point) or len(auth) != _AUTH_BYTES:
        message = N_("The keys that this browser sent are damaged. Try once more.")
        raise Invalid([Problem("endpoint", message)])
    return service


def _bytes(text: str) -> bytes:
    """What is written in base64url; b"" for what is not."""
    plain = text.rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars="-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_point(data: bytes) -> bool:
    if len(data) != _POINT_BYTES:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        return False
    return True


def _open(board: Board, row: PushSubscription) -> list[str]:
    """Endpoint and keys; [] for what was sealed with another key."""
    try:
        opened: list[str] = json.loads(board.vault.open(row.sealed))
    except Unreadable:
        return []
    return opened


def _mark(board: Board, row: PushSubscription) -> str:
    opened = _open(board, row)
    return hashlib.sha256(opened[0].encode()).hexdigest() if opened else ""


def _count(session: Session, which: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count(PushSubscription.id)).where(which)) or 0


def _rows(session: Session, statement: Any) -> int:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], done).rowcount
