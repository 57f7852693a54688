"""Organisations: who may speak officially, for which countries, and through which members.

How one comes to be verified is in `verification`; who acts for it in `partners`. Rights are read
from these tables at each request: a revoked organisation has none left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit
from board.db import Base, BigId, Codes, Geo, UTCDateTime, new_public_id, now
from board.errors import NotAllowed, OrganisationNotFound
from board.validation import PHONE_MAX, TITLE_MAX, URL_MAX

if TYPE_CHECKING:
    from board.context import Board

PARTNER: Final = "partner"
COORDINATOR: Final = "coordinator"
ROLES: Final = (PARTNER, COORDINATOR)


class Kind(StrEnum):
    """What sort of body it is."""

    CONSULATE = "consulate"
    EMBASSY = "embassy"
    ASSOCIATION = "association"
    TOWN_HALL = "town-hall"
    NGO = "ngo"


class Status(StrEnum):
    """Where it stands. Only a verified one has rights."""

    #: Its applicant has not confirmed the address.
    PENDING = "pending"
    APPLIED = "applied"
    VERIFIED = "verified"
    REFUSED = "refused"
    REVOKED = "revoked"


class Organisation(Base):
    """A body that speaks officially once it is verified."""

    __tablename__ = "organisations"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('pending', 'applied', 'verified', 'refused', 'revoked')", name="status"
        ),
        sa.CheckConstraint(
            "kind IN ('consulate', 'embassy', 'association', 'town-hall', 'ngo')", name="kind"
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=new_public_id)
    kind: Mapped[str] = mapped_column(sa.String(16))
    name: Mapped[str] = mapped_column(sa.String(TITLE_MAX))
    country: Mapped[str] = mapped_column(
        sa.String(2), comment="whose it is; for a consulate the country it represents"
    )
    website: Mapped[str] = mapped_column(sa.String(URL_MAX), default="")
    phone: Mapped[str] = mapped_column(
        sa.String(PHONE_MAX), default="", comment="line for emergencies, shown to everybody"
    )
    note: Mapped[str] = mapped_column(sa.Text, default="", comment="what the applicant said")
    status: Mapped[str] = mapped_column(sa.String(10), default=Status.PENDING, index=True)
    evidence: Mapped[str] = mapped_column(
        sa.Text, default="", comment="why it was judged so, noted by the administrator"
    )
    countries: Mapped[tuple[str, ...]] = mapped_column(
        Codes, default=(), comment="jurisdiction, ISO 3166-1 alpha-2"
    )
    area: Mapped[BaseGeometry | None] = mapped_column(
        Geo, comment="narrows the countries of the jurisdiction"
    )
    locale: Mapped[str] = mapped_column(sa.String(8), default="fr")
    pending_email: Mapped[str | None] = mapped_column(
        sa.String(254), comment="the applicant's, until it is confirmed"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Membership(Base):
    """A person who acts for an organisation. It counts only while the organisation is verified."""

    __tablename__ = "organisation_members"
    __table_args__ = (
        sa.UniqueConstraint("organisation_id", "member_id"),
        sa.CheckConstraint("role IN ('partner', 'coordinator')", name="role"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("organisations.id", ondelete="CASCADE")
    )
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[str] = mapped_column(sa.String(12), default=PARTNER)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrganisation:
    """What somebody says who applies. Nobody can say here that it is verified."""

    kind: str
    name: str
    country: str
    countries: tuple[str, ...]
    website: str = ""
    phone: str = ""
    note: str = ""
    email: str
    locale: str = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationView:
    """What a page may show of an organisation; evidence and note are for administrators."""

    id: int
    public_id: str
    kind: Kind
    name: str
    country: str
    website: str
    phone: str
    note: str
    status: Status
    evidence: str
    countries: tuple[str, ...]
    area: BaseGeometry | None
    locale: str
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seat:
    """A right: this member acts for this verified organisation."""

    organisation: OrganisationView
    role: str


def seats(session: Session, member_id: int) -> tuple[Seat, ...]:
    """For which verified organisations a member acts now, by name. Read it at each request."""
    rows = session.execute(
        sa.select(Organisation, Membership.role)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.member_id == member_id, Organisation.status == Status.VERIFIED)
        .order_by(Organisation.name, Organisation.id)
    )
    return tuple(Seat(view_of(organisation), role) for organisation, role in rows)


def seat(session: Session, member_id: int, public_id: str, *, role: str = PARTNER) -> Seat:
    """The right of a member in one organisation; a coordinator has a partner's rights as well.

    Raises OrganisationNotFound where the member has none, so that others learn nothing.
    """
    for each in seats(session, member_id):
        if each.organisation.public_id == public_id:
            if role == COORDINATOR and each.role != COORDINATOR:
                raise NotAllowed(COORDINATOR)
            return each
    raise OrganisationNotFound(public_id)


def seats_of(board: Board, member_id: int) -> tuple[Seat, ...]:
    """As `seats`, in a unit of its own."""
    with board.db.read() as session:
        return seats(session, member_id)


def find(session: Session, public_id: str, *, lock: bool = False) -> Organisation:
    """The confirmed organisation of this public id; raises OrganisationNotFound."""
    query = sa.select(Organisation).where(
        Organisation.public_id == public_id, Organisation.status != Status.PENDING
    )
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise OrganisationNotFound(public_id)
    return found


def get(board: Board, public_id: str, *, public: bool = True) -> OrganisationView:
    """An organisation; with `public` only one that was verified at some time.

    Raises OrganisationNotFound.
    """
    with board.db.read() as session:
        view = view_of(find(session, public_id))
    if public and view.status not in (Status.VERIFIED, Status.REVOKED):
        raise OrganisationNotFound(public_id)
    return view


def verified(board: Board) -> tuple[OrganisationView, ...]:
    """Every verified organisation, by name."""
    return listed(board, (Status.VERIFIED,))


def listed(board: Board, statuses: Sequence[Status]) -> tuple[OrganisationView, ...]:
    """The organisations of these statuses, by status and name."""
    with board.db.read() as session:
        rows = session.scalars(
            sa.select(Organisation)
            .where(Organisation.status.in_(statuses))
            .order_by(Organisation.name, Organisation.id)
        ).all()
        return tuple(sorted(map(view_of, rows), key=lambda each: statuses.index(each.status)))


def view_of(row: Organisation) -> OrganisationView:
    """The row as pages see it."""
    return OrganisationView(
        id=row.id,
        public_id=row.public_id,
        kind=Kind(row.kind),
        name=row.name,
        country=row.country,
        website=row.website,
        phone=row.phone,
        note=row.note,
        status=Status(row.status),
        evidence=row.evidence,
        countries=row.countries,
        area=row.area,
        locale=row.locale,
        created_at=row.created_at,
        decided_at=row.decided_at,
    )


def insert(session: Session, new: NewOrganisation) -> Organisation:
    """A new organisation, pending; what the form says is already checked."""
    organisation = Organisation(
        kind=new.kind,
        name=new.name,
        country=new.country,
        website=new.website,
        phone=new.phone,
        note=new.note,
        countries=new.countries,
        locale=new.locale,
        created_at=now(session),
    )
    session.add(organisation)
    return organisation


def give_seat(session: Session, organisation: Organisation, member_id: int, role: str) -> bool:
    """Give a member this role; False when it has it already."""
    known = session.scalar(
        sa.select(Membership).where(
            Membership.organisation_id == organisation.id, Membership.member_id == member_id
        )
    )
    if known is not None and known.role == role:
        return False
    if known is None:
        known = Membership(
            organisation_id=organisation.id, member_id=member_id, created_at=now(session)
        )
        session.add(known)
    known.role = role
    return True


def record(
    session: Session,
    action: str,
    organisation: Organisation,
    member_id: int | None,
    reason: str = "",
) -> None:
    """An entry of the audit log about an organisation."""
    audit.record(
        session,
        action,
        subject="organisations",
        subject_id=organisation.id,
        member_id=member_id,
        reason=reason,
    )
