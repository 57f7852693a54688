"""Mails to whoever was given a role, or lost one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import outbox, relays, roles, words
from board.i18n import N_, translations
from board.mails.letter import Letter
from board.members import Member
from board.outbox import OutboxRow
from board.roles import WITH_SECOND_FACTOR, Role

if TYPE_CHECKING:
    from board.context import Board

#: Where what the role may do begins.
_PAGES: Final = {
    Role.RELAY: "/relay",
    Role.MODERATOR: "/moderation",
    Role.ADMINISTRATOR: "/admin",
}


def _granted(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Only while the role is held: one that was taken away meanwhile has its own mail."""
    member, role = _about(session, held)
    if member is None or not roles.has(session, member.id, role):
        return None
    name = _name(role, held.locale)
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("Your new role on the board: %(role)s"),
        subject_params={"role": name},
        template="role_granted",
        values={
            "role": role,
            "name": name,
            "needs_second_factor": role in WITH_SECOND_FACTOR,
            "page": f"{board.settings.base_url}{_PAGES[role]}",
        },
    )


def _revoked(session: Session, _: Board, held: outbox.Claim) -> Letter | None:
    """Only while the role is gone."""
    member, role = _about(session, held)
    if member is None or roles.has(session, member.id, role):
        return None
    name = _name(role, held.locale)
    return Letter(
        to=relays.address_for(session, member),
        subject=N_("A role of yours has ended: %(role)s"),
        subject_params={"role": name},
        template="role_revoked",
        values={"name": name},
    )


def _about(session: Session, held: outbox.Claim) -> tuple[Member | None, Role]:
    """Whom and which role a mail is about; nobody where a later mail says the same."""
    member = None if _comes_again(session, held) else session.get(Member, held.member_id)
    return member, Role(held.payload["role"])


def _comes_again(session: Session, held: outbox.Claim) -> bool:
    """Whether a later mail says the same: the role came and went more than once meanwhile."""
    same, _, _ = held.once.rpartition(":")
    later = sa.exists().where(
        OutboxRow.member_id == held.member_id,
        OutboxRow.id > held.id,
        OutboxRow.once.startswith(f"{same}:", autoescape=True),
    )
    return bool(session.scalar(sa.select(later)))


def _name(role: Role, locale: str) -> str:
    return str(translations(locale).gettext(words.ROLES[role]))


_Writer = Callable[[Session, "Board", outbox.Claim], Letter | None]
WRITERS: Final[Mapping[str, _Writer]] = {
    outbox.ROLE_GRANTED: _granted,
    outbox.ROLE_REVOKED: _revoked,
}
