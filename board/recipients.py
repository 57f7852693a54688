"""Whom a listing concerns: owners of standing alerts, and posters who wait. Each member once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import blocks, listings, preferences
from board.alerts import Alert, AlertStatus
from board.db import now, one_of
from board.listings import Listing
from board.members import Member
from board.preferences import Preferences, PreferencesRow
from board.rhythms import ORDER, Rhythm
from matcher.listing import Query
from matcher.taxonomy import Kind, Urgency

if TYPE_CHECKING:
    import matcher.listing
    from board.context import Board

#: How many waiting posters one new listing may be announced to.
COUNTERPARTS_TOLD = 50
#: From this urgency of the side that asks on, a waiting poster is told at once.
AT_ONCE_FROM = Urgency.SOON
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody whom a listing concerns, and how they want to be told."""

    member_id: int
    locale: str
    #: The alert that is hit, or None where the recipient's own listing matches.
    alert_id: int | None
    rhythm: Rhythm
    preferences: Preferences
    #: Of the alert or of the own listing; None for drawn areas and remote help.
    cell: int | None
    #: Whether the alert or the own listing names a category of the listing.
    named: bool

    def hears_at_once(self, moment: datetime) -> bool:
        """Whether a message of its own may be written now."""
        return self.rhythm is Rhythm.INSTANT and not self.preferences.is_paused(moment)


@dataclass(frozen=True, slots=True)
class News:
    """What is told: the listing, and as the engine sees it."""

    listing_id: int
    #: None when it is not on the board any more, or its time is over.
    listing: matcher.listing.Listing | None = None
    #: People who are needed.
    places: int = 1

    @property
    def urgency(self) -> int:
        return 0 if self.listing is None else self.listing.urgency

    @property
    def is_request(self) -> bool:
        return self.listing is not None and self.listing.kind is Kind.REQUEST


def concerned(board: Board, listing_id: int) -> tuple[News, list[Recipient]]:
    """Members to tell, each once: the quickest of the reasons counts."""
    with board.db.read() as session:
        listing = session.get(Listing, listing_id)
        moment = now(session)
        if listing is None or not listing.in_index or listing.ends_at <= moment:
            return News(listing_id), []
        row = listings.engine_listing(
            listing, listings.categories_of(session, [listing_id])[listing_id]
        )
        news = News(listing_id, row, listing.places_needed)
    with board.index.asking(board.db) as copies:
        # By id, so that of a member's alerts the oldest is named.
        hit = sorted(copies.alerts.hit_ids(row).tolist())
        query = Query(listing=row, now=int(moment.timestamp()), k=COUNTERPARTS_TOLD)
        matched = {match.id: match.urgency for match in copies.index.top_k(query)}
    found: dict[int, Recipient] = {}
    wanted = frozenset(row.categories)
    with board.db.read() as session:
        apart = blocks.blocked_with(session, row.owner)
        for each in (
            *_alert_owners(session, hit, wanted),
            *_waiting_posters(session, matched),
        ):
            known = found.get(each.member_id)
            if known is None or ORDER.index(each.rhythm) < ORDER.index(known.rhythm):
                found[each.member_id] = each
    for member_id in (*apart, row.owner):
        found.pop(member_id, None)
    return news, list(found.values())


def _members(*more: Any) -> sa.Select[Any]:
    """Members with how they want to be told, and these columns."""
    columns: tuple[Any, ...] = (Member.id, Member.locale, Member.time_zone, *preferences.COLUMNS)
    rows: sa.Select[Any] = sa.select(*columns, *more)
    return rows.outerjoin(PreferencesRow, PreferencesRow.member_id == Member.id)


def _recipient(
    row: Sequence[Any], alert_id: int | None, rhythm: Rhythm, cell: int | None, named: bool
) -> Recipient:
    member_id, locale, *chosen = row
    how = preferences.of_columns(*chosen)
    return Recipient(member_id, locale, alert_id, rhythm, how, cell, named)


def _alert_owners(session: Session, ids: list[int], wanted: frozenset[int]) -> Iterable[Recipient]:
    for start in range(0, len(ids), _BATCH):
        hit = one_of(session, Alert.id, ids[start : start + _BATCH])
        rows = session.execute(
            _members(Alert.id, Alert.rhythm, Alert.cell, Alert.categories)
            .join(Alert, Alert.member_id == Member.id)
            .where(hit, Alert.status == AlertStatus.ACTIVE)
            .order_by(Alert.id)
        )
        for *row, alert_id, rhythm, cell, categories in rows:
            named = not wanted.isdisjoint(map(int, categories))
            yield _recipient(row, alert_id, Rhythm(rhythm), cell, named)


def _waiting_posters(session: Session, urgencies: Mapping[int, int]) -> Iterable[Recipient]:
    """Posters of listings that match: at once where the side that asks is in a hurry."""
    rows = session.execute(
        _members(Listing.id, Listing.cell)
        .join(Listing, Listing.member_id == Member.id)
        .where(Listing.id.in_(urgencies), Listing.notify)
        .order_by(Member.id)
    )
    for *row, listing_id, cell in rows:
        urgent = urgencies[listing_id] >= AT_ONCE_FROM
        yield _recipient(row, None, Rhythm.INSTANT if urgent else Rhythm.DAILY, cell, True)
