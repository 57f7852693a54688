"""Partners, who act for an organisation; administrators, as the command line adds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import members, organisations, outbox, roles
from board.db import now
from board.errors import Invalid, NotAllowed, OrganisationNotFound, Problem
from board.i18n import N_
from board.members import Member
from board.organisations import (
    COORDINATOR,
    PARTNER,
    ROLES,
    Kind,
    Membership,
    NewOrganisation,
    Organisation,
    Status,
)
from board.roles import Grant, Role
from board.validation import TITLE_MAX, Checks, clean_text, email_address

if TYPE_CHECKING:
    from board.context import Board

#: What the audit log and the page of an organisation say of one added by the operator.
BY_OPERATOR: Final = "Added on the command line by whoever runs the board."


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of an organisation, as its other members see it."""

    public_id: str
    email: str | None
    role: str


def add_administrator(board: Board, email: str) -> bool:
    """Grant the right of an administrator. False when the address had it already."""
    return roles.grant(board, email, Role.ADMINISTRATOR)


def administrators(session: Session) -> list[Member]:
    """Everybody who may judge organisations."""
    return list(
        session.scalars(
            sa.select(Member)
            .join(Grant, Grant.member_id == Member.id)
            .where(Grant.role == Role.ADMINISTRATOR)
            .order_by(Member.id)
        )
    )


def add_partner(
    board: Board,
    email: str,
    country: str,
    organisation: str = "",
    kind: str = Kind.ASSOCIATION,
) -> bool:
    """Let an address publish official information for one country, as the operator vouches.

    It acts for a verified organisation of its own, made here. False when it could already.
    """
    code = country.strip().upper()
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    with checks.field("name"):
        organisation = clean_text(organisation, max_length=TITLE_MAX)
    if code not in board.countries.codes:
        checks.refuse("country", N_("A two-letter country code such as CM is accepted."))
    if kind not in set(Kind):
        checks.refuse("kind", N_("One of these is accepted: %(codes)s."), codes=", ".join(Kind))
    checks.done()
    with board.db.write() as session:
        member = members.named(session, email, board.settings.default_locale)
        seats = organisations.seats(session, member.id)
        if any(code in seat.organisation.countries for seat in seats):
            return False
        _vouch(session, member, code, organisation or f"Partner ({code})", kind)
    return True


def _vouch(session: Session, member: Member, code: str, name: str, kind: str) -> None:
    """Widen the organisation of this name that the member alone stands for, or make one."""
    for seat in organisations.seats(session, member.id):
        alone = len(of_organisation(session, seat.organisation.id)) == 1
        if seat.organisation.name == name and alone:
            row = organisations.find(session, seat.organisation.public_id, lock=True)
            row.countries = (*row.countries, code)
            organisations.record(session, "organisation-verified", row, None, "command-line")
            return
    row = organisations.insert(
        session,
        NewOrganisation(
            kind=kind,
            name=name,
            country=code,
            countries=(code,),
            email=member.email or "",
            locale=member.locale,
        ),
    )
    row.status, row.evidence, row.decided_at = Status.VERIFIED, BY_OPERATOR, row.created_at
    session.flush()
    organisations.give_seat(session, row, member.id, COORDINATOR)
    organisations.record(session, "organisation-verified", row, None, "command-line")


def of_organisation(session: Session, organisation_id: int) -> list[Member]:
    """The members of an organisation, whatever its status."""
    return list(
        session.scalars(
            sa.select(Member)
            .join(Membership, Membership.member_id == Member.id)
            .where(Membership.organisation_id == organisation_id)
            .order_by(Member.id)
        )
    )


def colleagues(board: Board, member_id: int, public_id: str) -> tuple[Colleague, ...]:
    """The members of an organisation, for one of them. Raises OrganisationNotFound."""
    with board.db.read() as session:
        here = organisations.seat(session, member_id, public_id).organisation
        rows = session.execute(
            sa.select(Member.public_id, Member.email, Membership.role)
            .join(Membership, Membership.member_id == Member.id)
            .where(Membership.organisation_id == here.id)
            .order_by(Member.email)
        )
        return tuple(Colleague(*row) for row in rows)


def add_colleague(
    board: Board, by_member_id: int, public_id: str, email: str, role: str = PARTNER
) -> bool:
    """Let an address act for the organisation, as its coordinator wishes; it is told by mail.

    False when it did already with this role. Raises Invalid, OrganisationNotFound, and NotAllowed
    for whoever is not a coordinator.
    """
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    if role not in ROLES:
        checks.refuse("role", N_("One of these is accepted: %(codes)s."), codes=", ".join(ROLES))
    checks.done()
    with board.db.write() as session:
        organisations.seat(session, by_member_id, public_id, role=COORDINATOR)
        row = organisations.find(session, public_id, lock=True)
        member = members.named(session, email, row.locale)
        if member.id == by_member_id:
            raise Invalid([Problem("email", N_("Another coordinator changes your own role."))])
        if not organisations.give_seat(session, row, member.id, role):
            return False
        organisations.record(session, "organisation-joined", row, by_member_id, role)
        woken = outbox.add(session, _welcome(session, board, row, member))
    board.waker.wake([woken])
    return True


def add_coordinator(board: Board, administrator_id: int, public_id: str, email: str) -> bool:
    """Let an address coordinate an organisation whose own coordinators are gone, say.

    False when it did already. Raises Invalid, OrganisationNotFound, and NotAllowed for whoever is
    no administrator.
    """
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    checks.done()
    with board.db.write() as session:
        if Role.ADMINISTRATOR not in roles.of(session, administrator_id):
            raise NotAllowed(Role.ADMINISTRATOR)
        row = organisations.find(session, public_id, lock=True)
        member = members.named(session, email, row.locale)
        if not organisations.give_seat(session, row, member.id, COORDINATOR):
            return False
        organisations.record(session, "organisation-joined", row, administrator_id, COORDINATOR)
        woken = outbox.add(session, _welcome(session, board, row, member))
    board.waker.wake([woken])
    return True


def _welcome(
    session: Session, board: Board, organisation: Organisation, member: Member
) -> outbox.NewRow:
    moment = now(session).timestamp()
    return outbox.NewRow(
        purpose=outbox.ORGANISATION_JOINED,
        once=f"joined:{organisation.id}:{member.id}:{moment:.6f}",
        member_id=member.id,
        locale=member.locale,
        payload=board.vault.seal(json.dumps({"organisation": str(organisation.id)})),
    )


def remove_colleague(
    board: Board, by_member_id: int, public_id: str, member_public_id: str
) -> None:
    """End a member's right to act for the organisation, from the next request on.

    Raises OrganisationNotFound for an unknown member too, NotAllowed for whoever is not a
    coordinator, and Invalid for the last coordinator.
    """
    with board.db.write() as session:
        organisations.seat(session, by_member_id, public_id, role=COORDINATOR)
        row = organisations.find(session, public_id, lock=True)
        seats = session.execute(
            sa.select(Membership, Member.public_id)
            .join(Member, Member.id == Membership.member_id)
            .where(Membership.organisation_id == row.id)
        ).all()
        leaving = next((seat for seat, each in seats if each == member_public_id), None)
        if leaving is None:
            raise OrganisationNotFound(public_id)
        if [seat for seat, _ in seats if seat.role == COORDINATOR] == [leaving]:
            message = N_("An organisation keeps at least one coordinator.")
            raise Invalid([Problem("member", message)])
        session.delete(leaving)
        organisations.record(session, "organisation-left", row, by_member_id)
