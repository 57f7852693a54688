"""Listings as they are stored, shown and handed to the engine.

How one comes to be is in `posting`; how they are found in `searching`; who matches in `matching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from shapely import Point
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Mapped, Session, mapped_column

import matcher.listing
from board import audit, blocks, cases
from board.db import Base, BigId, Codes, Geo, Indexed, UTCDateTime, new_public_id, now
from board.errors import ListingNotFound
from board.organisations import Organisation
from board.sources import ImportedRow
from board.validation import TITLE_MAX, fold
from matcher.place import REMOTE_REGION, Place
from matcher.taxonomy import Kind, Reach, Urgency

if TYPE_CHECKING:
    from board.context import Board

_log = structlog.get_logger(__name__)


#: What the engine says of a row it cannot hold: a value out of range, a category or language code
#: that it does not know. One such row must not stop the answers about all others.
UNFIT = (ValueError, LookupError)


class Status(StrEnum):
    """Where a listing stands. Only open ones are matched and listed."""

    PENDING = "pending"
    #: Confirmed, and out of sight until a moderator has looked at it.
    HELD = "held"
    OPEN = "open"
    CLOSED = "closed"


#: What everybody may see.
VISIBLE = (Status.OPEN, Status.CLOSED)


class ListingCategory(Base):
    """One category of one listing."""

    __tablename__ = "listing_categories"
    __table_args__ = (sa.Index(None, "category", "listing_id"),)
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    category: Mapped[int] = mapped_column(
        sa.SmallInteger, primary_key=True, comment="id in data/reference/taxonomy.json"
    )


class Listing(Indexed, Base):
    """A request, an offer or official information."""

    __tablename__ = "listings"
    __table_args__ = (
        sa.CheckConstraint("status IN ('pending', 'held', 'open', 'closed')", name="status"),
        sa.CheckConstraint("urgency BETWEEN 0 AND 3", name="urgency"),
        sa.CheckConstraint("ends_at > starts_at", name="window"),
        sa.CheckConstraint("places_needed BETWEEN 1 AND 50", name="places_needed"),
        sa.CheckConstraint("places_taken BETWEEN 0 AND places_needed", name="places_taken"),
        sa.CheckConstraint("reach <> 0 OR kind = 3 OR cell IS NOT NULL", name="local_has_place"),
        sa.CheckConstraint(
            "status = 'pending' OR member_id IS NOT NULL OR imported_row_id IS NOT NULL "
            "OR organisation_id IS NOT NULL",
            name="owned",
        ),
        sa.Index("ix_listings_open", "status", "ends_at"),
        sa.Index("ix_listings_location", "location", postgresql_using="gist").ddl_if(
            dialect="postgresql"
        ),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True, comment="what the engine holds")
    public_id: Mapped[str] = mapped_column(sa.String(16), unique=True, default=new_public_id)
    region: Mapped[int] = mapped_column(
        sa.SmallInteger, index=True, comment="H3 base cell 0-121; 122 for remote ones"
    )
    kind: Mapped[int] = mapped_column(sa.SmallInteger)
    status: Mapped[str] = mapped_column(sa.String(8), default=Status.PENDING)
    urgency: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    title: Mapped[str] = mapped_column(sa.String(TITLE_MAX))
    text: Mapped[str] = mapped_column(sa.Text, default="")
    folded: Mapped[str] = mapped_column(sa.Text, default="", comment="what word search reads")
    languages: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    locale: Mapped[str] = mapped_column(sa.String(8), comment="language the text was written in")
    cell: Mapped[int | None] = mapped_column(sa.BigInteger, comment="H3 cell: place and precision")
    location: Mapped[BaseGeometry | None] = mapped_column(Geo, comment="centre of the cell")
    country: Mapped[str] = mapped_column(sa.String(2), default="")
    place_name: Mapped[str] = mapped_column(sa.String(200), default="")
    reach: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    radius_m: Mapped[int] = mapped_column(sa.Integer, default=0)
    area: Mapped[BaseGeometry | None] = mapped_column(Geo, comment="official information covers it")
    area_countries: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    organisation: Mapped[str] = mapped_column(sa.String(TITLE_MAX), default="")
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    places_needed: Mapped[int] = mapped_column(sa.SmallInteger, default=1, server_default="1")
    places_taken: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    ask_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime,
        index=True,
        comment="when to ask whether it is still needed; null once asked",
    )
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    member_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    imported_row_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("imported_rows.id", ondelete="CASCADE"), index=True
    )
    #: Official information is its organisation's: it stays when who wrote it leaves.
    organisation_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("organisations.id"), index=True
    )
    demo: Mapped[bool] = mapped_column(sa.Boolean, default=False, index=True)
    notify: Mapped[bool] = mapped_column(
        sa.Boolean, default=False, comment="the poster wants to hear of counterparts"
    )
    pending_email: Mapped[str | None] = mapped_column(
        sa.String(254), comment="until it is confirmed; then the member's"
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)

    @property
    def in_index(self) -> bool:
        return self.status == Status.OPEN and not self.found

    @property
    def found(self) -> bool:
        """Whether everybody who is needed is there: until somebody withdraws, it matches nobody."""
        return self.places_taken >= self.places_needed

    @property
    def owner(self) -> int:
        """What two listings that must never match share: a member, or an imported row."""
        return self.member_id if self.member_id is not None else -(self.imported_row_id or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFields:
    """What somebody says in a listing, already checked by `checking.checked`."""

    kind: Kind
    #: Slugs of the taxonomy.
    categories: tuple[str, ...]
    urgency: int
    title: str
    text: str = ""
    languages: tuple[str, ...] = ()
    locale: str = "fr"
    cell: int | None = None
    country: str = ""
    place_name: str = ""
    reach: Reach = Reach.LOCAL
    radius_km: float | None = None
    #: People who are needed, or who can be helped at a time.
    places_needed: int = 1
    starts_at: datetime
    ends_at: datetime
    #: Official information only: ISO 3166-1 alpha-2 codes, and a GeoJSON polygon.
    area_countries: tuple[str, ...] = ()
    area: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingView:
    """What a page may show of a listing: its cell, never anything finer, and no address."""

    id: int
    public_id: str
    kind: Kind
    #: "open", "found" (all places are taken), "ended" (its time is over), "closed", or "held",
    #: which only moderators and its owner see.
    state: str
    categories: tuple[str, ...]
    urgency: int
    title: str
    text: str
    languages: tuple[str, ...]
    locale: str
    #: Hexadecimal H3 index.
    cell: str | None
    country: str
    place_name: str
    reach: Reach
    radius_km: float | None
    places_needed: int
    places_taken: int
    area_countries: tuple[str, ...]
    organisation: str
    #: Public id of the verified organisation behind official information.
    organisation_id: str | None
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    #: Name of the source of an imported listing.
    source: str | None
    demo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Checked fields and whose they are, ready to be stored."""

    fields: ListingFields
    status: Status
    area: BaseGeometry | None = None
    member_id: int | None = None
    imported_row_id: int | None = None
    pending_email: str | None = None
    notify: bool = False
    organisation: str = ""
    organisation_id: int | None = None
    demo: bool = False


