"""Proof of work: a browser computes for a moment before it sends an anonymous form.

It costs a person nothing and somebody who sends thousands a lot. Challenges are signed, so that
none is stored before it is solved; a solved one is stored until its end, so that it counts once.
The protocol is that of ALTCHA (https://altcha.org).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import altcha
import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, UTCDateTime, now

if TYPE_CHECKING:
    from board.context import Board

ALGORITHM: Final = "SHA-256"
#: Hashes in a chain for each number that is tried.
COST: Final = 10
#: The beginning of the key, in hexadecimal: one of 4,096 numbers has it.
PREFIX: Final = "000"
LIFETIME: Final = timedelta(hours=2)
#: Longest solution that is read.
_LONGEST: Final = 4000


class SpentProof(Base):
    """A challenge that was solved and used."""

    __tablename__ = "spent_proofs"
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


def challenge(board: Board) -> dict[str, Any]:
    """A fresh challenge, as the browser's widget reads it."""
    with board.db.read() as session:
        until = now(session) + LIFETIME
    made = altcha.create_challenge(
        ALGORITHM,
        COST,
        key_prefix=PREFIX,
        # Judged by the database's clock, not by the one that the library would look at.
        data={"until": int(until.timestamp())},
        hmac_secret=_key(board),
    )
    return cast(dict[str, Any], made.to_dict())


def spend(board: Board, solution: str | None) -> bool:
    """Whether this is a solved challenge of ours, not too old and not used before; it is now."""
    proof = _read(solution)
    if proof is None or not altcha.verify_solution(proof, _key(board)).verified:
        return False
    until = (proof.challenge.parameters.data or {}).get("until", 0)
    # The nonce alone tells one challenge from another: what surrounds it may be written anew.
    digest = hashlib.sha256(proof.challenge.parameters.nonce.lower().encode()).hexdigest()
    try:
        with board.db.write() as session:
            moment = now(session)
            expires_at = datetime.fromtimestamp(until, moment.tzinfo)
            if expires_at <= moment or session.get(SpentProof, digest) is not None:
                return False
            session.add(SpentProof(digest=digest, expires_at=expires_at))
    except IntegrityError:
        # Two forms with one solution at the same moment: the other one had it.
        return False
    return True


def _read(solution: str | None) -> altcha.Payload | None:
    if not solution or len(solution) > _LONGEST:
        return None
    try:
        data = json.loads(base64.b64decode(solution, validate=True))
        proof = altcha.Payload.from_dict(data)
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    parameters = proof.challenge.parameters
    plain = isinstance(parameters.nonce, str) and isinstance(parameters.data, dict)
    ours = parameters.algorithm == ALGORITHM and parameters.cost == COST
    return proof if plain and ours else None


def _key(board: Board) -> str:
    return board.vault.key("proof of work").hex()


def forget(session: Session) -> int:
    """Delete what has come to its end; returns how many rows."""
    over = sa.delete(SpentProof).where(SpentProof.expires_at <= now(session))
    return cast(CursorResult[Any], session.execute(over)).rowcount
