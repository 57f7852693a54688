"""Official information: published by a partner, for its organisation, inside its jurisdiction.

There is no other way to publish it. It belongs to the organisation and stays when a partner leaves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, checking, listings, organisations, outbox, partners, posting
from board.db import Base, UTCDateTime, now
from board.errors import Invalid, ListingNotFound, NotAllowed, Problem
from board.i18n import N_
from board.listings import Listing, ListingFields, ListingView, Status
from board.organisations import OrganisationView
from board.posting import PostingKey
from board.validation import URL_MAX, Checks, aware, https_address
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

#: Requests of these subjects are answered by officials first, where they have an answer.
ADMINISTRATIVE: Final = frozenset({"admin", "legal", "repatriation", "money", "health-guidance"})
#: How long before the end its organisation is reminded.
REMINDED_BEFORE: Final = timedelta(days=3)
_REMINDED_AT_ONCE: Final = 200


class OfficialInformation(Base):
    """What only official information has, beside its listing."""

    __tablename__ = "official_information"
    listing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    source_url: Mapped[str] = mapped_column(sa.String(URL_MAX), default="")
    superseded_by: Mapped[int | None] = mapped_column(
        sa.ForeignKey("listings.id", ondelete="SET NULL"), index=True
    )
    reminded_for: Mapped[datetime | None] = mapped_column(
        UTCDateTime, comment="the end of which its organisation was reminded"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInformation(ListingFields):
    """A form of a partner."""

    #: Public id of the organisation for which the partner speaks.
    organisation: str
    #: Where it can be checked: an https address, or "".
    source_url: str = ""
    #: Public id of the item that this one replaces, or "".
    supersedes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What the page of an item shows beside the listing."""

    organisation: OrganisationView | None
    source_url: str
    #: Host of the source, as its address begins: whom one would visit.
    source_host: str
    #: The item that replaced this one.
    successor: ListingView | None


def publish(board: Board, member_id: int, new: NewInformation, key: str) -> str:
    """Put official information on the board at once; gives its public id.

    `member_id` is the signed-in partner, whose right is read in the same unit. The same `key` with
    the same content answers the same. Raises Invalid, KeyReused, and OrganisationNotFound where
    the member does not act for the organisation now.
    """
    fields, area, source_url = _checked(board, new)
    posting.check_key(key)
    body = posting.body_hash(new)
    try:
        with board.db.write() as session:
            ours = _right(session, member_id, new.organisation)
            known = session.get(PostingKey, key)
            if known is not None:
                return posting.answer_again(session, known, body).public_id
            area = _within_jurisdiction(board, ours, fields, area)
            listing = _insert(session, board, ours, fields, area, source_url)
            _supersede(session, ours, new.supersedes, listing, member_id)
            _record(session, "information-published", listing, member_id)
            session.add(
                PostingKey(key=key, body_hash=body, listing_id=listing.id, created_at=now(session))
            )
            woken, public_id = posting.announce(session, listing), listing.public_id
    except IntegrityError as error:
        # Two sends of one form at once, on PostgreSQL: the first has stored it.
        with board.db.read() as session:
            known = session.get(PostingKey, key)
            if known is None:
                raise error
            return posting.answer_again(session, known, body).public_id
    board.waker.wake([woken])
    return public_id


def _checked(board: Board, new: NewInformation) -> tuple[ListingFields, BaseGeometry | None, str]:
    """The fields, the area and the source, cleaned; raises Invalid with every problem."""
    if new.kind != Kind.INFO:
        raise NotAllowed(organisations.PARTNER)
    with board.db.read() as session:
        moment = now(session)
    checks, source_url = Checks(), ""
    with checks.field("source_url"):
        source_url = https_address(new.source_url)
    try:
        fields, area = checking.checked(board, new, moment)
    except Invalid as invalid:
        raise Invalid([*invalid.problems, *checks.problems]) from None
    checks.done()
    return fields, area, source_url


def _right(session: Session, member_id: int, public_id: str) -> OrganisationView:
    """The organisation, held to the end of the unit, so that none is revoked meanwhile."""
    organisations.find(session, public_id, lock=True)
    return organisations.seat(session, member_id, public_id).organisation


def _within_jurisdiction(
    board: Board, ours: OrganisationView, fields: ListingFields, area: BaseGeometry | None
) -> BaseGeometry | None:
    """The area of an item, which no organisation may draw beyond its own."""
    checks = Checks()
    if not set(fields.area_countries) <= set(ours.countries):
        checks.refuse(
            "area_countries", N_("Choose countries for which your organisation may speak.")
        )
    elif area is None:
        area = ours.area
    elif not board.countries.cover(fields.area_countries, area) or not (
        ours.area is None or ours.area.covers(area)
    ):
        checks.refuse("area", N_("Part of this area lies outside the countries you may speak for."))
    checks.done()
    return area


def _insert(
    session: Session,
    board: Board,
    ours: OrganisationView,
    fields: ListingFields,
    area: BaseGeometry | None,
    source_url: str,
) -> Listing:
    entry = listings.Entry(
        fields=fields,
        status=Status.OPEN,
        area=area,
        organisation=ours.name,
        organisation_id=ours.id,
    )
    listing = listings.insert(session, board, entry)
    session.add(OfficialInformation(listing_id=listing.id, source_url=source_url))
    session.flush()
    return listing