def insert(session: Session, board: Board, entry: Entry) -> Listing:
    """Store one listing; the row has its id afterwards."""
    return insert_all(session, board, [entry])[0]


def insert_all(session: Session, board: Board, entries: Sequence[Entry]) -> list[Listing]:
    """Store many listings with one statement a table; the rows have their ids afterwards."""
    moment = now(session)
    rows = [_row(entry, moment) for entry in entries]
    session.add_all(rows)
    session.flush()
    session.add_all(
        ListingCategory(listing_id=row.id, category=board.taxonomy.id(slug))
        for row, entry in zip(rows, entries, strict=True)
        for slug in entry.fields.categories
    )
    return rows


def _row(entry: Entry, moment: datetime) -> Listing:
    fields = entry.fields
    return Listing(
        kind=int(fields.kind),
        status=entry.status,
        urgency=fields.urgency,
        title=fields.title,
        text=fields.text,
        folded=fold(f"{fields.title} {fields.text} {fields.place_name} {entry.organisation}"),
        languages=fields.languages,
        locale=fields.locale,
        country=fields.country,
        place_name=fields.place_name,
        reach=int(fields.reach),
        radius_m=round((fields.radius_km or 0) * 1000),
        places_needed=fields.places_needed,
        places_taken=0,
        area=entry.area,
        area_countries=fields.area_countries,
        organisation=entry.organisation,
        organisation_id=entry.organisation_id,
        starts_at=fields.starts_at,
        ends_at=fields.ends_at,
        member_id=entry.member_id,
        imported_row_id=entry.imported_row_id,
        demo=entry.demo,
        notify=entry.notify,
        pending_email=entry.pending_email,
        created_at=moment,
        opened_at=moment if entry.status == Status.OPEN else None,
        **_placed(fields),
    )


