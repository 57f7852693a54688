"""Asking the organisation behind official information: a question waits until it is confirmed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import (
    bans,
    consent,
    limits,
    links,
    listings,
    members,
    organisations,
    outbox,
    partners,
)
from board.db import now
from board.errors import Invalid, LinkRefused, NotAllowed, Problem
from board.i18n import LOCALES, N_
from board.listings import Listing
from board.questions import TEXT_MAX, Question, Status
from board.secrecy import Unreadable
from board.validation import Checks, email_address, required_text

if TYPE_CHECKING:
    from board.context import Board

#: The right that is missing where nobody can be asked.
ASK: Final = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQuestion:
    """A form that somebody sends."""

    email: str
    text: str
    locale: str = "fr"
    #: What is told of somebody's health may be kept and shown.
    health: bool = False


def can_be_asked(board: Board, view: listings.ListingView) -> bool:
    """Whether a verified organisation stands behind this open item."""
    with board.db.read() as session:
        return _organisation_of(session, view.id) is not None and view.state == "open"


def ask(
    board: Board, public_id: str, new: NewQuestion, visitor: limits.Visitor = limits.HOUSE
) -> None:
    """Keep the question, sealed, and write the mail that asks to confirm it.

    The answer is the same for known and unknown addresses. Raises ListingNotFound, NotAllowed
    where nobody can be asked, and Invalid.
    """
    email, text = _checked(new)
    health = consent.require(new.health, text)
    with board.db.write() as session:
        listing = listings.find(session, public_id)
        organisation = _organisation_of(session, listing.id)
        if organisation is None or listing.status != listings.Status.OPEN:
            raise NotAllowed(ASK)
        delay = limits.see(session, visitor, limits.QUESTION, None)
        address = links.address_hash(board.settings.secret_key, email)
        if not links.may_confirm(session, address):
            return
        question = Question(
            listing_id=listing.id,
            organisation_id=organisation.id,
            locale=new.locale,
            sealed=board.vault.seal(json.dumps({"email": email, "text": text})),
            created_at=now(session),
        )
        session.add(question)
        session.flush()
        consent.record(
            session, subject=Question.__tablename__, subject_id=question.id, health=health
        )
        row = links.ask(
            session,
            board,
            links.CONFIRM_QUESTION,
            question.id,
            email,
            new.locale,
            listing_id=listing.id,
            after=delay,
        )
    board.waker.wake([row])


def _checked(new: NewQuestion) -> tuple[str, str]:
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
    return email, text


def confirm(session: Session, board: Board, question: Question) -> list[int]:
    """Put the question into the inbox, in the unit that spends its link; gives the outbox rows.

    Every member of the organisation is told that one waits, without its words. Raises Invalid
    when the organisation answers no more, and NotAllowed when the asker is banned.
    """
    if question.status != Status.PENDING:
        return []
    if _organisation_of(session, question.listing_id) is None:
        message = N_("This organisation answers no more; your question was not sent.")
        raise Invalid([Problem("organisation", message)])
    try:
        sealed = json.loads(board.vault.open(question.sealed))
    except Unreadable:
        # Its words are lost with the key; the form makes a new link.
        raise LinkRefused("expired") from None
    asker = members.confirmed(session, sealed["email"], question.locale)
    bans.require_none(session, asker.id)
    consent.confirm(session, Question.__tablename__, question.id, asker.id)
    question.asker_id, question.status = asker.id, Status.OPEN
    question.sealed = board.vault.seal(json.dumps({"text": sealed["text"]}))
    return outbox.add_missing(
        session,
        [
            outbox.NewRow(
                purpose=outbox.QUESTION_ASKED,
                once=f"question:{question.id}:{member.id}",
                listing_id=question.listing_id,
                member_id=member.id,
                locale=member.locale,
            )
            for member in partners.of_organisation(session, question.organisation_id)
        ],
    )


def _organisation_of(session: Session, listing_id: int) -> organisations.Organisation | None:
    """The organisation that answers for an item now."""
    return session.scalar(
        sa.select(organisations.Organisation)
        .join(Listing, Listing.organisation_id == organisations.Organisation.id)
        .where(
            Listing.id == listing_id,
            organisations.Organisation.status == organisations.Status.VERIFIED,
        )
    )
