"""How a listing comes to be: checked, stored unconfirmed, confirmed through a mailed link."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import audit, links, listings, members, outbox, partners, places
from board.db import Base, UTCDateTime, now
from board.errors import Invalid, KeyReused, NotAllowed, Problem
from board.i18n import LOCALES, N_
from board.listings import Listing, ListingFields, Status
from board.validation import (
    TEXT_MAX,
    TITLE_MAX,
    Checks,
    Refused,
    aware,
    clean_text,
    email_address,
    finite,
    required_text,
)
from matcher.areas import AreaError, parse_polygon
from matcher.place import Place, PlaceError
from matcher.taxonomy import Kind, Reach, UnknownCategory

if TYPE_CHECKING:
    from board.context import Board

MAX_CATEGORIES = {Kind.REQUEST: 1, Kind.OFFER: 5, Kind.INFO: 5}
MAX_LANGUAGES = 8
MAX_COUNTRIES = 30
RADIUS_KM = (1.0, 200.0)
LONGEST = timedelta(days=366)
KEY_MAX = 64


class PostingKey(Base):
    """An idempotency key of a form, and what it made."""

    __tablename__ = "posting_keys"
    key: Mapped[str] = mapped_column(sa.String(KEY_MAX), primary_key=True)
    body_hash: Mapped[str] = mapped_column(sa.String(64))
    listing_id: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewListing(ListingFields):
    """A form that somebody sends: the fields, and the poster's address."""

    email: str
    #: Tell the poster when a counterpart comes.
    notify: bool = True


@dataclass(frozen=True, slots=True)
class Posted:
    """What a post made. It is the same for known and unknown addresses."""

    #: Public id; nobody can see the listing before it is confirmed.
    public_id: str


def post(board: Board, new: NewListing, key: str) -> Posted:
    """Store a listing, unconfirmed, and write the mail that asks for the confirmation.

    `key` is the form's idempotency key: the same key with the same content answers the same.
    Raises Invalid (nothing is written) or KeyReused.
    """
    with board.db.read() as session:
        moment = now(session)
    fields, area = checked(board, new, moment)
    email = _checked_email(new.email)
    _check_key(key)
    body_hash = _body_hash(new)
    try:
        with board.db.write() as session:
            known = session.get(PostingKey, key)
            if known is not None:
                return _answer_again(session, known, body_hash)
            listing, outbox_ids = _store_pending(session, board, fields, area, email, new.notify)
            session.add(
                PostingKey(
                    key=key, body_hash=body_hash, listing_id=listing.id, created_at=now(session)
                )
            )
            posted = Posted(listing.public_id)
    except IntegrityError as error:
        # Two sends of one form at once, on PostgreSQL: the first has stored it.
        with board.db.read() as session:
            known = session.get(PostingKey, key)
            if known is None:
                raise error
            return _answer_again(session, known, body_hash)
    board.waker.wake(outbox_ids)
    return posted


def _store_pending(
    session: Session,
    board: Board,
    fields: ListingFields,
    area: BaseGeometry | None,
    email: str,
    notify: bool,
) -> tuple[Listing, list[int]]:
    """The unconfirmed listing and the ids of its outbox rows."""
    listing = listings.insert(
        session,
        board,
        fields,
        status=Status.PENDING,
        area=area,
        pending_email=email,
        notify=notify and fields.kind is not Kind.INFO,
    )
    address = links.address_hash(board.settings.secret_key, email)
    if not links.may_confirm(session, address):
        return listing, []
    token = links.issue(session, links.CONFIRM_LISTING, listing.id, address)
    purpose = outbox.CONFIRM_LISTING
    if fields.kind is Kind.INFO and not _may_publish(session, email, fields):
        purpose, token = outbox.NOT_A_PARTNER, ""
    row = outbox.add(
        session,
        outbox.NewRow(
            purpose=purpose,
            once=f"confirm-listing:{listing.id}",
            listing_id=listing.id,
            locale=fields.locale,
            payload=board.vault.seal(json.dumps({"email": email, "token": token})),
        ),
    )
    return listing, [row]


def _answer_again(session: Session, known: PostingKey, body_hash: str) -> Posted:
    if known.body_hash != body_hash:
        raise KeyReused(known.key)
    public_id = session.scalar(sa.select(Listing.public_id).where(Listing.id == known.listing_id))
    return Posted(public_id or "")


