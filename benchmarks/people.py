"""Volunteers with alerts, in bulk, and listings that concern few or all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import outbox
from board.alerts import Alert, AlertStatus
from board.context import Board
from board.db import BoardState, now
from board.listings import Listing, ListingCategory, Status
from board.members import Member
from board.outbox import OutboxRow
from matcher.place import Place
from matcher.taxonomy import Kind, Reach

#: Where those are who all hear of one listing: Akwa, in Douala.
GATHERED = Place.at(4.0503, 9.6980, 8)
_TOWNS = 20_000
_IN_ONE_UNIT = 50_000
#: Alerts of one member.
_EACH = 5


class Crowd:
    """Everybody on one board. The same for the same seed."""

    def __init__(self, board: Board, seed: int = 5) -> None:
        self._board = board
        self._chance = np.random.default_rng(seed)
        # Uniform over the sphere, away from where the others are gathered.
        lat = np.degrees(np.arcsin(self._chance.uniform(-0.9, 0.0, _TOWNS)))
        lng = self._chance.uniform(-180, 180, _TOWNS)
        self._towns = [Place.at(*each, 8) for each in zip(lat.tolist(), lng.tolist(), strict=True)]

    def scatter(self, count: int) -> None:
        """Alerts around towns of the whole Earth, each on two categories."""
        codes = [str(each.id) for each in self._board.taxonomy.categories]
        towns = self._chance.integers(_TOWNS, size=count)
        wanted = self._chance.integers(len(codes), size=(count, 2))
        self._add(
            (
                self._towns[town],
                tuple(sorted({codes[first], codes[second]})),
            )
            for town, (first, second) in zip(towns.tolist(), wanted.tolist(), strict=True)
        )

    def gather(self, count: int) -> None:
        """Alerts of as many members on everything around one place."""
        self._add(((GATHERED, ()) for _ in range(count)), each=1)

    def post_somewhere(self, number: int) -> int:
        """A listing in one of the towns; id of its event."""
        codes = [each.id for each in self._board.taxonomy.categories]
        return self._post(self._towns[number], codes[number % len(codes)])

    def post_among_all(self) -> int:
        """A listing that all who are gathered hear of; id of its event."""
        return self._post(GATHERED, self._board.taxonomy.categories[0].id)

    def forget_mails(self) -> None:
        """So that nobody has had enough mails for the week."""
        with self._board.db.write() as session:
            session.execute(sa.delete(OutboxRow))

    def _post(self, place: Place, code: int) -> int:
        with self._board.db.write() as session:
            moment = now(session)
            poster = Member(email=None, locale="fr", created_at=moment)
            session.add(poster)
            session.flush()
            row = Listing(
                region=place.region,
                # Offers are told at once, requests go by waves.
                kind=Kind.OFFER,
                status=Status.OPEN,
                urgency=3,
                title="Je fais vos courses",
                text="Le samedi, à pied.",
                folded="je fais vos courses",
                languages=("fr",),
                locale="fr",
                cell=place.cell,
                place_name="Douala",
                reach=Reach.LOCAL,
                places_needed=1,
                places_taken=0,
                radius_m=10_000,
                starts_at=moment,
                ends_at=moment + timedelta(days=14),
                created_at=moment,
                member_id=poster.id,
            )
            session.add(row)
            session.flush()
            session.add(ListingCategory(listing_id=row.id, category=code))
            new = outbox.NewRow(
                purpose=outbox.LISTING_OPENED, once=f"opened:{row.id}", listing_id=row.id
            )
            return outbox.add(session, new)

    def _add(self, alerts: Iterator[tuple[Place, tuple[str, ...]]], each: int = _EACH) -> None:
        places = list(alerts)
        for start in range(0, len(places), _IN_ONE_UNIT):
            part = places[start : start + _IN_ONE_UNIT]
            with self._board.db.write() as session:
                self._insert(session, part, self._owners(session, -(-len(part) // each)))

    def _owners(self, session: Session, count: int) -> list[int]:
        first = (session.scalar(sa.select(sa.func.max(Member.id))) or 0) + 1
        moment = now(session)
        session.execute(
            sa.insert(Member),
            [
                {"email": f"volunteer{n}@example.org", "locale": "fr", "created_at": moment}
                for n in range(first, first + count)
            ],
        )
        new = sa.select(Member.id).where(Member.id >= first).order_by(Member.id)
        return list(session.scalars(new))

    def _insert(
        self, session: Session, alerts: list[tuple[Place, tuple[str, ...]]], owners: list[int]
    ) -> None:
        """In one revision, as an import gives them one."""
        moment = now(session)
        revision = session.scalar(
            sa.update(BoardState)
            .values(revision=BoardState.revision + 1)
            .returning(BoardState.revision)
        )
        shared: dict[str, Any] = {
            "status": AlertStatus.ACTIVE,
            "locale": "fr",
            "place_name": "Douala",
            "radius_m": 10_000,
            "created_at": moment,
            "revision": revision,
            "languages": (),
        }
        session.execute(
            sa.insert(Alert),
            [
                {
                    **shared,
                    "member_id": owners[number % len(owners)],
                    "region": place.region,
                    "cell": place.cell,
                    "categories": codes,
                }
                for number, (place, codes) in enumerate(alerts)
            ],
        )
