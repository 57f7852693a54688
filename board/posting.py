"""How a listing comes to be: checked, stored unconfirmed, confirmed through a mailed link."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import (
    audit,
    bans,
    checking,
    consent,
    editing,
    extensions,
    holding,
    limits,
    links,
    listings,
    members,
    outbox,
)
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
    #: What is told of somebody's health may be kept and shown.
    health: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """What a post made. It is the same for known and unknown addresses."""

    #: Public id; nobody can see the listing before it is confirmed.
    public_id: str
    #: Whether a moderator looks at it first.
    is_held: bool = False


def post(board: Board, new: NewListing, key: str, visitor: limits.Visitor = limits.HOUSE) -> Posted:
    """Store a listing, unconfirmed, and write the mail that asks for the confirmation.

    `key` is the form's idempotency key: the same key with the same content answers the same.
    Raises Invalid (nothing is written) or KeyReused, and NotAllowed for official information,
    which `information.publish` takes from signed-in partners alone.
    """

    email = _checked_email(new.email)

    def store(session: Session, fields: ListingFields) -> tuple[Listing, list[int]]:
        return _store_pending(session, board, fields, email, new.notify, visitor)

    return _post_once(board, new, key, store)


def status_of(board: Board, public_id: str) -> Status | None:
    """Where a listing stands, for the browser that has posted it; None for an unknown one."""
    with board.db.read() as session:
        found = session.scalar(sa.select(Listing.status).where(Listing.public_id == public_id))
    return None if found is None else Status(found)


def post_as_member(
    board: Board,
    member_id: int,
    new: NewListing,
    key: str,
    visitor: limits.Visitor = limits.HOUSE,
) -> Posted:
    """As `post`, for somebody who is signed in: no mail is waited for.

    The listing opens at once, or is held as after a confirmation; `new.email` is not looked at.
    Raises NotAllowed too when the member is banned, and Invalid after enough for a day.
    """
    # Whoever signed in has shown more than a proof of work shows.
    visitor = replace(visitor, proven=True)

    def store(session: Session, fields: ListingFields) -> tuple[Listing, list[int]]:
        email = session.get_one(members.Member, member_id).email
        entry = listings.Entry(
            fields=fields, status=Status.PENDING, pending_email=email, notify=new.notify
        )
        listing = listings.insert(session, board, entry)
        limits.see(session, visitor, limits.LISTING, listing.id)
        return listing, []

    def admitted(session: Session, listing: Listing) -> list[int]:
        return confirm(session, board, listing)

    return _post_once(board, replace(new, email=str(member_id)), key, store, admitted)


_Store = Callable[[Session, ListingFields], tuple[Listing, list[int]]]
_Then = Callable[[Session, Listing], list[int]]


def _post_once(
    board: Board, new: NewListing, key: str, store: _Store, then: _Then | None = None
) -> Posted:
    """Check, store and remember the key in one unit; `then` follows once consent is recorded."""
    if new.kind == Kind.INFO:
        raise NotAllowed(PARTNER)
    with board.db.read() as session:
        moment = now(session)
    fields, _ = checking.checked(board, new, moment)
    check_key(key)
    health = _needs_consent(fields, new.health)
    # Of the place as it is kept: who knows the rest of a form could find a finer one by trying.
    body = body_hash(replace(new, cell=fields.cell))
    try:
        with board.db.write() as session:
            known = session.get(PostingKey, key)
            if known is not None:
                return answer_again(session, known, body)
            listing, outbox_ids = store(session, fields)
            consent.record(
                session, subject=Listing.__tablename__, subject_id=listing.id, health=health
            )
            outbox_ids += then(session, listing) if then else []
            session.add(
                PostingKey(key=key, body_hash=body, listing_id=listing.id, created_at=now(session))
            )
            posted = _posted(listing)
    except IntegrityError as error:
        # Two sends of one form at once, on PostgreSQL: the first has stored it.
        with board.db.read() as session:
            known = session.get(PostingKey, key)
            if known is None:
                raise error
            return answer_again(session, known, body)
    board.waker.wake(outbox_ids)
    return posted


def _needs_consent(fields: ListingFields, given: bool) -> bool:
    """Whether the listing tells of health, agreed to; raises Invalid where it was not."""
    return consent.require(given, fields.title, fields.text, categories=fields.categories)


def _store_pending(
    session: Session,
    board: Board,
    fields: ListingFields,
    email: str,
    notify: bool,
    visitor: limits.Visitor,
) -> tuple[Listing, list[int]]:
    """The unconfirmed listing and the ids of its outbox rows."""
    listing = listings.insert(
        session,
        board,
        listings.Entry(fields=fields, status=Status.PENDING, pending_email=email, notify=notify),
    )
    delay = limits.see(session, visitor, limits.LISTING, listing.id)
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
        after=delay,
    )
    return listing, [row]


def answer_again(session: Session, known: PostingKey, body: str) -> Posted:
    """What a key answered before; raises KeyReused when it came with other content."""
    if known.body_hash != body:
        raise KeyReused(known.key)
    listing = session.get(Listing, known.listing_id)
    return Posted("") if listing is None else _posted(listing)


def _posted(listing: Listing) -> Posted:
    return Posted(listing.public_id, listing.status == Status.HELD)


def confirm(session: Session, board: Board, listing: Listing) -> list[int]:
    """Open a pending listing, in the unit that spends its link; returns the outbox rows.

    Where `holding` finds a reason, a moderator looks at it first. Raises NotAllowed for official
    information, whatever mailed link it waits for, and when the member is banned; Invalid when
    its time is over, or when the member has posted enough for a day.
    """
    if listing.status != Status.PENDING or listing.pending_email is None:
        return []
    if listing.kind == Kind.INFO:
        raise NotAllowed(PARTNER)
    if listing.ends_at <= now(session):
        raise Invalid([Problem("until", N_("The time of this listing is over; post a new one."))])
    email = listing.pending_email
    member = members.confirmed(session, email, listing.locale)
    bans.require_none(session, member.id)
    _require_few(session, member.id)
    listing.member_id, listing.pending_email = member.id, None
    consent.confirm(session, Listing.__tablename__, listing.id, member.id)
    audit.record(
        session,
        "listing-confirmed",
        subject="listings",
        subject_id=listing.id,
        member_id=member.id,
    )
    return admit(session, board, listing)


def admit(session: Session, board: Board, listing: Listing) -> list[int]:
    """Open what has just come, or hold it where there is a reason; returns the outbox rows."""
    why = holding.reasons(session, board, listing)
    if why:
        return holding.hold(session, board, listing, why)
    return open_(session, board, listing)


def open_(session: Session, board: Board, listing: Listing) -> list[int]:
    """Put a listing on the board and tell whoever is concerned; returns the outbox rows.

    Of a listing that was on the board before, nobody is told again.
    """
    listing.status = Status.OPEN
    if listing.opened_at is not None:
        return []
    listing.opened_at = now(session)
    extensions.schedule(listing, listing.opened_at)
    rows = [announce(session, listing)]
    member = None if listing.member_id is None else session.get(members.Member, listing.member_id)
    if member is not None and member.email is not None:
        rows.append(_write_published(session, board, listing, member.email))
    return rows


def _require_few(session: Session, member_id: int) -> None:
    """Raise Invalid when this member has put enough on the board for a day."""
    # Two links of one member, pressed at once, must count each other.
    session.execute(
        sa.select(members.Member.id).where(members.Member.id == member_id).with_for_update()
    )
    today = session.scalar(
        sa.select(sa.func.count(Listing.id)).where(
            Listing.member_id == member_id, Listing.created_at > now(session) - limits.DAY
        )
    )
    if (today or 0) >= limits.LISTINGS_PER_MEMBER:
        message = N_(
            "You have posted %(most)d listings within a day, and that is the most. The link of "
            "the mail works again tomorrow."
        )
        raise Invalid([Problem("listing", message, {"most": limits.LISTINGS_PER_MEMBER})])


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