def confirm(session: Session, board: Board, listing: Listing) -> list[int]:
    """Open a pending listing, in the unit that spends its link; returns the outbox rows.

    Raises NotAllowed when it is official information and the right is gone meanwhile, and
    Invalid when its time is over.
    """
    if listing.status != Status.PENDING or listing.pending_email is None:
        return []
    if listing.ends_at <= now(session):
        raise Invalid([Problem("until", N_("The time of this listing is over; post a new one."))])
    email = listing.pending_email
    if listing.kind == Kind.INFO:
        rights = partners.jurisdiction(session, email)
        if not _within(rights, listing.area_countries):
            raise NotAllowed(partners.PARTNER)
        listing.organisation = rights[listing.area_countries[0]]
    member = members.confirmed(session, email, listing.locale)
    listing.member_id, listing.pending_email = member.id, None
    listing.status, listing.opened_at = Status.OPEN, now(session)
    audit.record(
        session,
        "listing-confirmed",
        subject="listings",
        subject_id=listing.id,
        member_id=member.id,
    )
    return [announce(session, listing), _write_published(session, board, listing, email)]


def announce(session: Session, listing: Listing) -> int:
    """Write the event from which the workers tell whoever is concerned."""
    return outbox.add(
        session,
        outbox.NewRow(
            purpose=outbox.LISTING_OPENED,
            once=f"opened:{listing.id}",
            listing_id=listing.id,
            locale=listing.locale,
        ),
    )


def _write_published(session: Session, board: Board, listing: Listing, email: str) -> int:
    address = links.address_hash(board.settings.secret_key, email)
    token = links.issue(session, links.CLOSE_LISTING, listing.id, address)
    return outbox.add(
        session,
        outbox.NewRow(
            purpose=outbox.LISTING_PUBLISHED,
            once=f"published:{listing.id}",
            listing_id=listing.id,
            member_id=listing.member_id,
            locale=listing.locale,
            payload=board.vault.seal(json.dumps({"token": token})),
        ),
    )


def _may_publish(session: Session, email: str, fields: ListingFields) -> bool:
    return _within(partners.jurisdiction(session, email), fields.area_countries)


def _within(rights: dict[str, str], countries: tuple[str, ...]) -> bool:
    return bool(countries) and all(country in rights for country in countries)


def checked(
    board: Board, fields: ListingFields, moment: datetime, *, past: bool = False
) -> tuple[ListingFields, BaseGeometry | None]:
    """The fields cleaned, with the official area parsed; raises Invalid with every problem.

    `moment` is the database's time. With `past` (imports), the time may be over already.
    """
    checks = Checks()
    clean = _check_words(checks, fields)
    clean = _check_codes(checks, board, clean)
    clean = _check_reach(checks, board, clean)
    clean = _check_window(checks, clean, moment, past)
    area = None
    if clean.kind is Kind.INFO:
        clean, area = _check_area(checks, board, clean)
    checks.done()
    return clean, area


def _check_words(checks: Checks, fields: ListingFields) -> ListingFields:
    title, text, place_name = fields.title, fields.text, fields.place_name
    with checks.field("title"):
        title = required_text(title, max_length=TITLE_MAX)
    with checks.field("text"):
        text = clean_text(text, max_length=TEXT_MAX, multiline=True)
    with checks.field("place"):
        place_name = clean_text(place_name, max_length=200)
    if fields.locale not in LOCALES:
        checks.refuse(
            "locale", N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES)
        )
    return replace(fields, title=title, text=text, place_name=place_name)


def _check_codes(checks: Checks, board: Board, fields: ListingFields) -> ListingFields:
    categories = tuple(dict.fromkeys(fields.categories))
    most = MAX_CATEGORIES[fields.kind]
    if not 1 <= len(categories) <= most:
        checks.refuse("categories", N_("Choose from 1 to %(most)d categories."), most=most)
    for slug in categories:
        try:
            board.taxonomy.id(slug)
        except UnknownCategory:
            checks.refuse("categories", N_("“%(slug)s” is not a category."), slug=slug[:40])
    if isinstance(fields.urgency, bool) or fields.urgency not in (0, 1, 2, 3):
        checks.refuse("urgency", N_("Choose how urgent it is, from 0 to 3."))
    languages = _known_codes(checks, "languages", fields.languages, board.languages, MAX_LANGUAGES)
    return replace(fields, categories=categories, languages=languages)


