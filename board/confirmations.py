"""Mailed links: what one would do, and doing it. Looking never uses a link up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy.orm import Session

from board import alerts, answers, links, listings, posting, questions, verification
from board.alerts import Alert
from board.answers import Answer
from board.errors import LinkRefused, NotAllowed
from board.listings import Listing
from board.organisations import PARTNER, Organisation
from board.questions import Question
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

#: What a link may be about.
Subject: TypeAlias = Listing | Alert | Answer | Organisation | Question


@dataclass(frozen=True, slots=True)
class Deed:
    """What a link does, for the page that shows it and for the page that follows."""

    #: One of the purposes in `links`.
    purpose: str
    #: Title of the listing, or the name of the alert's place.
    title: str
    #: The listing's public id; None for alerts.
    public_id: str | None


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
        elif isinstance(subject, Organisation):
            woken = verification.receive(session, board, subject)
        elif isinstance(subject, Question):
            woken = questions.confirm(session, board, subject)
        elif subject.kind == Kind.INFO:
            # No mailed link publishes official information, or takes it down.
            raise NotAllowed(PARTNER)
        elif link.purpose == links.CONFIRM_LISTING:
            woken = posting.confirm(session, board, subject)
        else:
            listings.close(session, subject, "poster")
        links.spend(session, link)
        deed = _deed(session, link, subject)
    board.waker.wake(woken)
    return deed


def _subject(session: Session, link: links.Link) -> Subject:
    subject: Subject | None
    if link.purpose == links.CONFIRM_ALERT:
        subject = session.get(Alert, link.subject_id)
    elif link.purpose == links.CONFIRM_ANSWER:
        subject = session.get(Answer, link.subject_id)
    elif link.purpose == links.CONFIRM_PARTNER:
        subject = session.get(Organisation, link.subject_id)
    elif link.purpose == links.CONFIRM_QUESTION:
        subject = session.get(Question, link.subject_id)
    else:
        subject = session.get(Listing, link.subject_id)
    if subject is None:
        raise LinkRefused("unknown")
    return subject


def _deed(session: Session, link: links.Link, subject: Subject) -> Deed:
    if isinstance(subject, Alert):
        return Deed(link.purpose, subject.place_name, None)
    if isinstance(subject, Organisation):
        return Deed(link.purpose, subject.name, None)
    if isinstance(subject, Answer | Question):
        subject = session.get_one(Listing, subject.listing_id)
    return Deed(link.purpose, subject.title, subject.public_id)
