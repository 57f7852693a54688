"""Mailed links: what one would do, and doing it. Looking never uses a link up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from board import alerts, answers, links, listings, posting
from board.alerts import Alert
from board.answers import Answer
from board.errors import LinkRefused
from board.listings import Listing, Status

if TYPE_CHECKING:
    from board.context import Board


@dataclass(frozen=True, slots=True)
class Deed:
    """What a link does, for the page that shows it and for the page that follows."""

    #: One of the purposes in `links`.
    purpose: str
    #: Title of the listing, or the name of the alert's place.
    title: str
    #: The listing's public id; None for alerts.
    public_id: str | None
    #: Whether a moderator looks at it before others see it; only after the deed.
    held: bool = False


def show(board: Board, token: str) -> Deed:
    """What the link would do now; changes nothing. Raises LinkRefused."""
    with board.db.read() as session:
        link = links.find(session, token)
        return _deed(session, link, _subject(session, link))


def act(board: Board, token: str) -> Deed:
    """Do it, once. Raises LinkRefused, Invalid or NotAllowed; a refusal leaves the link whole."""
    woken: list[int] = []
    with board.db.write() as session:
        link = links.find(session, token, lock=True)
        subject = _subject(session, link)
        if isinstance(subject, Alert):
            alerts.confirm(session, subject)
        elif isinstance(subject, Answer):
            woken = answers.confirm(session, board, subject)
        elif link.purpose == links.CONFIRM_LISTING:
            woken = posting.confirm(session, board, subject)
        else:
            listings.close(session, subject, "poster")
        links.spend(session, link)
        deed = _deed(session, link, subject)
    board.waker.wake(woken)
    return deed


def _subject(session: Session, link: links.Link) -> Listing | Alert | Answer:
    subject: Listing | Alert | Answer | None
    if link.purpose == links.CONFIRM_ALERT:
        subject = session.get(Alert, link.subject_id)
    elif link.purpose == links.CONFIRM_ANSWER:
        subject = session.get(Answer, link.subject_id)
    elif link.purpose in (links.CONFIRM_LISTING, links.CLOSE_LISTING):
        subject = session.get(Listing, link.subject_id)
    else:
        # A link with a page of its own.
        subject = None
    if subject is None:
        raise LinkRefused("unknown")
    return subject


def _deed(session: Session, link: links.Link, subject: Listing | Alert | Answer) -> Deed:
    if isinstance(subject, Alert):
        return Deed(link.purpose, subject.place_name, None)
    if isinstance(subject, Answer):
        subject = session.get_one(Listing, subject.listing_id)
    held = subject.status == Status.HELD
    return Deed(link.purpose, subject.title, subject.public_id, held)
