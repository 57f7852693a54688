"""Answering a listing: a message that goes to its poster once its writer's address is confirmed.

The poster's address is shown to nobody. The writer's goes to the poster with the message, and
the form says so; whoever replies decides to show one's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import blocks, links, listings, members, outbox
from board.db import Base, BigId, UTCDateTime, now
from board.errors import Invalid, LinkRefused, NotAllowed, Problem
from board.i18n import LOCALES, N_
from board.listings import Listing, Status
from board.secrecy import Unreadable
from board.validation import Checks, email_address, required_text
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

TEXT_MAX = 2000
CONTACT = "contact"


class Answer(Base):
    """A message that waits for its writer's confirmation."""

    __tablename__ = "answers"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), index=True
    )
    locale: Mapped[str] = mapped_column(sa.String(8))
    sealed: Mapped[bytes | None] = mapped_column(
        sa.LargeBinary, comment="encrypted: address and text; erased when it is passed on"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnswer:
    """A form that somebody sends."""

    email: str
    text: str
    locale: str = "fr"


def can_be_answered(listing: listings.ListingView) -> bool:
    """Whether somebody stands behind this listing who can be written to."""
    return (
        listing.state == "open"
        and listing.kind is not Kind.INFO
        and listing.source is None
        and not listing.demo
    )


def send(board: Board, public_id: str, new: NewAnswer) -> None:
    """Keep the message, sealed, and write the mail that asks for the confirmation.

    The answer is the same for known and unknown addresses. Raises ListingNotFound, NotAllowed
    where nobody can be written to, and Invalid.
    """
    checks = Checks()
    email = text = ""
    with checks.field("email"):
        email = email_address(new.email)
    with checks.field("text"):
        text = required_text(new.text, max_length=TEXT_MAX, multiline=True)
    if new.locale not in LOCALES:
        checks.refuse(
            "locale", N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES)
        )
    checks.done()
    with board.db.write() as session:
        listing = listings.find(session, public_id)
        _require_poster(listing, now(session))
        address = links.address_hash(board.settings.secret_key, email)
        if not links.may_confirm(session, address):
            return
        answer = Answer(
            listing_id=listing.id,
            locale=new.locale,
            sealed=board.vault.seal(json.dumps({"email": email, "text": text})),
            created_at=now(session),
        )
        session.add(answer)
        session.flush()
        row = links.ask(
            session,
            board,
            links.CONFIRM_ANSWER,
            answer.id,
            email,
            new.locale,
            listing_id=listing.id,
        )
    board.waker.wake([row])


def confirm(session: Session, board: Board, answer: Answer) -> list[int]:
    """Pass the message on, in the unit that spends its link; returns the outbox rows.

    Raises Invalid when the listing is no longer open.
    """
    if answer.sealed is None:
        return []
    listing = session.get_one(Listing, answer.listing_id)
    try:
        _require_poster(listing, now(session))
    except NotAllowed:
        message = N_("This listing is no longer open; your message was not sent.")
        raise Invalid([Problem("listing", message)]) from None
    try:
        sealed = json.loads(board.vault.open(answer.sealed))
    except Unreadable:
        # Its words are lost with the key; the form makes a new link.
        raise LinkRefused("expired") from None
    writer = members.confirmed(session, sealed["email"], answer.locale)
    poster = session.get_one(members.Member, listing.member_id)
    payload, answer.sealed, answer.confirmed_at = answer.sealed, None, now(session)
    if blocks.between(session, writer.id, poster.id):
        # Nobody is told of a block: to the writer, this message went the way of every other.
        return []
    row = outbox.add(
        session,
        outbox.NewRow(
            purpose=outbox.ANSWER,
            once=f"answer:{answer.id}:email",
            listing_id=listing.id,
            member_id=poster.id,
            locale=poster.locale,
            payload=payload,
        ),
    )
    return [row]


def _require_poster(listing: Listing, moment: datetime) -> None:
    answerable = (
        listing.status == Status.OPEN
        and listing.ends_at > moment
        and listing.member_id is not None
        and listing.kind != Kind.INFO
    )
    if not answerable:
        raise NotAllowed(CONTACT)
