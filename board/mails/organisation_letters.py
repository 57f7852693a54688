"""Mails about organisations, their information and the questions to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from board import outbox, relays, words
from board.i18n import N_, translations
from board.listings import Listing, Status
from board.mails.dates import last_day
from board.mails.letter import Letter
from board.members import Member
from board.organisations import Membership, Organisation
from board.organisations import Status as OrganisationStatus
from board.questions import Question
from board.questions import Status as QuestionStatus

if TYPE_CHECKING:
    from board.context import Board


def _confirm_partner(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    return Letter(
        to=held.payload["email"],
        subject=N_("Confirm the application of your organisation"),
        template="confirm_partner",
        values={"link": f"{board.settings.base_url}/links/{held.payload['token']}"},
    )


def _applied(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    member, organisation = _addressed(session, held)
    if member is None or organisation is None or organisation.status != OrganisationStatus.APPLIED:
        return None
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("An organisation applies: %(name)s"),
        subject_params={"name": organisation.name},
        template="organisation_applied",
        values={
            "name": organisation.name,
            "kind": translations(held.locale).gettext(words.ORGANISATIONS[organisation.kind]),
            "page": f"{board.settings.base_url}/admin/organisations/{organisation.public_id}",
        },
    )


def _decided(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Only of a decision that still stands: a later one has its own mail."""
    member, organisation = _addressed(session, held)
    if member is None or organisation is None or organisation.status != held.payload["status"]:
        return None
    subjects = {
        OrganisationStatus.VERIFIED: N_("Verified: %(name)s"),
        OrganisationStatus.REFUSED: N_("Not verified: %(name)s"),
        OrganisationStatus.REVOKED: N_("No longer verified: %(name)s"),
    }
    return Letter(
        to=relays.address_for(session, member),
        subject=subjects[OrganisationStatus(organisation.status)],
        subject_params={"name": organisation.name},
        template="organisation_decided",
        values={
            "name": organisation.name,
            "status": organisation.status,
            "page": f"{board.settings.base_url}/organisation",
        },
    )


def _joined(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    member, organisation = _addressed(session, held)
    if member is None or organisation is None or not _is_seated(session, organisation, member):
        return None
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("You now act for %(name)s"),
        subject_params={"name": organisation.name},
        template="organisation_joined",
        values={
            "name": organisation.name,
            "page": f"{board.settings.base_url}/organisation",
        },
    )


def _ending(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    listing, member = session.get(Listing, held.listing_id), session.get(Member, held.member_id)
    if listing is None or member is None or listing.status != Status.OPEN:
        return None
    if listing.ends_at != datetime.fromisoformat(held.payload["ends_at"]):
        return None
    organisation = session.get(Organisation, listing.organisation_id)
    if organisation is None or not _is_seated(session, organisation, member):
        return None
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("Ends soon: %(title)s"),
        subject_params={"title": listing.title},
        template="information_ending",
        values={
            "title": listing.title,
            "until": last_day(board, listing.ends_at, listing.cell, held.locale),
            "page": f"{board.settings.base_url}/organisation/{organisation.public_id}",
        },
    )


def _confirm_question(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    listing = session.get(Listing, held.listing_id)
    if listing is None or listing.status != Status.OPEN:
        return None
    return Letter(
        to=held.payload["email"],
        subject=N_("Confirm your question about: %(title)s"),
        subject_params={"title": listing.title},
        template="confirm_question",
        values={
            "title": listing.title,
            "organisation": listing.organisation,
            "link": f"{board.settings.base_url}/links/{held.payload['token']}",
        },
    )


def _asked(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Without the words of the question: they stay in the inbox."""
    listing, member = session.get(Listing, held.listing_id), session.get(Member, held.member_id)
    question = session.get(Question, int(held.once.split(":")[1]))
    if listing is None or member is None or question is None:
        return None
    organisation = session.get(Organisation, question.organisation_id)
    if organisation is None or not _is_seated(session, organisation, member):
        return None
    if question.status != QuestionStatus.OPEN:
        return None
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("A question about: %(title)s"),
        subject_params={"title": listing.title},
        template="question_asked",
        values={
            "title": listing.title,
            "page": f"{board.settings.base_url}/organisation/{organisation.public_id}/inbox",
        },
    )


def _question_answered(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    listing, member = session.get(Listing, held.listing_id), session.get(Member, held.member_id)
    if listing is None or member is None:
        return None
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("Answer to your question about: %(title)s"),
        subject_params={"title": listing.title},
        template="question_answered",
        values={
            "organisation": listing.organisation,
            "question": held.payload["question"],
            "answer": held.payload["answer"],
            "page": f"{board.settings.base_url}/listings/{listing.public_id}",
        },
    )


def _addressed(session: Session, held: outbox.Claim) -> tuple[Member | None, Organisation | None]:
    member = session.get(Member, held.member_id)
    return member, session.get(Organisation, int(held.payload["organisation"]))


def _is_seated(session: Session, organisation: Organisation, member: Member) -> bool:
    """Whether the member acts for the organisation now."""
    if organisation.status != OrganisationStatus.VERIFIED:
        return False
    seats = session.query(Membership).filter_by(
        organisation_id=organisation.id, member_id=member.id
    )
    return seats.first() is not None


_Writer = Callable[[Session, "Board", outbox.Claim], Letter | None]
WRITERS: Final[Mapping[str, _Writer]] = {
    outbox.CONFIRM_PARTNER: _confirm_partner,
    outbox.ORGANISATION_APPLIED: _applied,
    outbox.ORGANISATION_DECIDED: _decided,
    outbox.ORGANISATION_JOINED: _joined,
    outbox.INFORMATION_ENDING: _ending,
    outbox.CONFIRM_QUESTION: _confirm_question,
    outbox.QUESTION_ASKED: _asked,
    outbox.QUESTION_ANSWERED: _question_answered,
}