def _placed(fields: ListingFields) -> dict[str, Any]:
    """Cell, its centre and the region that tables can be partitioned by."""
    if fields.cell is None:
        return {"cell": None, "location": None, "region": REMOTE_REGION}
    place = Place(fields.cell)
    lat, lng = place.center
    region = place.region if fields.reach is Reach.LOCAL else REMOTE_REGION
    return {"cell": fields.cell, "location": Point(lng, lat), "region": region}


def categories_of(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Category ids, ascending, of many listings."""
    found: dict[int, list[int]] = {listing_id: [] for listing_id in ids}
    for start in range(0, len(ids), 500):
        rows = session.execute(
            sa.select(ListingCategory.listing_id, ListingCategory.category)
            .where(ListingCategory.listing_id.in_(ids[start : start + 500]))
            .order_by(ListingCategory.listing_id, ListingCategory.category)
        )
        for listing_id, category in rows:
            found[listing_id].append(category)
    return {listing_id: tuple(codes) for listing_id, codes in found.items()}


def engine_listing(listing: Listing, categories: tuple[int, ...]) -> matcher.listing.Listing:
    """The listing as the engine sees it."""
    return matcher.listing.Listing(
        id=listing.id,
        kind=Kind(listing.kind),
        categories=categories,
        urgency=Urgency(listing.urgency),
        cell=listing.cell,
        reach=Reach(listing.reach),
        radius_m=listing.radius_m,
        country=listing.country,
        languages=frozenset(listing.languages),
        starts=int(listing.starts_at.timestamp()),
        ends=int(listing.ends_at.timestamp()),
        owner=listing.owner,
    )


def views(
    session: Session, board: Board, ids: Sequence[int], *, held: bool = False
) -> list[ListingView]:
    """Views of the given listings that everybody may see, in the order of `ids`.

    With `held`, for moderators, those that wait for a look as well.
    A row that no view can show, after an intervention by hand, is left out and logged.
    """
    found: dict[int, ListingView] = {}
    categories = categories_of(session, ids)
    moment = now(session)
    shown = (*VISIBLE, Status.HELD) if held else VISIBLE
    for start in range(0, len(ids), 500):
        rows = session.execute(
            sa.select(Listing, ImportedRow.source, Organisation.public_id)
            .outerjoin(ImportedRow, ImportedRow.id == Listing.imported_row_id)
            .outerjoin(Organisation, Organisation.id == Listing.organisation_id)
            .where(Listing.id.in_(ids[start : start + 500]), Listing.status.in_(shown))
        )
        for listing, source, organisation in rows:
            try:
                slugs = tuple(board.taxonomy.slug(code) for code in categories[listing.id])
                found[listing.id] = _view(listing, slugs, source, organisation, moment)
            except (ValueError, LookupError) as error:
                # One bad row must not stop every page that would show it.
                _log.error("listing cannot be shown", row=listing.id, error=type(error).__name__)
    return [found[listing_id] for listing_id in ids if listing_id in found]


def _view(
    listing: Listing,
    categories: tuple[str, ...],
    source: str | None,
    organisation: str | None,
    moment: datetime,
) -> ListingView:
    return ListingView(
        id=listing.id,
        public_id=listing.public_id,
        kind=Kind(listing.kind),
        state=_state(listing, moment),
        categories=categories,
        urgency=listing.urgency,
        title=listing.title,
        text=listing.text,
        languages=listing.languages,
        locale=listing.locale,
        cell=None if listing.cell is None else Place(listing.cell).hex,
        country=listing.country,
        place_name=listing.place_name,
        reach=Reach(listing.reach),
        radius_km=listing.radius_m / 1000 or None,
        places_needed=listing.places_needed,
        places_taken=listing.places_taken,
        area_countries=listing.area_countries,
        organisation=listing.organisation,
        organisation_id=organisation,
        starts_at=listing.starts_at,
        ends_at=listing.ends_at,
        created_at=listing.created_at,
        source=source,
        demo=listing.demo,
    )


def _state(listing: Listing, moment: datetime) -> str:
    if listing.status in (Status.CLOSED, Status.HELD):
        return listing.status
    if listing.ends_at <= moment:
        return "ended"
    return "found" if listing.found else "open"


def find(session: Session, public_id: str, *, lock: bool = False) -> Listing:
    """The listing of this public id that everybody may see; raises ListingNotFound.

    With `lock`, the row is held to the end of the unit.
    """
    query = sa.select(Listing).where(Listing.public_id == public_id, Listing.status.in_(VISIBLE))
    listing = session.scalar(query.with_for_update() if lock else query)
    if listing is None:
        raise ListingNotFound(public_id)
    return listing


def get(board: Board, public_id: str, *, viewer: int | None = None) -> ListingView:
    """What the page of a listing shows; raises ListingNotFound for unknown and unconfirmed ones.

    So it does for one of whom the member `viewer` has blocked, or was blocked by.
    """
    with board.db.read() as session:
        listing = find(session, public_id)
        found = views(session, board, [listing.id])
        owner = listing.member_id
        if viewer is not None and owner is not None and blocks.between(session, viewer, owner):
            found = []
    if not found:
        raise ListingNotFound(public_id)
    return found[0]


def hidden_from(session: Session, viewer: int | None) -> frozenset[int]:
    """Ids of the open listings that this member must not see; none for a guest."""
    apart = frozenset() if viewer is None else blocks.blocked_with(session, viewer)
    if not apart:
        return frozenset()
    rows = session.scalars(
        sa.select(Listing.id).where(Listing.member_id.in_(apart), Listing.status == Status.OPEN)
    )
    return frozenset(rows)


def block_poster(board: Board, member_id: int, public_id: str) -> None:
    """Block whoever posted a listing; raises ListingNotFound, also where nobody can be blocked."""
    with board.db.write() as session:
        poster = find(session, public_id).member_id
        if poster is None or poster == member_id:
            raise ListingNotFound(public_id)
        blocks.block(session, member_id, poster)


def close(session: Session, listing: Listing, reason: str, *, member_id: int | None = None) -> None:
    """Take a listing off the board; closing twice changes nothing.

    `member_id` is who does it, where it is not the listing's own member.
    """
    if listing.status in (Status.OPEN, Status.HELD):
        listing.status, listing.closed_at, listing.ask_at = Status.CLOSED, now(session), None
        audit.record(
            session,
            "listing-closed",
            subject="listings",
            subject_id=listing.id,
            member_id=listing.member_id if member_id is None else member_id,
            reason=reason,
        )
        cases.overtake(session, cases.LISTING, listing.id)


def close_ended(board: Board, limit: int = 500) -> int:
    """Close listings whose time is over, some at a time; returns how many.

    They left every answer when they ended; this takes them out of the index.
    """
    with board.db.write() as session:
        ended = session.scalars(
            sa.select(Listing)
            .where(Listing.status.in_((Status.OPEN, Status.HELD)), Listing.ends_at <= now(session))
            .order_by(Listing.ends_at)
            .limit(limit)
        ).all()
        for listing in ended:
            close(session, listing, "ended")
        return len(ended)
