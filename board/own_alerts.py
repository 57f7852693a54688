"""A member's own alerts: to look at, to add, to change, to end.

What is somebody else's is answered as what does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from board import alerts, bans, consent
from board.alerts import Alert, AlertStatus, Terms
from board.db import now
from board.errors import AlertNotFound
from board.members import Member
from board.rhythms import Rhythm
from matcher.place import Place
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAlert:
    """An active alert as its owner sees it."""

    public_id: str
    remote: bool
    place_name: str
    #: Name of the cell in H3; "" where there is none.
    cell: str
    radius_km: float
    area: BaseGeometry | None
    kinds: tuple[Kind, ...]
    #: Slugs of the taxonomy.
    categories: tuple[str, ...]
    least_urgency: int
    languages: tuple[str, ...]
    rhythm: Rhythm


def all_of(board: Board, member_id: int) -> tuple[OwnAlert, ...]:
    """A member's active alerts, the newest first."""
    with board.db.read() as session:
        found = session.scalars(
            sa.select(Alert)
            .where(Alert.member_id == member_id, Alert.status == AlertStatus.ACTIVE)
            .order_by(Alert.id.desc())
        )
        return tuple(_view(board, alert) for alert in found)


def get(board: Board, member_id: int, public_id: str) -> OwnAlert:
    """One of them; raises AlertNotFound."""
    with board.db.read() as session:
        return _view(board, _own(session, member_id, public_id))


def add(board: Board, member_id: int, terms: Terms) -> None:
    """One more, active at once: the address is confirmed. Raises Invalid or NotAllowed.

    A member keeps at most `alerts.PER_MEMBER`; the oldest makes room.
    """
    with board.db.read() as session:
        locale = session.get_one(Member, member_id).locale
    values = alerts.checked(board, terms, locale)
    with board.db.write() as session:
        bans.require_none(session, member_id)
        alerts.make_room(session, member_id)
        alert = Alert(
            member_id=member_id,
            locale=locale,
            status=AlertStatus.ACTIVE,
            created_at=now(session),
            **values,
        )
        session.add(alert)
        session.flush()
        consent.record(
            session, subject=Alert.__tablename__, subject_id=alert.id, member_id=member_id
        )


def change(board: Board, member_id: int, public_id: str, terms: Terms) -> None:
    """Put other terms in place of an alert's; raises AlertNotFound or Invalid."""
    with board.db.read() as session:
        locale = _own(session, member_id, public_id).locale
    values = alerts.checked(board, terms, locale)
    with board.db.write() as session:
        alert = _own(session, member_id, public_id)
        for column, value in values.items():
            setattr(alert, column, value)


def end(board: Board, member_id: int, public_id: str) -> None:
    """End one's own alert; raises AlertNotFound."""
    with board.db.write() as session:
        _own(session, member_id, public_id).status = AlertStatus.ENDED


def _own(session: Session, member_id: int, public_id: str) -> Alert:
    alert = session.scalar(
        sa.select(Alert).where(
            Alert.public_id == public_id,
            Alert.member_id == member_id,
            Alert.status == AlertStatus.ACTIVE,
        )
    )
    if alert is None:
        raise AlertNotFound(public_id)
    return alert


def _view(board: Board, alert: Alert) -> OwnAlert:
    return OwnAlert(
        public_id=alert.public_id,
        remote=alert.remote,
        place_name=alert.place_name,
        cell="" if alert.cell is None else Place(alert.cell).hex,
        radius_km=alert.radius_m / 1000,
        area=alert.area,
        kinds=tuple(Kind(int(code)) for code in alert.kinds),
        categories=tuple(board.taxonomy.slug(int(code)) for code in alert.categories),
        least_urgency=alert.least_urgency,
        languages=alert.languages,
        rhythm=Rhythm(alert.rhythm),
    )
