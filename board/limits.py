"""How much one address, one account and one network may send; counted in SQL alone.

A network is the first 24 bits of an IPv4 address and the first 48 of an IPv6 one. Many people
share one behind a mobile carrier: what comes from a busy network is looked at first, or mailed
later, and never refused. The address is neither stored nor logged: only a hash of the network is,
under a secret that is replaced every day and then forgotten.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, BigId, UTCDateTime, now

LISTING, ALERT, ANSWER = "listing", "alert", "answer"
QUESTION, APPLICATION = "question", "partner"

DAY: Final = timedelta(days=1)
#: Listings that one member may put on the board in a day. The next one waits for tomorrow.
LISTINGS_PER_MEMBER: Final = 10
#: Of those sent without proof of work, the next one is looked at first.
UNPROVEN_PER_MEMBER: Final = 2
#: Listings of one network in a day, after which each is looked at first.
LISTINGS_PER_NETWORK: Final = 20
UNPROVEN_PER_NETWORK: Final = 5
#: Confirmations that one network asks for in an hour, after which their mails go out later.
MAILS_PER_NETWORK: Final = 60
UNPROVEN_MAILS_PER_NETWORK: Final = 10
#: How much later each further mail goes, and the last.
_LATER, _LATEST = timedelta(seconds=30), timedelta(hours=1)

#: A secret is used for a day, and known for one more, so that yesterday's posts still count.
ROTATED_AFTER: Final = DAY
FORGOTTEN_AFTER: Final = 2 * DAY
_PREFIX: Final = {4: 24, 6: 48}


class NetworkSecret(Base):
    """What networks are hashed with for a day."""

    __tablename__ = "network_secrets"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    secret: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Sighting(Base):
    """Something that came from a network."""

    __tablename__ = "sightings"
    __table_args__ = (sa.Index(None, "network_hash", "at"), sa.Index(None, "what", "subject_id"))
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    network_hash: Mapped[str | None] = mapped_column(
        sa.String(64), comment="null where the network is not known"
    )
    what: Mapped[str] = mapped_column(sa.String(8))
    subject_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    proven: Mapped[bool] = mapped_column(sa.Boolean)
    crowded: Mapped[bool] = mapped_column(
        sa.Boolean, comment="its network had sent more than usual by then"
    )
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends a form, as far as limits need to know."""

    #: Network address of the request; None where it is not known.
    address: str | None = None
    #: Whether a proof of work came with the form.
    proven: bool = False


#: Our own code: the command line, imports, tests of other things.
HOUSE: Final = Visitor(proven=True)


def prefix(address: str | None) -> str | None:
    """The network of an address; None for none, a wrong one, and those that the world does not see.

    Behind a proxy that is not announced, every visitor has the proxy's address: it counts as
    unknown, so that nobody is held for what others do.
    """
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return None
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if not parsed.is_global:
        return None
    return str(ip_network((parsed, _PREFIX[parsed.version]), strict=False))


def hashes(session: Session, address: str | None) -> tuple[str, ...]:
    """Hashes of the network under today's secret and yesterday's, the newest first."""
    network = prefix(address)
    if network is None:
        return ()
    moment = now(session)
    rows = _secrets(session, moment)
    if not rows or rows[0].created_at <= moment - ROTATED_AFTER:
        fresh = NetworkSecret(secret=secrets.token_bytes(32), created_at=moment)
        session.add(fresh)
        session.flush()
        rows = [fresh, *rows]
    return tuple(hmac.digest(row.secret, network.encode(), "sha256").hex() for row in rows)


def _secrets(session: Session, moment: datetime) -> list[NetworkSecret]:
    known = NetworkSecret.created_at > moment - FORGOTTEN_AFTER
    wanted = sa.select(NetworkSecret).where(known).order_by(NetworkSecret.id.desc())
    return list(session.scalars(wanted))


def see(session: Session, visitor: Visitor, what: str, subject_id: int | None) -> timedelta:
    """Note that something came from a network; returns how much later its mail goes out.

    Whether a listing is looked at first is noted too, for `reasons`.
    """
    moment = now(session)
    known = hashes(session, visitor.address)
    crowded = what == LISTING and _is_crowded(session, known, visitor.proven, moment)
    delay = _delay(session, known, visitor.proven, moment)
    session.add(
        Sighting(
            network_hash=known[0] if known else None,
            what=what,
            subject_id=subject_id,
            proven=visitor.proven,
            crowded=crowded,
            at=moment,
        )
    )
    return delay


def _is_crowded(session: Session, known: tuple[str, ...], proven: bool, moment: datetime) -> bool:
    of_listings = Sighting.what == LISTING
    if _count(session, known, moment - DAY, of_listings) >= LISTINGS_PER_NETWORK:
        return True
    without = _count(session, known, moment - DAY, of_listings, sa.not_(Sighting.proven))
    return not proven and without >= UNPROVEN_PER_NETWORK


def _delay(session: Session, known: tuple[str, ...], proven: bool, moment: datetime) -> timedelta:
    most = MAILS_PER_NETWORK if proven else UNPROVEN_MAILS_PER_NETWORK
    beyond = _count(session, known, moment - timedelta(hours=1)) - most + 1
    return min(_LATEST, max(0, beyond) * _LATER)


def _count(session: Session, known: tuple[str, ...], since: datetime, *conditions: Any) -> int:
    if not known:
        return 0
    wanted = sa.select(sa.func.count(Sighting.id)).where(
        Sighting.network_hash.in_(known), Sighting.at > since, *conditions
    )
    return session.scalar(wanted) or 0


def sighting(session: Session, what: str, subject_id: int) -> Sighting | None:
    """What was noted when this came in; None once it is forgotten, or where nothing was."""
    return session.scalar(
        sa.select(Sighting).where(Sighting.what == what, Sighting.subject_id == subject_id)
    )


def forget(session: Session) -> int:
    """Delete secrets and sightings that count for nothing any more; returns how many rows."""
    too_old = now(session) - FORGOTTEN_AFTER
    stale: tuple[Any, ...] = (
        # Of a listing's, the link that opens it may be pressed for a day longer.
        sa.delete(Sighting).where(Sighting.at <= too_old - 2 * DAY),
        sa.delete(NetworkSecret).where(NetworkSecret.created_at <= too_old),
    )
    return sum(cast(CursorResult[Any], session.execute(each)).rowcount for each in stale)
