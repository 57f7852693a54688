"""From an application to a verified organisation, and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from board import (
    confirmations,
    forgetting,
    listings,
    matching,
    organisations,
    partners,
    verification,
)
from board.audit import AuditEntry
from board.context import Board
from board.errors import Invalid, NotAllowed, OrganisationNotFound
from board.organisations import NewOrganisation, Organisation, Status
from board.verification import Decision
from tests.factories import Factory
from tests.fakes import MailSink, work_off

APPLICANT = "applicant@example.org"
APPLICATION = NewOrganisation(
    kind="consulate",
    name="Consulat du Sénégal",
    country="SN",
    countries=("CM",),
    website="https://consulat.example/contact",
    phone="+237 6 00 00 00 00",
    note="Décret du 3 mars.",
    email=APPLICANT,
)
YES = Decision(verdict="verify", evidence="Called the ministry.", countries=("CM",))


def only(board: Board) -> Organisation:
    """The one organisation of the board."""
    with board.db.read() as session:
        return session.scalars(sa.select(Organisation)).one()


def applied(board: Board, smtp: MailSink) -> Organisation:
    """An application that was confirmed."""
    verification.apply(board, APPLICATION)
    work_off(board)
    confirmations.act(board, smtp.token(APPLICANT))
    return only(board)


def test_an_application_is_confirmed_then_judged(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Administrators are told; the applicant has no right before, and a coordinator's after."""
    admin = make.administrator("admin@example.org")
    verification.apply(board, APPLICATION)
    assert only(board).status == Status.PENDING
    work_off(board)
    assert smtp.to("admin@example.org") == []
    deed = confirmations.act(board, smtp.token(APPLICANT))
    assert deed.title == "Consulat du Sénégal"
    work_off(board)
    (mail,) = smtp.to("admin@example.org")
    row = only(board)
    assert f"/admin/organisations/{row.public_id}" in mail.get_content()
    assert (row.status, row.pending_email) == (Status.APPLIED, None)
    with board.db.read() as session:
        (member,) = partners.of_organisation(session, row.id)
        assert organisations.seats(session, member.id) == ()
    with pytest.raises(OrganisationNotFound):
        organisations.get(board, row.public_id)

    view = verification.decide(board, admin, row.public_id, YES)
    assert (view.status, view.evidence) == (Status.VERIFIED, "Called the ministry.")
    (seat,) = organisations.seats_of(board, member.id)
    assert seat.role == organisations.COORDINATOR
    work_off(board)
    assert "Consulat du Sénégal" in smtp.to(APPLICANT)[-1]["Subject"]
    with board.db.read() as session:
        entries = session.execute(sa.select(AuditEntry.action, AuditEntry.member_id)).all()
    assert entries[-2:] == [
        ("organisation-applied", member.id),
        ("organisation-verified", admin),
    ]


def test_a_refused_application_gives_no_right(board: Board, make: Factory, smtp: MailSink) -> None:
    """It may be verified later, with evidence."""
    admin, row = make.administrator(), applied(board, smtp)
    no = Decision(verdict="refuse", evidence="Nobody answers.")
    assert verification.decide(board, admin, row.public_id, no).status == Status.REFUSED
    with pytest.raises(Invalid, match="verdict"):
        verification.decide(board, admin, row.public_id, no)
    assert verification.decide(board, admin, row.public_id, YES).status == Status.VERIFIED


def test_a_revoked_organisation_loses_everything_at_once(board: Board, make: Factory) -> None:
    """Its information leaves the board, its members their rights; its page stays to say so."""
    consulate = make.organisation()
    info = make.information(consulate)
    assert matching.information_at(board, None, "CM")
    admin = make.administrator()
    verification.decide(
        board, admin, consulate.id, Decision(verdict="revoke", evidence="Closed in May.")
    )
    assert organisations.seats_of(board, consulate.member_id) == ()
    assert matching.information_at(board, None, "CM") == ()
    assert listings.get(board, info.public_id).state == "closed"
    assert organisations.get(board, consulate.id).status == Status.REVOKED
    assert organisations.verified(board) == ()
    with board.db.read() as session:
        (entry,) = session.scalars(sa.select(AuditEntry).where(AuditEntry.reason == "revoked"))
    assert entry.member_id == admin


def test_only_an_administrator_judges(board: Board, make: Factory, smtp: MailSink) -> None:
    """Not even a coordinator of the organisation."""
    row, consulate = applied(board, smtp), make.organisation()
    with pytest.raises(NotAllowed):
        verification.decide(board, consulate.member_id, row.public_id, YES)
    assert organisations.get(board, row.public_id, public=False).status == Status.APPLIED


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"evidence": " "}, "evidence"),
        ({"verdict": "bless"}, "verdict"),
        ({"countries": ()}, "countries"),
        ({"countries": ("XX",)}, "countries"),
        ({"area": {"type": "Point", "coordinates": [9, 4]}}, "area"),
        ({"phone": "call me"}, "phone"),
    ],
)
def test_a_bad_decision_is_refused(
    board: Board, make: Factory, smtp: MailSink, changes: dict[str, Any], field: str
) -> None:
    """Nothing is decided without its evidence and its jurisdiction."""
    admin, row = make.administrator(), applied(board, smtp)
    with pytest.raises(Invalid, match=field):
        verification.decide(board, admin, row.public_id, replace(YES, **changes))
    assert only(board).status == Status.APPLIED


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "ministry"}, "kind"),
        ({"name": ""}, "name"),
        ({"country": "XX"}, "country"),
        ({"countries": ()}, "countries"),
        ({"website": "http://plain.example"}, "website"),
        ({"website": "https://consulate.example@evil.example"}, "website"),
        ({"website": "https://127.0.0.1/"}, "website"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"website": "https://"}, "website"),
        ({"website": "https://a.example:port/"}, "website"),
        ({"phone": "+33 1 <b>"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.org, b@example.org"}, "email"),
        ({"locale": "xx"}, "locale"),
    ],
)
def test_a_bad_application_is_refused(board: Board, changes: dict[str, Any], field: str) -> None:
    """The field is named, and nothing is stored."""
    with pytest.raises(Invalid, match=field):
        verification.apply(board, replace(APPLICATION, **changes))
    with board.db.read() as session:
        assert session.scalars(sa.select(Organisation)).all() == []


def test_an_application_that_nobody_confirms_is_forgotten(board: Board) -> None:
    """With its address."""
    verification.apply(board, APPLICATION)
    board.db.clock_offset = timedelta(days=4)
    assert forgetting.forget_unconfirmed(board) > 0
    with board.db.read() as session:
        assert session.scalars(sa.select(Organisation)).all() == []
