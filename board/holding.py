"""Which listings a moderator reads before anybody else does, and why.

Official information is not judged: its poster is a verified partner, and it holds telephone
numbers by nature.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import audit, cases, conversations, limits, links, outbox
from board.db import now
from board.listings import Listing, ListingCategory, Status
from board.members import Member
from board.reasons import HELD
from board.scanning import scan
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

#: Category → the reason for which a member's first post in it is read first.
FIRST_POST: Final = {"childcare": "first-childcare", "eldercare": "first-eldercare"}
#: A request in this category asks for money whatever its words are.
MONEY: Final = "money"


def reasons(session: Session, board: Board, listing: Listing) -> tuple[str, ...]:
    """Why this listing is read first, in the order of `board.reasons.HELD`; () when it is not."""
    if listing.kind == Kind.INFO or listing.member_id is None:
        return ()
    found = {finding.reason for finding in scan(f"{listing.title}\n{listing.text}")}
    found |= _of_categories(session, board, listing)
    found |= _of_its_way_in(session, listing)
    return tuple(code for code in HELD if code in found)


def _of_categories(session: Session, board: Board, listing: Listing) -> set[str]:
    codes = session.scalars(
        sa.select(ListingCategory.category).where(ListingCategory.listing_id == listing.id)
    ).all()
    slugs = {code: board.taxonomy.slug(code) for code in codes}
    found = {
        FIRST_POST[slug]
        for code, slug in slugs.items()
        if slug in FIRST_POST and not _was_open_before(session, listing, code)
    }
    if listing.kind == Kind.REQUEST and MONEY in slugs.values():
        found.add("money")
    return found


def _was_open_before(session: Session, listing: Listing, category: int) -> bool:
    """Whether the member had a listing of this category on the board; this one counts too."""
    return bool(
        session.scalar(
            sa.select(sa.func.count(Listing.id))
            .join(ListingCategory, ListingCategory.listing_id == Listing.id)
            .where(
                Listing.member_id == listing.member_id,
                Listing.opened_at.is_not(None),
                ListingCategory.category == category,
            )
        )
    )


def _of_its_way_in(session: Session, listing: Listing) -> set[str]:
    """What the network it came from, and a missing proof of work, add."""
    seen = limits.sighting(session, limits.LISTING, listing.id)
    if seen is None:
        return set()
    found = {"network"} if seen.crowded else set()
    if not seen.proven and _unproven_today(session, listing) >= limits.UNPROVEN_PER_MEMBER:
        found.add("unproven")
    return found


def _unproven_today(session: Session, listing: Listing) -> int:
    """Other listings of this member within a day that came without proof of work."""
    return (
        session.scalar(
            sa.select(sa.func.count(Listing.id))
            .join(
                limits.Sighting,
                sa.and_(
                    limits.Sighting.what == limits.LISTING,
                    limits.Sighting.subject_id == Listing.id,
                ),
            )
            .where(
                Listing.member_id == listing.member_id,
                Listing.id != listing.id,
                Listing.created_at > now(session) - limits.DAY,
                sa.not_(limits.Sighting.proven),
            )
        )
        or 0
    )


def judge_again(session: Session, board: Board, listing: Listing) -> list[int]:
    """Hold an open listing whose words have changed, where there is a reason; outbox rows.

    For every door through which a listing can be changed, after the change, in its unit.
    """
    session.flush()
    why = reasons(session, board, listing) if listing.status == Status.OPEN else ()
    return hold(session, board, listing, why) if why else []


def hold(session: Session, board: Board, listing: Listing, why: tuple[str, ...]) -> list[int]:
    """Take a listing out of sight until a moderator has decided; returns the outbox rows.

    Its poster is told, with the link that takes it down. Holding what is held adds the reasons.
    """
    known = listing.status == Status.HELD
    case = cases.open_(session, cases.LISTING, listing.id, why)
    listing.status = Status.HELD
    if known:
        return []
    audit.record(
        session,
        "listing-held",
        subject="listings",
        subject_id=listing.id,
        reason=why[0],
    )
    return _tell(session, board, listing, case)


def _tell(session: Session, board: Board, listing: Listing, case: cases.Case) -> list[int]:
    member = None if listing.member_id is None else session.get(Member, listing.member_id)
    if member is None:
        return []
    address = conversations.address_hash(board, member)
    token = links.issue(session, links.CLOSE_LISTING, listing.id, address)
    row = outbox.NewRow(
        purpose=outbox.LISTING_HELD,
        once=f"held:{case.id}",
        listing_id=listing.id,
        member_id=member.id,
        locale=member.locale,
        payload=board.vault.seal(json.dumps({"token": token})),
    )
    return [outbox.add(session, row)]