def _known_codes(
    checks: Checks, field: str, given: Iterable[str], known: Iterable[str], most: int
) -> tuple[str, ...]:
    codes, accepted = tuple(dict.fromkeys(given)), set(known)
    if len(codes) > most:
        checks.refuse(field, N_("Choose at most %(most)d."), most=most)
    for code in codes:
        if code not in accepted:
            checks.refuse(field, N_("“%(code)s” is not a known code."), code=str(code)[:20])
    return codes


def _check_reach(checks: Checks, board: Board, fields: ListingFields) -> ListingFields:
    if fields.country and fields.country not in board.countries.codes:
        checks.refuse("place", N_("“%(code)s” is not a known code."), code=fields.country[:20])
    if fields.cell is not None:
        with checks.field("place"):
            fields = replace(fields, cell=_kept_cell(board, fields))
    if fields.kind is Kind.INFO:
        return replace(fields, reach=Reach.LOCAL, radius_km=None)
    if fields.reach is Reach.LOCAL:
        if fields.cell is None:
            checks.refuse("place", N_("Choose a place, or help from far away."))
        radius = None
        with checks.field("radius_km"):
            radius = finite(fields.radius_km, least=RADIUS_KM[0], most=RADIUS_KM[1])
        return replace(fields, radius_km=radius)
    if fields.reach is Reach.COUNTRY and not fields.country:
        checks.refuse("place", N_("Choose a place: help in the same country needs to know which."))
    if fields.reach is Reach.LANGUAGE and not fields.languages:
        checks.refuse("languages", N_("Choose a language: help in the same language needs one."))
    return replace(fields, radius_km=None)


def _kept_cell(board: Board, fields: ListingFields) -> int:
    """The cell no finer than people's places may be kept."""
    cell = fields.cell or 0
    try:
        place = Place(cell)
    except PlaceError:
        raise Refused(N_("This is not a place on the map.")) from None
    if fields.kind is Kind.INFO:
        return cell
    if place.resolution < places.COARSEST:
        raise Refused(N_("This place is too vague; choose a town or a smaller area."))
    kept = places.kept_resolution(board.gazetteer, cell, fields.categories)
    return place.coarsened(min(kept, place.resolution)).cell


def _check_window(
    checks: Checks, fields: ListingFields, moment: datetime, past: bool
) -> ListingFields:
    starts_at, ends_at = fields.starts_at, fields.ends_at
    before = len(checks.problems)
    with checks.field("from"):
        starts_at = aware(starts_at)
    with checks.field("until"):
        ends_at = aware(ends_at)
    if len(checks.problems) > before:
        return fields
    if ends_at <= starts_at:
        checks.refuse("until", N_("The end must be after the beginning."))
    elif not past and ends_at <= moment:
        checks.refuse("until", N_("The end must be in the future."))
    elif ends_at - (starts_at if past else max(starts_at, moment)) > LONGEST:
        checks.refuse("until", N_("A listing lasts a year at most."))
    elif not past and starts_at - moment > LONGEST:
        checks.refuse("from", N_("A listing begins within a year."))
    return replace(fields, starts_at=starts_at, ends_at=ends_at)


def _check_area(
    checks: Checks, board: Board, fields: ListingFields
) -> tuple[ListingFields, BaseGeometry | None]:
    countries = _known_codes(
        checks, "area_countries", fields.area_countries, board.countries.codes, MAX_COUNTRIES
    )
    if not countries:
        checks.refuse("area_countries", N_("Choose the country or countries it is about."))
    if not fields.text.strip():
        checks.refuse("text", N_("Write something here."))
    area = None
    if fields.area is not None:
        try:
            area = parse_polygon(fields.area)
        except AreaError as error:
            checks.refuse(
                "area",
                N_(
                    "This area is not accepted (%(reason)s). A closed GeoJSON polygon of fewer "
                    "than 500 points, cut at the 180° meridian, is."
                ),
                reason=str(error),
            )
    return replace(fields, area_countries=countries), area


def _checked_email(email: str) -> str:
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    checks.done()
    return email


def _check_key(key: str) -> None:
    if not (8 <= len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        raise Invalid([Problem("key", N_("Open the form again: its key is missing."))])


def _body_hash(new: NewListing) -> str:
    body = json.dumps(asdict(new), sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.sha256(body.encode()).hexdigest()
