"""How an organisation comes to be verified: it applies, confirms by mail, is judged.

The evidence is noted by the administrator who judges; every step is in the audit log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from board import (
    bans,
    consent,
    information,
    limits,
    links,
    members,
    organisations,
    outbox,
    partners,
    roles,
)
from board.checking import AREA_FAULTS, MAX_COUNTRIES
from board.db import now
from board.errors import Invalid, NotAllowed, Problem
from board.i18n import LOCALES, N_
from board.organisations import COORDINATOR, Kind, NewOrganisation, Organisation, Status
from board.roles import Role
from board.validation import (
    TEXT_MAX,
    TITLE_MAX,
    Checks,
    Refused,
    clean_text,
    email_address,
    https_address,
    phone_number,
    required_text,
)
from matcher.areas import AreaError, parse_polygon

if TYPE_CHECKING:
    from board.context import Board

NOTE_MAX: Final = 1000


class Verdict(StrEnum):
    """What an administrator decides."""

    VERIFY = "verify"
    REFUSE = "refuse"
    REVOKE = "revoke"


#: Verdict -> where it may be said, where the organisation stands afterwards, word of the log.
_STEPS: Final[Mapping[Verdict, tuple[frozenset[Status], Status, str]]] = {
    Verdict.VERIFY: (
        # Again for a verified one: its jurisdiction changes.
        frozenset({Status.APPLIED, Status.REFUSED, Status.REVOKED, Status.VERIFIED}),
        Status.VERIFIED,
        "organisation-verified",
    ),
    Verdict.REFUSE: (frozenset({Status.APPLIED}), Status.REFUSED, "organisation-refused"),
    Verdict.REVOKE: (frozenset({Status.VERIFIED}), Status.REVOKED, "organisation-revoked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an administrator says of an organisation."""

    verdict: str
    #: How it was checked, or why not; shown to administrators only.
    evidence: str
    #: The jurisdiction, when it is verified; a GeoJSON polygon narrows the countries.
    countries: tuple[str, ...] = ()
    area: dict[str, Any] | None = None
    phone: str = ""


def possible(status: Status) -> tuple[Verdict, ...]:
    """What may be decided of an organisation that stands so."""
    return tuple(verdict for verdict, (allowed, *_) in _STEPS.items() if status in allowed)


def apply(board: Board, new: NewOrganisation, visitor: limits.Visitor = limits.HOUSE) -> None:
    """Store an application and write the mail that asks to confirm it.

    The answer is the same for known and unknown addresses. Raises Invalid.
    """
    clean = _checked(board, new)
    with board.db.write() as session:
        delay = limits.see(session, visitor, limits.APPLICATION, None)
        address = links.address_hash(board.settings.secret_key, clean.email)
        if not links.may_confirm(session, address):
            return
        organisation = organisations.insert(session, clean)
        organisation.pending_email = clean.email
        session.flush()
        consent.record(session, subject=Organisation.__tablename__, subject_id=organisation.id)
        row = links.ask(
            session,
            board,
            links.CONFIRM_PARTNER,
            organisation.id,
            clean.email,
            clean.locale,
            after=delay,
        )
    board.waker.wake([row])


def receive(session: Session, board: Board, organisation: Organisation) -> list[int]:
    """Hand the application to the administrators, in the unit that spends its link.

    The applicant becomes its coordinator, without any right before it is verified. Returns the
    outbox rows. Raises NotAllowed when the applicant is banned.
    """
    if organisation.status != Status.PENDING or organisation.pending_email is None:
        return []
    member = members.confirmed(session, organisation.pending_email, organisation.locale)
    bans.require_none(session, member.id)
    consent.confirm(session, Organisation.__tablename__, organisation.id, member.id)
    organisation.status, organisation.pending_email = Status.APPLIED, None
    organisations.give_seat(session, organisation, member.id, COORDINATOR)
    organisations.record(session, "organisation-applied", organisation, member.id)
    told = partners.administrators(session)
    return outbox.add_missing(
        session, [_letter(board, outbox.ORGANISATION_APPLIED, organisation, each) for each in told]
    )


