"""How a listing comes to be: checked, stored unconfirmed, confirmed through a mailed link."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, checking, editing, extensions, links, listings, members, outbox
from board.db import Base, UTCDateTime, now
from board.errors import Invalid, KeyReused, NotAllowed, Problem
from board.i18n import N_
from board.listings import Listing, ListingFields, Status
from board.organisations import PARTNER
from board.validation import Checks, email_address
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

KEY_MAX = 64


class PostingKey(Base):
    """An idempotency key of a form, and what it made."""

    __tablename__ = "posting_keys"
    key: Mapped[str] = mapped_column(sa.String(KEY_MAX), primary_key=True)
    body_hash: Mapped[str] = mapped_column(sa.String(64))
    listing_id: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewListing(ListingFields):
    """A form that somebody sends: the fields, and the poster's address."""

    email: str
    #: Tell the poster when a counterpart comes.
    notify: bool = True


@dataclass(frozen=True, slots=True)
class Posted:
    """What a post made. It is the same for known and unknown addresses."""

    #: Public id; nobody can see the listing before it is confirmed.
    public_id: str


def post(board: Board, new: NewListing, key: str) -> Posted:
    """Store a listing, unconfirmed, and write the mail that asks for the confirmation.

    `key` is the form's idempotency key: the same key with the same content answers the same.
    Raises Invalid (nothing is written) or KeyReused, and NotAllowed for official information,
    which `information.publish` takes from signed-in partners alone.
    """
    if new.kind == Kind.INFO:
        raise NotAllowed(PARTNER)
    with board.db.read() as session:
        moment = now(session)
    fields, _ = checking.checked(board, new, moment)
    email = _checked_email(new.email)
    check_key(key)
    # Of the place as it is kept: who knows the rest of a form could find a finer one by trying.
    body = body_hash(replace(new, cell=fields.cell))
    try:
        with board.db.write() as session:
            known = session.get(PostingKey, key)
            if known is not None:
                return answer_again(session, known, body)
            listing, outbox_ids = _store_pending(session, board, fields, email, new.notify)
            session.add(
                PostingKey(key=key, body_hash=body, listing_id=listing.id, created_at=now(session))
            )
            posted = Posted(listing.public_id)
    except IntegrityError as error:
        # Two sends of one form at once, on PostgreSQL: the first has stored it.
        with board.db.read() as session:
            known = session.get(PostingKey, key)
            if known is None:
                raise error
            return answer_again(session, known, body)
    board.waker.wake(outbox_ids)
    return posted


def _store_pending(
    session: Session,
    board: Board,
    fields: ListingFields,
    email: str,
    notify: bool,
) -> tuple[Listing, list[int]]:
    """The unconfirmed listing and the ids of its outbox rows."""
    listing = listings.insert(
        session,
        board,
        listings.Entry(fields=fields, status=Status.PENDING, pending_email=email, notify=notify),
    )
    address = links.address_hash(board.settings.secret_key, email)
    if not links.may_confirm(session, address):
        return listing, []
    row = links.ask(
        session,
        board,
        links.CONFIRM_LISTING,
        listing.id,
        email,
        fields.locale,
        listing_id=listing.id,
    )
    return listing, [row]


def answer_again(session: Session, known: PostingKey, body: str) -> Posted:
    """What a key answered before; raises KeyReused when it came with other content."""
    if known.body_hash != body:
        raise KeyReused(known.key)
    public_id = session.scalar(sa.select(Listing.public_id).where(Listing.id == known.listing_id))
    return Posted(public_id or "")


def confirm(session: Session, board: Board, listing: Listing) -> list[int]:
    """Open a pending listing, in the unit that spends its link; returns the outbox rows.

    Raises NotAllowed for official information, whatever mailed link it waits for, and Invalid
    when its time is over.
    """
    if listing.status != Status.PENDING or listing.pending_email is None:
        return []
    if listing.kind == Kind.INFO:
        raise NotAllowed(PARTNER)
    if listing.ends_at <= now(session):
        raise Invalid([Problem("until", N_("The time of this listing is over; post a new one."))])
    email = listing.pending_email
    member = members.confirmed(session, email, listing.locale)
    listing.member_id, listing.pending_email = member.id, None
    listing.status, listing.opened_at = Status.OPEN, now(session)
    extensions.schedule(listing, listing.opened_at)
    audit.record(
        session,
        "listing-confirmed",
        subject="listings",
        subject_id=listing.id,
        member_id=member.id,
    )
    return [announce(session, listing), _write_published(session, board, listing, email)]


def announce(session: Session, listing: Listing) -> int:
    """Write the event from which the workers tell whoever is concerned."""
    return outbox.add(
        session,
        outbox.NewRow(
            purpose=outbox.LISTING_OPENED,
            once=f"opened:{listing.id}",
            listing_id=listing.id,
            locale=listing.locale,
        ),
    )


def _write_published(session: Session, board: Board, listing: Listing, email: str) -> int:
    return outbox.add(
        session,
        outbox.NewRow(
            purpose=outbox.LISTING_PUBLISHED,
            once=f"published:{listing.id}",
            listing_id=listing.id,
            member_id=listing.member_id,
            locale=listing.locale,
            payload=board.vault.seal(json.dumps(editing.tokens(session, board, listing, email))),
        ),
    )


def _checked_email(email: str) -> str:
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    checks.done()
    return email


def check_key(key: str) -> None:
    """Raise Invalid for what is no idempotency key."""
    if not (8 <= len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        raise Invalid([Problem("key", N_("Open the form again: its key is missing."))])


def body_hash(new: ListingFields) -> str:
    """A digest of everything that a form said."""
    body = json.dumps(asdict(new), sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(body.encode()).hexdigest()
