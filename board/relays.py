"""Relays: posting on behalf of people without internet, and closing or extending by telephone.

The listing hangs on a member without address, made for it. A number and a code are read out to
the person; with them the person, or whoever helps, closes or extends the listing. Mail for the
person goes to the relay.
"""

from __future__ import annotations

import hmac
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, checking, editing, extensions, listings, messages, posting
from board import consent as consents
from board.conversations import Conversation, ConversationStatus, Side
from board.db import Base, UTCDateTime, now
from board.errors import CodeRefused, Invalid, KeyReused, ListingNotFound, Problem
from board.i18n import N_
from board.listings import Listing, ListingFields, ListingView, Status
from board.members import Member
from board.roles import Grant, Role
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

#: How the person has agreed; nothing else is written down about it.
CONSENTS: Final = {
    "in-person": N_("In person"),
    "telephone": N_("By telephone"),
    "in-writing": N_("In writing"),
    "representative": N_("Through a relative or a legal representative"),
}
#: How a relayed listing ended.
OUTCOMES: Final = {
    "helped": N_("Help was found"),
    "not-needed": N_("It is no longer needed"),
    "not-found": N_("Nobody was found"),
}
#: Wrong codes before a new one must be made.
TRIES = 5
_REFERENCE_DIGITS, _CODE_DIGITS = 6, 8

Deed = Literal["extend", "helped", "not-needed", "not-found"]


class RelayedListing(Base):
    """What goes with a listing that a relay has posted."""

    __tablename__ = "relayed_listings"
    __table_args__ = (
        sa.CheckConstraint(
            "consent IN ('in-person', 'telephone', 'in-writing', 'representative')",
            name="consent",
        ),
        sa.CheckConstraint("outcome IN ('helped', 'not-needed', 'not-found')", name="outcome"),
    )
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    relay_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    consent: Mapped[str] = mapped_column(sa.String(16), comment="how the person agreed")
    consented_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reference: Mapped[str] = mapped_column(
        sa.String(8), unique=True, comment="number that is said on the telephone"
    )
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    tries: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    outcome: Mapped[str | None] = mapped_column(sa.String(16))


@dataclass(frozen=True, slots=True)
class Dictated:
    """What is read out to the person, once; the code is kept nowhere else."""

    public_id: str
    reference: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """A listing as its relay sees it."""

    view: ListingView
    reference: str
    consent: str
    #: One of OUTCOMES, or None while nobody has said.
    outcome: str | None
    #: Conversations that people have begun.
    answers: int
    #: What an extension would add, None where there is none.
    extension_days: int | None


def post(
    board: Board,
    relay_id: int,
    fields: ListingFields,
    consent: str,
    key: str,
    *,
    health: bool = False,
) -> Dictated:
    """Put a listing on the board for somebody who has agreed; nobody confirms it by mail.

    It is judged as any other: where `holding` finds a reason, a moderator looks at it first.

    `health` says that the person agrees to what is told of their health. `key` is the form's
    idempotency key. Raises Invalid, and KeyReused for a form sent twice: its
    code was shown once.
    """
    with board.db.read() as session:
        moment = now(session)
    if consent not in CONSENTS:
        raise Invalid([Problem("consent", N_("Say how the person has agreed."))])
    if fields.kind is Kind.INFO:
        raise Invalid([Problem("kind", N_("Choose a request or an offer."))])
    fields, _ = checking.checked(board, fields, moment)
    posting.check_key(key)
    health = consents.require(health, fields.title, fields.text, categories=fields.categories)
    with board.db.write() as session:
        if session.get(posting.PostingKey, key) is not None:
            raise KeyReused(key)
        listing = _insert(session, board, fields, key)
        dictated = _keep(session, board, listing, relay_id, consent)
        consents.record(
            session,
            member_id=listing.member_id,
            subject=Listing.__tablename__,
            subject_id=listing.id,
            health=health,
        )
        audit.record(
            session,
            "listing-relayed",
            subject="listings",
            subject_id=listing.id,
            member_id=relay_id,
            reason=consent,
        )
        woken = posting.admit(session, board, listing)
    board.waker.wake(woken)
    return dictated


def _insert(session: Session, board: Board, fields: ListingFields, key: str) -> Listing:
    moment = now(session)
    person = Member(email=None, locale=fields.locale, created_at=moment)
    session.add(person)
    session.flush()
    entry = listings.Entry(fields=fields, status=Status.PENDING, member_id=person.id, notify=True)
    listing = listings.insert(session, board, entry)
    session.add(posting.PostingKey(key=key, body_hash="", listing_id=listing.id, created_at=moment))
    return listing


def _keep(
    session: Session, board: Board, listing: Listing, relay_id: int, consent: str
) -> Dictated:
    reference, code = _free_reference(session), _digits(_CODE_DIGITS)
    session.add(
        RelayedListing(
            listing_id=listing.id,
            relay_id=relay_id,
            consent=consent,
            consented_at=now(session),
            reference=reference,
            code_hash=_hash(board, listing.id, code),
        )
    )
    return Dictated(listing.public_id, _spoken(reference), _spoken(code))


def _free_reference(session: Session) -> str:
    while True:
        reference = _digits(_REFERENCE_DIGITS)
        taken = sa.select(RelayedListing.listing_id).where(RelayedListing.reference == reference)
        if session.scalar(taken) is None:
            return reference


