"""Mailed links: what one would do, and doing it. Looking never uses a link up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import (
    alerts,
    answering,
    asking,
    editing,
    extensions,
    kept_bans,
    links,
    listings,
    posting,
    profiles,
    suspensions,
    verification,
)
from board.alerts import Alert
from board.conversations import Conversation
from board.editing import Changes
from board.errors import CodeRefused, Invalid, LinkRefused, NotAllowed, Problem
from board.i18n import N_
from board.listings import Listing, Status
from board.members import Member
from board.organisations import PARTNER, Organisation
from board.questions import Question
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

#: What a link may be about.
Subject: TypeAlias = Listing | Alert | Conversation | Organisation | Question | Member


@dataclass(frozen=True, slots=True)
class Deed:
    """What a link does, for the page that shows it and for the page that follows."""

    #: One of the purposes in `links`.
    purpose: str
    #: Title of the listing, or the name of the alert's place or of the organisation; "" for none.
    title: str
    #: The listing's public id; None for what is about no listing.
    public_id: str | None
    #: Opens the conversation that has just begun; only after the deed.
    conversation_token: str | None = None
    #: Whether a moderator looks at the listing before others see it.
    held: bool = False


def show(board: Board, token: str) -> Deed:
    """What the link would do now; changes nothing. Raises LinkRefused."""
    with board.db.read() as session:
        link = links.find(session, token)
        return _deed(session, link, _subject(session, link))


def act(board: Board, token: str, changes: Changes | None = None) -> Deed:
    """Do it, once. Raises LinkRefused, Invalid or NotAllowed; a refusal leaves the link whole.

    `changes` is what a link that edits a listing needs, and no other.
    """
    with board.db.write() as session:
        deed, woken = _act(session, board, links.find(session, token, lock=True), changes)
    board.waker.wake(woken)
    return deed


def publish(board: Board, public_id: str, code: str) -> Deed:
    """Confirm a listing by the code of its mail, which is as good as the link.

    Raises CodeRefused, with the same reason whatever was wrong, Invalid where the listing cannot be
    opened now, and NotAllowed. Only the browser that posted it knows its public id until then.
    """
    found: tuple[Deed, list[int]] | None = None
    with board.db.write() as session:
        listing = session.scalar(sa.select(Listing.id).where(Listing.public_id == public_id))
        link = listing and links.find_by_code(session, board, links.CONFIRM_LISTING, listing, code)
        if link:
            found = _act(session, board, link)
    # Only here, so that the try is counted.
    if found is None:
        raise CodeRefused("wrong")
    deed, woken = found
    board.waker.wake(woken)
    return deed


def _act(
    session: Session, board: Board, link: links.Link, changes: Changes | None = None
) -> tuple[Deed, list[int]]:
    """Do what a link is for, and use it up."""
    subject = _subject(session, link)
    if link.purpose in links.CONFIRMATIONS:
        kept_bans.require_none(session, link.address_hash)
    deed, woken = _do(session, board, link, subject, _deed(session, link, subject), changes)
    links.spend(session, link)
    return deed, woken


def _do(
    session: Session,
    board: Board,
    link: links.Link,
    subject: Subject,
    deed: Deed,
    changes: Changes | None,
) -> tuple[Deed, list[int]]:
    """What the link is for; the deed as it is now, and the outbox rows that follow."""
    if isinstance(subject, Alert):
        alerts.confirm(session, subject)
        if subject.member_id is not None:
            profiles.assume_zone(session, board, subject.member_id, subject.cell)
        return deed, []
    if isinstance(subject, Organisation):
        return deed, verification.receive(session, board, subject)
    if isinstance(subject, Question):
        return deed, asking.confirm(session, board, subject)
    if isinstance(subject, Member):
        suspensions.lift(session, subject.id)
        return deed, []
    if isinstance(subject, Listing):
        woken = _do_to_listing(session, board, link.purpose, subject, changes)
        return replace(deed, held=subject.status == Status.HELD), woken
    if link.purpose == links.KEEP_TALKING:
        extensions.keep_talking(session, subject)
        return deed, []
    opened = answering.confirm(session, board, subject)
    if opened is None:
        return deed, []
    return replace(deed, conversation_token=opened.token), opened.rows


def _do_to_listing(
    session: Session, board: Board, purpose: str, listing: Listing, changes: Changes | None
) -> list[int]:
    if listing.kind == Kind.INFO:
        # No mailed link publishes official information, changes it or takes it down.
        raise NotAllowed(PARTNER)
    if purpose == links.CONFIRM_LISTING:
        return posting.confirm(session, board, listing)
    if purpose == links.CLOSE_LISTING:
        listings.close(session, listing, "poster")
        return []
    woken: list[int] = []
    if purpose == links.EXTEND_LISTING:
        extensions.extend(session, listing)
    elif changes is None:
        raise Invalid([Problem("title", N_("Write something here."))])
    else:
        woken = editing.edit(session, board, listing, changes)
    return woken + editing.mail_new_links(session, board, listing)


#: Purpose of a link -> what its number means.
_SUBJECTS: Final[dict[str, type[Subject]]] = {
    links.CONFIRM_LISTING: Listing,
    links.CLOSE_LISTING: Listing,
    links.EDIT_LISTING: Listing,
    links.EXTEND_LISTING: Listing,
    links.CONFIRM_ALERT: Alert,
    links.CONFIRM_MESSAGE: Conversation,
    links.KEEP_TALKING: Conversation,
    links.CONFIRM_PARTNER: Organisation,
    links.CONFIRM_QUESTION: Question,
    links.TEST_MAIL: Member,
}


def _subject(session: Session, link: links.Link) -> Subject:
    subject: Subject | None = None
    if link.purpose in _SUBJECTS:
        subject = cast(Subject | None, session.get(_SUBJECTS[link.purpose], link.subject_id))
    if subject is None:
        raise LinkRefused("unknown")
    return subject


def _deed(session: Session, link: links.Link, subject: Subject) -> Deed:
    if isinstance(subject, Member):
        return Deed(link.purpose, "", None)
    if isinstance(subject, Alert):
        return Deed(link.purpose, subject.place_name, None)
    if isinstance(subject, Organisation):
        return Deed(link.purpose, subject.name, None)
    if isinstance(subject, Conversation | Question):
        listing = session.get_one(Listing, subject.listing_id)
        return Deed(link.purpose, listing.title, listing.public_id)
    held = subject.status == Status.HELD
    return Deed(link.purpose, subject.title, subject.public_id, held=held)
