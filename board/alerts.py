"""Alerts: what a member wants to hear of, and the mails that a new listing causes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from shapely import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Mapped, Session, mapped_column

import matcher.alerts
from board import bans, consent, drawing, limits, links, members
from board.db import Base, BigId, Codes, Geo, Indexed, UTCDateTime, new_public_id, now
from board.errors import LinkRefused
from board.i18n import LOCALES, N_
from board.places import kept_cell, place_label
from board.rhythms import Rhythm
from board.validation import Checks, Refused, clean_text, email_address, finite
from matcher.place import REMOTE_REGION, Place
from matcher.taxonomy import Kind, UnknownCategory

if TYPE_CHECKING:
    from board.context import Board

#: The floor keeps an alert from probing for a position finer than a cell.
RADIUS_KM = (2.0, 200.0)
PER_MEMBER = 20
_UNSUBSCRIBE = "alert:"


class AlertStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


class Alert(Indexed, Base):
    """A standing question; empty tuples mean any."""

    __tablename__ = "alerts"
    __table_args__ = (
        sa.CheckConstraint("status IN ('pending', 'active', 'ended')", name="status"),
        sa.CheckConstraint("remote OR cell IS NOT NULL OR area IS NOT NULL", name="has_area"),
        sa.CheckConstraint("rhythm IN ('instant', 'daily', 'weekly')", name="rhythm"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=new_public_id)
    region: Mapped[int] = mapped_column(sa.SmallInteger, index=True)
    status: Mapped[str] = mapped_column(sa.String(8), default=AlertStatus.PENDING)
    member_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    pending_email: Mapped[str | None] = mapped_column(sa.String(254))
    locale: Mapped[str] = mapped_column(sa.String(8))
    remote: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    cell: Mapped[int | None] = mapped_column(sa.BigInteger)
    location: Mapped[BaseGeometry | None] = mapped_column(Geo, comment="centre of the cell")
    place_name: Mapped[str] = mapped_column(sa.String(200), default="")
    radius_m: Mapped[int] = mapped_column(sa.Integer, default=0)
    area: Mapped[BaseGeometry | None] = mapped_column(Geo)
    kinds: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    categories: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    least_urgency: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    languages: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    rhythm: Mapped[str] = mapped_column(
        sa.String(8), default=Rhythm.INSTANT, server_default=Rhythm.INSTANT.value
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def in_index(self) -> bool:
        return self.status == AlertStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What somebody wants to hear of, and how often; empty tuples mean any.

    Exactly one of a remote alert, a drawn area and a place with a radius.
    """

    #: Help from far away: by category and language, no place.
    remote: bool = False
    #: A GeoJSON polygon, as `json.loads` gives it.
    area: object = None
    cell: int | None = None
    place_name: str = ""
    radius_km: float | None = None
    kinds: tuple[Kind, ...] = ()
    #: Slugs of the taxonomy.
    categories: tuple[str, ...] = ()
    least_urgency: int = 0
    languages: tuple[str, ...] = ()
    rhythm: str = Rhythm.INSTANT


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert(Terms):
    """A form that somebody sends who is not signed in."""

    email: str
    locale: str = "fr"


def engine_alert(alert: Alert) -> matcher.alerts.Alert:
    """The alert as the engine sees it."""
    return matcher.alerts.Alert(
        id=alert.id,
        owner=alert.member_id or 0,
        cell=alert.cell,
        radius_m=alert.radius_m,
        area=alert.area,
        remote=alert.remote,
        kinds=frozenset(Kind(int(code)) for code in alert.kinds),
        categories=frozenset(int(code) for code in alert.categories),
        least_urgency=alert.least_urgency,
        languages=frozenset(alert.languages),
    )


def save(board: Board, new: NewAlert, visitor: limits.Visitor = limits.HOUSE) -> None:
    """Store an alert, inactive, and write the mail that asks for the confirmation.

    The answer is the same for known and unknown addresses. Raises Invalid.
    """
    checks = Checks()
    with checks.field("email"):
        new = replace(new, email=email_address(new.email))
    if new.locale not in LOCALES:
        checks.refuse(
            "locale", N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES)
        )
    values = checked(board, new, new.locale, checks)
    with board.db.write() as session:
        delay = limits.see(session, visitor, limits.ALERT, None)
        address = links.address_hash(board.settings.secret_key, new.email)
        if not links.may_confirm(session, address):
            return
        alert = Alert(pending_email=new.email, locale=new.locale, created_at=now(session), **values)
        session.add(alert)
        session.flush()
        consent.record(session, subject=Alert.__tablename__, subject_id=alert.id)
        row = links.ask(
            session,
            board,
            links.CONFIRM_ALERT,
            alert.id,
            new.email,
            new.locale,
            alert_id=alert.id,
            after=delay,
        )
    board.waker.wake([row])