def decide(
    board: Board, administrator_id: int, public_id: str, decision: Decision
) -> organisations.OrganisationView:
    """Verify, refuse or revoke an organisation; its members are told by mail.

    What a revoked organisation had published leaves the board in the same unit. Raises NotAllowed,
    OrganisationNotFound, and Invalid where the verdict does not fit or lacks its evidence.
    """
    evidence, area = _checked_decision(board, decision)
    verdict = Verdict(decision.verdict)
    allowed, status, action = _STEPS[verdict]
    with board.db.write() as session:
        if Role.ADMINISTRATOR not in roles.of(session, administrator_id):
            raise NotAllowed(Role.ADMINISTRATOR)
        organisation = organisations.find(session, public_id, lock=True)
        if organisation.status not in allowed:
            message = N_("This organisation stands elsewhere meanwhile; look at it again.")
            raise Invalid([Problem("verdict", message)])
        organisation.status, organisation.evidence = status, evidence
        organisation.decided_at = now(session)
        if verdict is Verdict.VERIFY:
            organisation.countries, organisation.area = decision.countries, area
            organisation.phone = phone_number(decision.phone)
        else:
            information.withdraw_all(session, organisation.id, administrator_id)
        organisations.record(session, action, organisation, administrator_id)
        told = partners.of_organisation(session, organisation.id)
        rows = outbox.add_missing(
            session,
            [_letter(board, outbox.ORGANISATION_DECIDED, organisation, each) for each in told],
        )
        view = organisations.view_of(organisation)
    board.waker.wake(rows)
    return view


def _letter(
    board: Board, purpose: str, organisation: Organisation, member: members.Member
) -> outbox.NewRow:
    """A mail about the organisation as it stands now."""
    moment = organisation.decided_at or organisation.created_at
    return outbox.NewRow(
        purpose=purpose,
        once=f"{purpose}:{organisation.id}:{member.id}:{moment.timestamp():.6f}",
        member_id=member.id,
        locale=member.locale,
        payload=board.vault.seal(
            json.dumps({"organisation": str(organisation.id), "status": organisation.status})
        ),
    )


def _checked(board: Board, new: NewOrganisation) -> NewOrganisation:
    """The application cleaned; raises Invalid with every problem."""
    checks = Checks()
    clean: dict[str, Any] = {}
    with checks.field("kind"):
        clean["kind"] = _known_kind(new.kind)
    with checks.field("name"):
        clean["name"] = required_text(new.name, max_length=TITLE_MAX)
    with checks.field("website"):
        clean["website"] = https_address(new.website)
    with checks.field("phone"):
        clean["phone"] = phone_number(new.phone)
    with checks.field("note"):
        clean["note"] = clean_text(new.note, max_length=NOTE_MAX, multiline=True)
    with checks.field("country"):
        clean["country"] = _known_country(board, new.country)
    with checks.field("countries"):
        clean["countries"] = _known_countries(board, new.countries)
    with checks.field("email"):
        clean["email"] = email_address(new.email)
    if new.locale not in LOCALES:
        checks.refuse(
            "locale", N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES)
        )
    checks.done()
    return replace(new, **clean)


def _checked_decision(board: Board, decision: Decision) -> tuple[str, BaseGeometry | None]:
    checks = Checks()
    evidence, area = "", None
    if decision.verdict not in set(Verdict):
        checks.refuse("verdict", N_("Choose what you decide."))
    with checks.field("evidence"):
        evidence = required_text(decision.evidence, max_length=TEXT_MAX, multiline=True)
    if decision.verdict == Verdict.VERIFY:
        with checks.field("countries"):
            _known_countries(board, decision.countries)
        with checks.field("phone"):
            phone_number(decision.phone)
        if decision.area is not None:
            try:
                area = parse_polygon(decision.area)
            except AreaError as error:
                checks.refuse("area", AREA_FAULTS[error.code])
    checks.done()
    return evidence, area


def _known_kind(value: str) -> str:
    if value not in set(Kind):
        raise Refused(N_("Choose what kind of organisation it is."))
    return value


def _known_country(board: Board, code: str) -> str:
    if code not in board.countries.codes:
        raise Refused(N_("Choose a country."))
    return code


def _known_countries(board: Board, codes: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(codes))
    if not found:
        raise Refused(N_("Choose the country or countries it is about."))
    if len(found) > MAX_COUNTRIES:
        raise Refused(N_("Choose at most %(most)d."), most=MAX_COUNTRIES)
    for code in found:
        if code not in board.countries.codes:
            raise Refused(N_("“%(code)s” is not a known code."), code=code[:20])
    return found
