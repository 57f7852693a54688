"""Who acts for an organisation, and who may judge one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from board import organisations, partners
from board.audit import AuditEntry
from board.context import Board
from board.errors import Invalid, NotAllowed, OrganisationNotFound
from board.members import by_email
from board.organisations import COORDINATOR, PARTNER, Membership
from tests.factories import Factory
from tests.fakes import MailSink, work_off


def member_id(board: Board, email: str) -> int:
    """Id of the member of an address."""
    with board.db.read() as session:
        member = by_email(session, email)
        assert member is not None
        return member.id


def seats(board: Board, email: str) -> dict[str, tuple[str, ...]]:
    """Organisations for which an address acts now -> their countries."""
    found = organisations.seats_of(board, member_id(board, email))
    return {each.organisation.name: each.organisation.countries for each in found}


def test_an_administrator_is_granted_once_and_audited(board: Board) -> None:
    """Granting twice changes nothing."""
    assert partners.add_administrator(board, "Admin@Example.org")
    assert not partners.add_administrator(board, "admin@example.org")
    with board.db.read() as session:
        assert session.scalars(sa.select(AuditEntry.reason)).all() == ["administrator"]
        (admin,) = partners.administrators(session)
        assert admin.email == "admin@example.org"


def test_the_operator_vouches_for_a_partner(board: Board) -> None:
    """One name gathers its countries; without one an organisation is made for the country."""
    assert partners.add_partner(board, "consulate@example.org", "cm", "Consulat")
    assert not partners.add_partner(board, "consulate@example.org", "CM")
    assert partners.add_partner(board, "consulate@example.org", "TD", "Consulat")
    assert partners.add_partner(board, "consulate@example.org", "GA")
    assert seats(board, "consulate@example.org") == {
        "Consulat": ("CM", "TD"),
        "Partner (GA)": ("GA",),
    }
    with board.db.read() as session:
        actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert actions == ["organisation-verified"] * 3


def test_a_namesake_shares_no_right(board: Board) -> None:
    """The same words typed for another address make another organisation."""
    partners.add_partner(board, "one@example.org", "CM", "Consulat")
    partners.add_partner(board, "two@example.org", "GA", "Consulat")
    assert seats(board, "one@example.org") == {"Consulat": ("CM",)}
    assert seats(board, "two@example.org") == {"Consulat": ("GA",)}


@pytest.mark.parametrize(
    ("email", "country", "kind", "field"),
    [
        ("nobody", "CM", "consulate", "email"),
        ("a@example.org", "XX", "consulate", "country"),
        ("a@example.org", "", "consulate", "country"),
        ("a@example.org", "CM", "ministry", "kind"),
    ],
)
def test_a_bad_partner_is_refused(
    board: Board, email: str, country: str, kind: str, field: str
) -> None:
    """The field is named, and nobody becomes a member."""
    with pytest.raises(Invalid, match=field):
        partners.add_partner(board, email, country, "", kind)
    with board.db.read() as session:
        assert by_email(session, email) is None


def test_a_coordinator_adds_and_removes_colleagues(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """A colleague is told by mail, may act at once, and not after being removed."""
    consulate = make.organisation()
    assert partners.add_colleague(board, consulate.member_id, consulate.id, "new@example.org")
    assert not partners.add_colleague(board, consulate.member_id, consulate.id, "new@example.org")
    work_off(board)
    (mail,) = smtp.to("new@example.org")
    assert consulate.name in mail["Subject"]
    assert seats(board, "new@example.org") == {consulate.name: ("CM",)}
    listed = partners.colleagues(board, consulate.member_id, consulate.id)
    assert {(each.email, each.role) for each in listed} == {
        (consulate.email, COORDINATOR),
        ("new@example.org", PARTNER),
    }
    (leaving,) = [each.public_id for each in listed if each.role == PARTNER]
    partners.remove_colleague(board, consulate.member_id, consulate.id, leaving)
    assert seats(board, "new@example.org") == {}
    with board.db.read() as session:
        entries = session.execute(sa.select(AuditEntry.action, AuditEntry.member_id)).all()
    assert entries[-2:] == [
        ("organisation-joined", consulate.member_id),
        ("organisation-left", consulate.member_id),
    ]


def test_only_a_coordinator_chooses_colleagues(board: Board, make: Factory) -> None:
    """A partner is refused, somebody of another organisation learns nothing."""
    consulate, other = make.organisation(), make.organisation(name="Mairie")
    partners.add_colleague(board, consulate.member_id, consulate.id, "partner@example.org")
    partner = member_id(board, "partner@example.org")
    with pytest.raises(NotAllowed):
        partners.add_colleague(board, partner, consulate.id, "friend@example.org")
    with pytest.raises(NotAllowed):
        partners.remove_colleague(board, partner, consulate.id, "whoever")
    for deed in (
        lambda: partners.add_colleague(board, other.member_id, consulate.id, "x@example.org"),
        lambda: partners.colleagues(board, other.member_id, consulate.id),
        lambda: partners.remove_colleague(board, other.member_id, consulate.id, "whoever"),
    ):
        with pytest.raises(OrganisationNotFound):
            deed()
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Membership.id))) == 3


def test_an_organisation_keeps_a_coordinator(board: Board, make: Factory) -> None:
    """The last one can neither leave nor step down."""
    consulate = make.organisation()
    (own,) = partners.colleagues(board, consulate.member_id, consulate.id)
    with pytest.raises(Invalid, match="coordinator"):
        partners.remove_colleague(board, consulate.member_id, consulate.id, own.public_id)
    with pytest.raises(Invalid, match="email"):
        partners.add_colleague(board, consulate.member_id, consulate.id, consulate.email)
    with pytest.raises(Invalid, match="role"):
        partners.add_colleague(
            board, consulate.member_id, consulate.id, "x@example.org", "administrator"
        )


def test_an_administrator_helps_an_organisation_without_coordinator(
    board: Board, make: Factory
) -> None:
    """Its coordinator was erased; nobody else may name one."""
    consulate, admin = make.organisation(), make.administrator()
    with board.db.write() as session:
        session.execute(sa.delete(Membership))
    with pytest.raises(NotAllowed):
        partners.add_coordinator(board, consulate.member_id, consulate.id, "new@example.org")
    with pytest.raises(Invalid, match="email"):
        partners.add_coordinator(board, admin, consulate.id, "nobody")
    assert partners.add_coordinator(board, admin, consulate.id, "new@example.org")
    assert not partners.add_coordinator(board, admin, consulate.id, "new@example.org")
    (seat,) = organisations.seats_of(board, member_id(board, "new@example.org"))
    assert seat.role == COORDINATOR
