"""Listings, alerts and members with sensible values; a test names only what it is about."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import (
    alerts,
    answering,
    cases,
    information,
    listings,
    members,
    organisations,
    posting,
)
from board.alerts import Alert, AlertStatus, NewAlert
from board.answering import NewAnswer
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.db import BoardState, now
from board.information import NewInformation
from board.links import CONFIRM_MESSAGE, Link
from board.members import Member
from board.organisations import NewOrganisation, Organisation
from board.posting import NewListing
from board.roles import BY_ORGANISATION, Grant
from matcher.place import Place
from matcher.taxonomy import Kind, Reach

#: Akwa, in Douala.
AKWA = Place.at(4.0503, 9.6980, 8)
#: Bonapriso, about three kilometres away.
BONAPRISO = Place.at(4.0246, 9.7010, 8)
#: A square inside Cameroon, east of Douala.
INLAND = {
    "type": "Polygon",
    "coordinates": [[[10.0, 4.2], [10.6, 4.2], [10.6, 5.2], [10.0, 5.2], [10.0, 4.2]]],
}
MARSEILLE = Place.at(43.2965, 5.3698, 8)

#: What only the posters of requests and offers say, and what only partners say.
_OF_POSTERS = ("email", "notify", "health")
_OFFICIAL = ("organisation", "source_url", "supersedes")
_CONFIRMS = Link.purpose == CONFIRM_MESSAGE
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Office:
    """A verified organisation and its coordinator."""

    id: str
    name: str
    email: str
    member_id: int


class Factory:
    """Makes rows of one board through its public functions."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def member(self, email: str | None = "", roles: Iterable[str] = (), **profile: Any) -> int:
        """Id of a member with these roles; of an organisation in Cameroon where one needs it.

        `email` is a new address by default, and None for somebody without one; `profile` holds
        columns of the member.
        """
        with self.board.db.write() as session:
            member = Member(
                email=f"member{next(_numbers)}@example.org" if email == "" else email,
                **{"locale": "en", "created_at": now(session), **profile},
            )
            session.add(member)
            session.flush()
            for role in roles:
                if role in BY_ORGANISATION:
                    office = self._verified(session, "Consulate", "CM", "consulate")
                    organisations.give_seat(session, office, member.id, role)
                else:
                    session.add(Grant(member_id=member.id, role=role, created_at=now(session)))
            return member.id

    def form(self, **given: Any) -> NewListing:
        """A form for a request of groceries in Akwa, open for two weeks."""
        with self.board.db.read() as session:
            moment = now(session)
        values: dict[str, Any] = {
            "kind": Kind.REQUEST,
            "categories": ("groceries",),
            "urgency": 3,
            "title": "Courses pour une semaine",
            "text": "Je ne peux pas sortir de chez moi.",
            "languages": ("fr",),
            "locale": "fr",
            "cell": AKWA.cell,
            "country": "CM",
            "place_name": "Douala",
            "reach": Reach.LOCAL,
            "radius_km": 10.0,
            "starts_at": moment,
            "ends_at": moment + timedelta(days=14),
            "email": f"poster{next(_numbers)}@example.org",
            "health": True,
        }
        if given.get("reach", Reach.LOCAL) is not Reach.LOCAL:
            values["radius_km"] = None
        return NewListing(**{**values, **given})

    def offer_form(self, **given: Any) -> NewListing:
        """A form for an offer of groceries and errands in Bonapriso."""
        offered = {
            "kind": Kind.OFFER,
            "categories": ("groceries", "errands"),
            "urgency": 0,
            "title": "Je fais vos courses",
            "cell": BONAPRISO.cell,
        }
        return self.form(**{**offered, **given})

    def pending(self, **given: Any) -> str:
        """Public id of a listing that nobody has confirmed."""
        return posting.post(self.board, self.form(**given), f"key-{next(_numbers):06d}").public_id

    def open(self, new: NewListing | None = None, **given: Any) -> listings.ListingView:
        """A listing on the board, its mails left in the outbox; what is held is approved."""
        new = new or self.form(**given)
        if new.kind is Kind.INFO:
            return self._published(new)
        public_id = posting.post(self.board, new, f"key-{next(_numbers):06d}").public_id
        self.confirm(public_id)
        with self.board.db.write() as session:
            row = session.query(listings.Listing).filter_by(public_id=public_id).one()
            if row.status == listings.Status.HELD:
                posting.open_(session, self.board, row)
                cases.overtake(session, cases.LISTING, row.id)
        return listings.get(self.board, public_id)

    def _published(self, new: NewListing) -> listings.ListingView:
        """Official information of the partner with this address."""
        with self.board.db.read() as session:
            member = members.by_email(session, new.email)
            assert member is not None, f"{new.email} is no partner"
            seats = organisations.seats(session, member.id)
        fields = {name: value for name, value in asdict(new).items() if name not in _OF_POSTERS}
        official = NewInformation(**fields, organisation=seats[0].organisation.public_id)
        public_id = information.publish(
            self.board, member.id, official, f"key-{next(_numbers):06d}"
        )
        return listings.get(self.board, public_id)

    def organisation(
        self,
        name: str = "Consulat",
        country: str = "CM",
        kind: str = "consulate",
        **columns: Any,
    ) -> Office:
        """A verified organisation for one country; `columns` are set on its row."""
        member_id = self.member(f"office{next(_numbers)}@example.org")
        with self.board.db.write() as session:
            row = self._verified(session, name, country, kind)
            organisations.give_seat(session, row, member_id, organisations.COORDINATOR)
            for column, value in columns.items():
                setattr(row, column, value)
            email = session.get_one(Member, member_id).email or ""
            return Office(row.public_id, row.name, email, member_id)

    @staticmethod
    def _verified(session: Session, name: str, country: str, kind: str) -> Organisation:
        new = NewOrganisation(kind=kind, name=name, country=country, countries=(country,), email="")
        row = organisations.insert(session, new)
        row.status, row.evidence = organisations.Status.VERIFIED, "Known to the test."
        session.flush()
        return row

    def administrator(self, email: str = "admin@example.org") -> int:
        """Id of a member who may judge organisations."""
        return self.member(email, roles=["administrator"])

    def information_form(self, office: Office, **given: Any) -> NewInformation:
        """A form for information about paperwork in the whole country."""
        form = self.form(
            **{
                "kind": Kind.INFO,
                "categories": ("admin",),
                "urgency": 0,
                "title": "Passeports : nouveaux horaires",
                "text": "Le service est ouvert du lundi au jeudi.",
                "cell": None,
                "place_name": "",
                "radius_km": None,
                "area_countries": ("CM",),
                **{key: value for key, value in given.items() if key not in _OFFICIAL},
            },
        )
        fields = {key: value for key, value in asdict(form).items() if key not in _OF_POSTERS}
        official = {key: value for key, value in given.items() if key in _OFFICIAL}
        return NewInformation(**{**fields, "organisation": office.id, **official})

    def information(self, office: Office | None = None, **given: Any) -> listings.ListingView:
        """Official information on the board."""
        office = office or self.organisation()
        public_id = information.publish(
            self.board,
            office.member_id,
            self.information_form(office, **given),
            f"key-{next(_numbers):06d}",
        )
        return listings.get(self.board, public_id)

    def held(self, **given: Any) -> int:
        """Id of the case of a listing that waits for a moderator, by default for its words."""
        given = {"text": "Appelez-moi au 06 12 34 56 78.", **given}
        self.confirm(self.pending(**given))
        with self.board.db.read() as session:
            found = session.scalar(sa.select(sa.func.max(cases.Case.id)))
            assert found is not None, "nothing is held"
            return found

    def offer(self, **given: Any) -> listings.ListingView:
        """An open offer."""
        return self.open(self.offer_form(**given))

    def confirm(self, public_id: str) -> list[int]:
        """Open a pending listing as its link would."""
        with self.board.db.write() as session:
            row = session.query(listings.Listing).filter_by(public_id=public_id).one()
            return posting.confirm(session, self.board, row)

    def answered(
        self, view: listings.ListingView, new: NewAnswer | None = None, **given: Any
    ) -> Seat:
        """The answerer's seat in the conversation that a confirmed answer opens."""
        values = {"email": f"helper{next(_numbers)}@example.org", "text": "Bonjour", **given}
        answering.answer(self.board, view.public_id, new or NewAnswer(**values))
        with self.board.db.write() as session:
            pending = session.query(Conversation).order_by(Conversation.id.desc()).first()
            assert pending is not None
            opened = answering.confirm(session, self.board, pending)
            assert opened is not None
            session.execute(sa.update(Link).values(used_at=now(session)).where(_CONFIRMS))
            return Seat(opened.conversation.id, Side.ANSWERER)

    def alert_form(self, **given: Any) -> NewAlert:
        """A form for an alert on everything within 10 km of Akwa."""
        values: dict[str, Any] = {
            "email": f"volunteer{next(_numbers)}@example.org",
            "cell": AKWA.cell,
            "place_name": "Douala",
            "radius_km": 10.0,
        }
        return NewAlert(**{**values, **given})

    def alert(self, **given: Any) -> int:
        """Id of an active alert."""
        alerts.save(self.board, self.alert_form(**given))
        with self.board.db.write() as session:
            alert = session.query(Alert).order_by(Alert.id.desc()).first()
            assert alert is not None
            alerts.confirm(session, alert)
            session.execute(sa.update(Link).values(used_at=now(session)))
            return alert.id

    def alerts(self, given: Sequence[dict[str, Any]], members: int) -> list[int]:
        """Ids of active alerts on all within 10 km of Akwa, with these values instead.

        They belong to so many new members in turn, and come in one revision.
        """
        with self.board.db.write() as session:
            moment = now(session)
            revision = session.scalar(
                sa.update(BoardState)
                .values(revision=BoardState.revision + 1)
                .returning(BoardState.revision)
            )
            owners = session.scalars(
                sa.insert(Member).returning(Member.id, sort_by_parameter_order=True),
                [
                    {
                        "email": f"volunteer{next(_numbers)}@example.org",
                        "locale": "fr",
                        "created_at": moment,
                    }
                    for _ in range(members)
                ],
            ).all()
            values: dict[str, Any] = {
                "region": AKWA.region,
                "status": AlertStatus.ACTIVE,
                "locale": "fr",
                "cell": AKWA.cell,
                "radius_m": 10_000,
                "created_at": moment,
                "revision": revision,
            }
            return list(
                session.scalars(
                    sa.insert(Alert).returning(Alert.id, sort_by_parameter_order=True),
                    [
                        {**values, "languages": (), "member_id": owners[i % members], **each}
                        for i, each in enumerate(given)
                    ],
                )
            )
