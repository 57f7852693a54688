"""How many people read an item of official information, without knowing who.

A reader counts once an item and day. What tells one reader from another is hashed with a random
salt of the day; when the day is over, the number is kept, and hashes and salt are thrown away.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import listings
from board.db import Base, now
from board.errors import ListingNotFound
from board.listings import Status

if TYPE_CHECKING:
    from board.context import Board


class ReaderSalt(Base):
    """The salt of one day, until the day is over."""

    __tablename__ = "reader_salts"
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    salt: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Reader(Base):
    """Somebody who read an item today."""

    __tablename__ = "readers"
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    hash: Mapped[str] = mapped_column(sa.String(32), primary_key=True)


class ReaderDay(Base):
    """How many read an item on one day that is over."""

    __tablename__ = "reader_days"
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    readers: Mapped[int] = mapped_column(sa.Integer)


def count(board: Board, public_id: str, who: str) -> None:
    """Count one reader of an open item; `who` tells readers apart and is not kept.

    Raises ListingNotFound for anything but an organisation's open item.
    """
    try:
        with board.db.write() as session:
            listing = listings.find(session, public_id)
            if listing.organisation_id is None or listing.status != Status.OPEN:
                raise ListingNotFound(public_id)
            day = now(session).date()
            digest = hmac.digest(_salt(session, day), who.encode("utf-8", "replace"), "sha256")
            key = {"listing_id": listing.id, "day": day, "hash": digest.hex()[:32]}
            if session.get(Reader, tuple(key.values())) is None:
                session.add(Reader(**key))
    except IntegrityError:
        # Two at once, on PostgreSQL: the other has counted.
        return


def _salt(session: Session, day: date) -> bytes:
    row = session.get(ReaderSalt, day)
    if row is None:
        row = ReaderSalt(day=day, salt=secrets.token_bytes(32))
        session.add(row)
        session.flush()
    return row.salt


def totals(board: Board, listing_ids: Sequence[int]) -> dict[int, int]:
    """Readers of each item, summed over the days; 0 where nobody read it."""
    found = dict.fromkeys(listing_ids, 0)
    past = sa.select(ReaderDay.listing_id, sa.func.sum(ReaderDay.readers)).group_by(
        ReaderDay.listing_id
    )
    today = sa.select(Reader.listing_id, sa.func.count()).group_by(Reader.listing_id)
    with board.db.read() as session:
        for query in (
            past.where(ReaderDay.listing_id.in_(listing_ids)),
            today.where(Reader.listing_id.in_(listing_ids)),
        ):
            for listing_id, readers in session.execute(query):
                found[listing_id] += int(readers)
    return found


def forget_days(board: Board) -> int:
    """Keep the numbers of the days that are over, and throw hashes and salts away; how many."""
    with board.db.write() as session:
        today = now(session).date()
        counted = session.execute(
            sa.select(Reader.listing_id, Reader.day, sa.func.count())
            .where(Reader.day < today)
            .group_by(Reader.listing_id, Reader.day)
        ).all()
        for listing_id, day, readers in counted:
            row = session.get(ReaderDay, (listing_id, day))
            if row is None:
                session.add(ReaderDay(listing_id=listing_id, day=day, readers=readers))
            else:
                row.readers += readers
        session.execute(sa.delete(ReaderSalt).where(ReaderSalt.day < today))
        gone = session.execute(sa.delete(Reader).where(Reader.day < today))
        return cast(CursorResult[Any], gone).rowcount