def _supersede(
    session: Session, ours: OrganisationView, older_id: str, newer: Listing, member_id: int
) -> None:
    """Take the older item off the board; its page leads to the newer one."""
    if not older_id:
        return
    try:
        older = _own(session, ours, older_id)
    except ListingNotFound:
        message = N_("Choose one of your organisation's own items.")
        raise Invalid([Problem("supersedes", message)]) from None
    listings.close(session, older, "superseded", member_id=member_id)
    _details_row(session, older).superseded_by = newer.id


def _own(session: Session, ours: OrganisationView, public_id: str) -> Listing:
    """An item of this organisation; raises ListingNotFound."""
    listing = listings.find(session, public_id)
    if listing.organisation_id != ours.id:
        raise ListingNotFound(public_id)
    return listing


def _details_row(session: Session, listing: Listing) -> OfficialInformation:
    row = session.get(OfficialInformation, listing.id)
    if row is None:
        row = OfficialInformation(listing_id=listing.id)
        session.add(row)
    return row


def _record(session: Session, action: str, listing: Listing, member_id: int) -> None:
    audit.record(session, action, subject="listings", subject_id=listing.id, member_id=member_id)


def withdraw(board: Board, member_id: int, organisation: str, public_id: str) -> None:
    """Take an item off the board. Raises OrganisationNotFound and ListingNotFound."""
    with board.db.write() as session:
        ours = _right(session, member_id, organisation)
        listing = _own(session, ours, public_id)
        listings.close(session, listing, "withdrawn", member_id=member_id)


def extend(
    board: Board, member_id: int, organisation: str, public_id: str, ends_at: datetime
) -> None:
    """Give an open item another end, at most a year away; its organisation is reminded anew.

    Raises OrganisationNotFound, ListingNotFound and Invalid.
    """
    checks = Checks()
    with checks.field("until"):
        ends_at = aware(ends_at)
    checks.done()
    with board.db.write() as session:
        ours = _right(session, member_id, organisation)
        listing, moment = _own(session, ours, public_id), now(session)
        if listing.status != Status.OPEN:
            checks.refuse("until", N_("This item is off the board; publish it again."))
        elif not max(moment, listing.starts_at) < ends_at <= moment + checking.LONGEST:
            checks.refuse("until", N_("The end must be in the future, within a year."))
        checks.done()
        listing.ends_at = ends_at
        _record(session, "information-extended", listing, member_id)


def withdraw_all(session: Session, organisation_id: int, member_id: int) -> int:
    """Take everything of an organisation off the board; how many items that were."""
    rows = session.scalars(
        sa.select(Listing).where(
            Listing.organisation_id == organisation_id, Listing.status == Status.OPEN
        )
    ).all()
    for listing in rows:
        listings.close(session, listing, "revoked", member_id=member_id)
    return len(rows)


def items(board: Board, organisation_id: int, *, limit: int = 200) -> tuple[ListingView, ...]:
    """What an organisation has published, the newest first; closed items too."""
    with board.db.read() as session:
        ids = session.scalars(
            sa.select(Listing.id)
            .where(Listing.organisation_id == organisation_id)
            .order_by(Listing.id.desc())
            .limit(limit)
        ).all()
        return tuple(listings.views(session, board, ids))


def details(board: Board, listing_id: int) -> Details:
    """What the page of an item shows beside its listing."""
    with board.db.read() as session:
        listing = session.get_one(Listing, listing_id)
        row = session.get(OfficialInformation, listing_id)
        organisation = listing.organisation_id and session.get(
            organisations.Organisation, listing.organisation_id
        )
        source_url = row.source_url if row else ""
        newer = [row.superseded_by] if row and row.superseded_by else []
        successors = listings.views(session, board, newer)
        return Details(
            organisation=organisations.view_of(organisation) if organisation else None,
            source_url=source_url,
            source_host=urlsplit(source_url).hostname or "",
            successor=successors[0] if successors else None,
        )


def remind_ending(board: Board) -> int:
    """Write a mail to the partners of what ends soon, once for each end; how many items."""
    with board.db.write() as session:
        moment = now(session)
        rows = session.execute(
            sa.select(Listing, OfficialInformation)
            .join(OfficialInformation, OfficialInformation.listing_id == Listing.id)
            .where(
                Listing.status == Status.OPEN,
                Listing.organisation_id.is_not(None),
                Listing.ends_at > moment,
                Listing.ends_at <= moment + REMINDED_BEFORE,
                # Who has published it for three days or less knows when it ends.
                Listing.opened_at <= moment - timedelta(days=1),
                sa.or_(
                    OfficialInformation.reminded_for.is_(None),
                    OfficialInformation.reminded_for != Listing.ends_at,
                ),
            )
            .order_by(Listing.ends_at)
            .limit(_REMINDED_AT_ONCE)
        ).all()
        letters = [row for listing, _ in rows for row in _reminders(session, board, listing)]
        for listing, row in rows:
            row.reminded_for = listing.ends_at
        woken = outbox.add_missing(session, letters)
    board.waker.wake(woken)
    return len(rows)


def _reminders(session: Session, board: Board, listing: Listing) -> Sequence[outbox.NewRow]:
    organisation = session.get_one(organisations.Organisation, listing.organisation_id)
    payload = board.vault.seal(json.dumps({"ends_at": listing.ends_at.isoformat()}))
    return [
        outbox.NewRow(
            purpose=outbox.INFORMATION_ENDING,
            once=f"ending:{listing.id}:{int(listing.ends_at.timestamp())}:{member.id}",
            listing_id=listing.id,
            member_id=member.id,
            locale=member.locale,
            payload=payload,
        )
        for member in partners.of_organisation(session, organisation.id)
        if organisation.status == organisations.Status.VERIFIED
    ]