def checked(
    board: Board, new: Terms, locale: str, checks: Checks | None = None
) -> dict[str, object]:
    """The columns of an alert on these terms; raises Invalid with every problem.

    `checks` holds problems that were found before.
    """
    checks = checks or Checks()
    where: dict[str, object] = {}
    with checks.field("area" if new.area is not None and not new.remote else "place"):
        where = _where(board, new, locale)
    if not new.remote and new.area is None:
        with checks.field("place"):
            where["place_name"] = clean_text(new.place_name, max_length=200)
        with checks.field("radius_km"):
            radius_km = finite(new.radius_km, least=RADIUS_KM[0], most=RADIUS_KM[1])
            where["radius_m"] = round(radius_km * 1000)
    for slug in new.categories:
        try:
            board.taxonomy.id(slug)
        except UnknownCategory:
            checks.refuse("categories", N_("“%(slug)s” is not a category."), slug=slug[:40])
    if isinstance(new.least_urgency, bool) or new.least_urgency not in (0, 1, 2, 3):
        checks.refuse("least_urgency", N_("Choose how urgent it is, from 0 to 3."))
    if new.rhythm not in set(Rhythm):
        checks.refuse("rhythm", N_("Choose one of the answers of the list."))
    for code in new.languages:
        if code not in board.languages:
            checks.refuse("languages", N_("“%(code)s” is not a known code."), code=code[:20])
    checks.done()
    return {
        **where,
        "kinds": tuple(str(int(kind)) for kind in new.kinds),
        "categories": tuple(str(board.taxonomy.id(slug)) for slug in new.categories),
        "least_urgency": new.least_urgency,
        "languages": new.languages,
        "rhythm": str(new.rhythm),
    }


def _where(board: Board, new: Terms, locale: str) -> dict[str, object]:
    """The columns that say where; raises Refused.

    A place is no finer than people's places may be kept: also where somebody waits is private.
    """
    nowhere = {"remote": False, "cell": None, "location": None, "area": None, "radius_m": 0}
    if new.remote:
        return {**nowhere, "remote": True, "region": REMOTE_REGION, "place_name": ""}
    if new.area is not None:
        area = drawing.drawn_area(new.area)
        middle = Place.at(area.centroid.y, area.centroid.x, drawing.NAMED_RESOLUTION)
        name = place_label(board.gazetteer, middle.cell, locale)
        return {**nowhere, "area": area, "region": middle.region, "place_name": name}
    if new.cell is None:
        raise Refused(N_("Choose a place, or help from far away."))
    place = Place(kept_cell(board.gazetteer, new.cell, new.categories))
    location = Point(place.center[1], place.center[0])
    return {**nowhere, "cell": place.cell, "location": location, "region": place.region}


def confirm(session: Session, alert: Alert) -> None:
    """Activate a pending alert, in the unit that spends its link.

    A member keeps at most `PER_MEMBER` active ones; the oldest makes room. Raises NotAllowed
    when the member is banned.
    """
    if alert.status != AlertStatus.PENDING or alert.pending_email is None:
        return
    member = members.confirmed(session, alert.pending_email, alert.locale)
    bans.require_none(session, member.id)
    make_room(session, member.id)
    alert.member_id, alert.pending_email = member.id, None
    consent.confirm(session, Alert.__tablename__, alert.id, member.id)
    alert.status = AlertStatus.ACTIVE


def make_room(session: Session, member_id: int) -> None:
    """End a member's oldest active alerts, so that one more is at most `PER_MEMBER`."""
    active = session.scalars(
        sa.select(Alert)
        .where(Alert.member_id == member_id, Alert.status == AlertStatus.ACTIVE)
        .order_by(Alert.id)
    ).all()
    for oldest in active[: max(0, len(active) - PER_MEMBER + 1)]:
        oldest.status = AlertStatus.ENDED


def unsubscribe_token(board: Board, alert_id: int) -> str:
    """What the unsubscribe address of every mail of this alert ends with."""
    return board.vault.sign(f"{_UNSUBSCRIBE}{alert_id}")


def unsubscribe(board: Board, token: str) -> None:
    """End the alert of this token; doing it twice changes nothing. Raises LinkRefused."""
    alert_id = token_alert(board, token)
    with board.db.write() as session:
        alert = session.get(Alert, alert_id)
        if alert is not None and alert.status != AlertStatus.ENDED:
            alert.status = AlertStatus.ENDED


def token_alert(board: Board, token: str) -> int:
    """The alert that an unsubscribe token belongs to; raises LinkRefused for any other text."""
    subject = board.vault.verify(token)
    if subject is None or not subject.startswith(_UNSUBSCRIBE):
        raise LinkRefused("unknown")
    return int(subject.removeprefix(_UNSUBSCRIBE))
