"""Listings, alerts and members with sensible values; a test names only what it is about."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from board import alerts, answering, cases, listings, posting
from board.alerts import Alert, AlertStatus, NewAlert
from board.answering import NewAnswer
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.db import BoardState, now
from board.links import CONFIRM_MESSAGE, Link
from board.members import Member
from board.posting import NewListing
from board.roles import WITH_COUNTRY, Grant
from matcher.place import Place
from matcher.taxonomy import Kind, Reach

#: Akwa, in Douala.
AKWA = Place.at(4.0503, 9.6980, 8)
#: Bonapriso, about three kilometres away.
BONAPRISO = Place.at(4.0246, 9.7010, 8)
MARSEILLE = Place.at(43.2965, 5.3698, 8)

_CONFIRMS = Link.purpose == CONFIRM_MESSAGE
_numbers = itertools.count(1)


class Factory:
    """Makes rows of one board through its public functions."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def member(self, email: str | None = "", roles: Iterable[str] = (), **profile: Any) -> int:
        """Id of a member with these roles, for Cameroon where a role needs a country.

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
                country = "CM" if role in WITH_COUNTRY else ""
                session.add(
                    Grant(
                        member_id=member.id,
                        role=role,
                        country=country,
                        organisation="Consulate" if country else "",
                        created_at=now(session),
                    )
                )
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
        public_id = posting.post(self.board, new, f"key-{next(_numbers):06d}").public_id
        self.confirm(public_id)
        with self.board.db.write() as session:
            row = session.query(listings.Listing).filter_by(public_id=public_id).one()
            if row.status == listings.Status.HELD:
                posting.open_(session, self.board, row)
                cases.overtake(session, cases.LISTING, row.id)
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
