"""The mails of moderation: held, refused, to be changed; banned, and what became of the appeal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from board import bans, outbox, relays
from board.i18n import N_, translations
from board.listings import Listing, Status
from board.mails.letter import Letter
from board.members import Member
from board.reasons import BAN, REFUSAL

if TYPE_CHECKING:
    from board.context import Board

Writer = Callable[[Session, "Board", outbox.Claim], Letter | None]


def _held(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    listing, to = _listing_and_address(session, held)
    if listing is None or to is None or listing.status != Status.HELD:
        return None
    return Letter(
        to=to,
        subject=N_("Somebody looks at it first: %(title)s"),
        subject_params={"title": listing.title},
        template="listing_held",
        values={
            "title": listing.title,
            "close_link": f"{board.settings.base_url}/links/{held.payload['token']}",
        },
    )


def _refused(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    listing, to = _listing_and_address(session, held)
    if listing is None or to is None:
        return None
    return Letter(
        to=to,
        subject=N_("Not published: %(title)s"),
        subject_params={"title": listing.title},
        template="listing_refused",
        values={
            "title": listing.title,
            "text": listing.text,
            "reason": _said(REFUSAL[held.payload["reason"]], held.locale),
        },
    )


def _edit_asked(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    listing, to = _listing_and_address(session, held)
    if listing is None or to is None or listing.status != Status.HELD:
        return None
    return Letter(
        to=to,
        subject=N_("Please change it: %(title)s"),
        subject_params={"title": listing.title},
        template="edit_asked",
        values={
            "title": listing.title,
            "reason": _said(REFUSAL[held.payload["reason"]], held.locale),
            "link": f"{board.settings.base_url}/rewording/{held.payload['token']}",
        },
    )


def _banned(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    member = session.get(Member, held.member_id)
    if member is None or bans.active(session, member.id) is None:
        return None
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("Your address may not use the board any more"),
        template="banned",
        values={
            "reason": _said(BAN[held.payload["reason"]], held.locale),
            "link": f"{board.settings.base_url}/appeals/{held.payload['token']}",
        },
    )


def _appeal_decided(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    member = session.get(Member, held.member_id)
    if member is None:
        return None
    lifted = bool(held.payload["lifted"])
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("You may use the board again") if lifted else N_("Your ban stays"),
        template="appeal_decided",
        values={"lifted": lifted},
    )


def _listing_and_address(session: Session, held: outbox.Claim) -> tuple[Listing | None, str | None]:
    member = session.get(Member, held.member_id)
    to = None if member is None else relays.address_for(session, member)
    return session.get(Listing, held.listing_id), to


def _said(reason: str, locale: str) -> str:
    return translations(locale).gettext(reason)


#: Purpose → who writes the mail.
WRITERS: Final[dict[str, Writer]] = {
    outbox.LISTING_HELD: _held,
    outbox.LISTING_REFUSED: _refused,
    outbox.EDIT_ASKED: _edit_asked,
    outbox.BANNED: _banned,
    outbox.APPEAL_DECIDED: _appeal_decided,
}
