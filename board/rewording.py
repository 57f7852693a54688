"""Changing the words of a listing that a moderator asked to change, through a mailed link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from board import audit, bans, cases, consent, holding, links, listings
from board.errors import LinkRefused
from board.listings import Listing, Status
from board.reasons import HELD
from board.validation import TEXT_MAX, TITLE_MAX, Checks, clean_text, fold, required_text

if TYPE_CHECKING:
    from board.context import Board


@dataclass(frozen=True, slots=True)
class Words:
    """What can be changed: the words. The place, the dates and the rest stay."""

    title: str
    text: str
    #: Language they were written in.
    locale: str = ""
    #: What is told of somebody's health may be kept and shown.
    health: bool = False


def show(board: Board, token: str) -> Words:
    """The words as they are; raises LinkRefused."""
    with board.db.read() as session:
        listing = _of_link(session, links.find(session, token))
        return Words(listing.title, listing.text, listing.locale)


def reword(board: Board, token: str, words: Words) -> None:
    """Change the words, once; they are judged again, and a moderator looks again.

    Raises LinkRefused, NotAllowed when the member is banned meanwhile, and Invalid, which leaves
    the link whole.
    """
    words = _checked(words)
    with board.db.write() as session:
        link = links.find(session, token, lock=True)
        listing = _of_link(session, link)
        bans.require_none(session, listing.member_id or 0)
        codes = listings.categories_of(session, [listing.id])[listing.id]
        slugs = tuple(board.taxonomy.slug(code) for code in codes)
        consent.agree(session, listing, words.health, words.title, words.text, slugs)
        listing.title, listing.text = words.title, words.text
        said = f"{words.title} {words.text} {listing.place_name} {listing.organisation}"
        listing.folded = fold(said)
        audit.record(
            session,
            "listing-reworded",
            subject="listings",
            subject_id=listing.id,
            member_id=listing.member_id,
        )
        found = {"edited", *holding.reasons(session, board, listing)}
        cases.open_(session, cases.LISTING, listing.id, [code for code in HELD if code in found])
        links.spend(session, link)


def _checked(words: Words) -> Words:
    checks = Checks()
    title, text = words.title, words.text
    with checks.field("title"):
        title = required_text(title, max_length=TITLE_MAX)
    with checks.field("text"):
        text = clean_text(text, max_length=TEXT_MAX, multiline=True)
    checks.done()
    return Words(title, text, health=words.health)


def _of_link(session: Session, link: links.Link) -> Listing:
    if link.purpose != links.REWORD_LISTING:
        raise LinkRefused("unknown")
    listing = session.get(Listing, link.subject_id, with_for_update=True)
    if listing is None or listing.status != Status.HELD:
        raise LinkRefused("used")
    return listing