def own(board: Board, relay_id: int) -> tuple[Relayed, ...]:
    """What this relay has posted, the newest first, with what became of it."""
    with board.db.read() as session:
        moment = now(session)
        rows = {
            row.listing_id: row
            for row in session.scalars(
                sa.select(RelayedListing).where(RelayedListing.relay_id == relay_id)
            )
        }
        answers = Counter(
            session.scalars(
                sa.select(Conversation.listing_id).where(
                    Conversation.listing_id.in_(rows),
                    Conversation.status != ConversationStatus.PENDING,
                    messages.heard_by(Side.POSTER),
                )
            )
        )
        return tuple(
            Relayed(
                view=view,
                reference=_spoken(rows[view.id].reference),
                consent=rows[view.id].consent,
                outcome=rows[view.id].outcome,
                answers=answers[view.id],
                extension_days=extensions.days_to_add(view, moment),
            )
            for view in listings.views(session, board, sorted(rows, reverse=True), held=True)
        )


def new_code(board: Board, relay_id: int, public_id: str) -> Dictated:
    """Another code for one's own relayed listing; the old one opens nothing any more."""
    with board.db.write() as session:
        listing, row = _own(session, relay_id, public_id)
        code = _digits(_CODE_DIGITS)
        row.code_hash, row.tries = _hash(board, listing.id, code), 0
        _record(session, "code-renewed", listing, relay_id)
        return Dictated(public_id, _spoken(row.reference), _spoken(code))


def act(board: Board, relay_id: int, public_id: str, deed: str) -> None:
    """Close or extend one's own relayed listing; raises ListingNotFound or Invalid."""
    with board.db.write() as session:
        listing, row = _own(session, relay_id, public_id)
        _do(session, listing, row, deed, "relay")


def by_phone(board: Board, reference: str, code: str, deed: str) -> str:
    """Close or extend with what was read out; returns the title of the listing.

    A try is counted before the code is looked at. An unknown number, a wrong code and one that
    was tried too often are refused alike: CodeRefused. Raises Invalid for a deed that cannot be.
    """
    problem: Invalid | None = None
    title: str | None = None
    with board.db.write() as session:
        row = _count_try(session, "".join(filter(str.isdecimal, reference)))
        typed = "".join(filter(str.isdecimal, code))[: 2 * _CODE_DIGITS]
        if row is not None and hmac.compare_digest(
            row.code_hash, _hash(board, row.listing_id, typed)
        ):
            row.tries = 0
            listing = session.get_one(Listing, row.listing_id)
            try:
                _do(session, listing, row, deed, "by-phone")
                title = listing.title
            except Invalid as invalid:
                problem = invalid
    if problem is not None:
        raise problem
    if title is None:
        raise CodeRefused("wrong")
    return title


def _count_try(session: Session, reference: str) -> RelayedListing | None:
    return session.scalar(
        sa.update(RelayedListing)
        .where(RelayedListing.reference == reference, RelayedListing.tries < TRIES)
        .values(tries=RelayedListing.tries + 1)
        .returning(RelayedListing)
        .execution_options(synchronize_session=False)
    )


def _do(session: Session, listing: Listing, row: RelayedListing, deed: str, door: str) -> None:
    if deed == "extend":
        extensions.extend(session, listing)
        return
    if deed not in OUTCOMES:
        raise Invalid([Problem("deed", N_("Choose one of the answers of the list."))])
    if listing.status not in (Status.OPEN, Status.HELD):
        raise Invalid([Problem("listing", editing.OVER)])
    listings.close(session, listing, door)
    row.outcome = deed


def address_for(session: Session, member: Member) -> str | None:
    """Where mail for this member goes: the own address, or that of the relay who speaks for it.

    None where there is neither, or the relay is none any more.
    """
    if member.email is not None:
        return member.email
    return session.scalar(
        sa.select(Member.email)
        .join(RelayedListing, RelayedListing.relay_id == Member.id)
        .join(Listing, Listing.id == RelayedListing.listing_id)
        .join(Grant, sa.and_(Grant.member_id == Member.id, Grant.role == Role.RELAY))
        .where(Listing.member_id == member.id)
        .limit(1)
    )


def _own(session: Session, relay_id: int, public_id: str) -> tuple[Listing, RelayedListing]:
    found = session.execute(
        sa.select(Listing, RelayedListing)
        .join(RelayedListing, RelayedListing.listing_id == Listing.id)
        .where(
            Listing.public_id == public_id,
            Listing.status.in_((Status.OPEN, Status.HELD)),
            RelayedListing.relay_id == relay_id,
        )
    ).one_or_none()
    if found is None:
        raise ListingNotFound(public_id)
    return found[0], found[1]


def _record(session: Session, action: str, listing: Listing, relay_id: int) -> None:
    audit.record(session, action, subject="listings", subject_id=listing.id, member_id=relay_id)


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


def _spoken(digits: str) -> str:
    """Digits as they are read out, in twos."""
    return " ".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def _hash(board: Board, listing_id: int, code: str) -> str:
    key = board.settings.secret_key.encode()
    return hmac.new(key, f"by-phone:{listing_id}:{code}".encode(), "sha256").hexdigest()
