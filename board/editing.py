"""Changing a listing that is on the board, and giving it more time.

Its owner does so when signed in, or through a mailed link that works once. The index hears of it
by a new revision. Whoever was told of the listing is not told again.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from board import checking, consent, extensions, holding, links, listings, outbox
from board.db import now
from board.errors import Invalid, NotAllowed, Problem
from board.i18n import N_
from board.listings import Listing, ListingFields, Status
from board.members import Member
from board.organisations import PARTNER
from board.validation import fold
from matcher.taxonomy import Kind, Reach

if TYPE_CHECKING:
    from board.context import Board

OVER = N_("This listing is over; post a new one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an owner may change; all else stays as it was posted."""

    title: str
    text: str
    urgency: int
    ends_at: datetime
    #: What is told of somebody's health may be kept and shown.
    health: bool = False


def edit(session: Session, board: Board, listing: Listing, changes: Changes) -> list[int]:
    """Change a listing; returns outbox rows to wake.

    A listing that became more urgent is announced again: those who are told of it for the first
    time get a mail, and nobody gets a second one. Raises Invalid with every problem, and
    NotAllowed for official information, which its organisation alone changes. The new words are
    judged as those of a new listing are: where `holding` finds a reason, it is held and nobody is
    told.
    """
    if listing.kind == Kind.INFO:
        raise NotAllowed(PARTNER)
    moment = now(session)
    _require_open(listing, moment)
    categories = listings.categories_of(session, [listing.id])[listing.id]
    fields, _ = checking.checked(board, _as_posted(board, listing, categories, changes), moment)
    consent.agree(session, listing, changes.health, fields.title, fields.text, fields.categories)
    more_urgent = fields.urgency > listing.urgency
    listing.title, listing.text, listing.urgency = fields.title, fields.text, fields.urgency
    listing.ends_at = fields.ends_at
    words = f"{listing.title} {listing.text} {listing.place_name}"
    listing.folded = fold(words)
    extensions.schedule(listing, moment)
    held = holding.judge_again(session, board, listing)
    if listing.status == Status.HELD:
        return held
    return [_announce_again(session, listing)] if more_urgent else []


def mail_new_links(session: Session, board: Board, listing: Listing) -> list[int]:
    """The mail that follows a change by link: what holds now, and links for the next time."""
    member = session.get(Member, listing.member_id)
    if member is None or member.email is None:
        return []
    row = outbox.NewRow(
        purpose=outbox.LISTING_CHANGED,
        once=f"{outbox.LISTING_CHANGED}:{listing.id}:{secrets.token_hex(8)}",
        listing_id=listing.id,
        member_id=member.id,
        locale=listing.locale,
        payload=board.vault.seal(json.dumps(tokens(session, board, listing, member.email))),
    )
    return [outbox.add(session, row)]


def tokens(session: Session, board: Board, listing: Listing, email: str) -> dict[str, str]:
    """New links to close, edit and extend a listing, by what a mail calls them."""
    address = links.address_hash(board.settings.secret_key, email)
    return {
        "token": links.issue(session, links.CLOSE_LISTING, listing.id, address),
        "edit": links.issue(session, links.EDIT_LISTING, listing.id, address),
        "extend": links.issue(session, links.EXTEND_LISTING, listing.id, address),
    }


def _require_open(listing: Listing, moment: datetime) -> None:
    if listing.status != Status.OPEN or listing.ends_at <= moment:
        raise Invalid([Problem("listing", OVER)])


def _as_posted(
    board: Board, listing: Listing, categories: tuple[int, ...], changes: Changes
) -> ListingFields:
    """The whole listing as a form would give it, so that one place judges every door."""
    return ListingFields(
        kind=Kind(listing.kind),
        categories=tuple(board.taxonomy.slug(code) for code in categories),
        urgency=changes.urgency,
        title=changes.title,
        text=changes.text,
        languages=listing.languages,
        locale=listing.locale,
        cell=listing.cell,
        country=listing.country,
        place_name=listing.place_name,
        reach=Reach(listing.reach),
        radius_km=listing.radius_m / 1000 or None,
        starts_at=listing.starts_at,
        ends_at=changes.ends_at,
    )


def _announce_again(session: Session, listing: Listing) -> int:
    row = outbox.NewRow(
        purpose=outbox.LISTING_OPENED,
        once=f"opened:{listing.id}:{secrets.token_hex(8)}",
        listing_id=listing.id,
        locale=listing.locale,
    )
    return outbox.add(session, row)
