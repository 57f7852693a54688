"""What the messages of one job say and whom they go to, read at once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import blocks, bounces, listings, preferences, tellings
from board.alerts import Alert, AlertStatus
from board.calls import Asked
from board.db import now, one_of
from board.listings import Listing, ListingView
from board.members import Member
from board.outbox import Claim
from board.preferences import Preferences

if TYPE_CHECKING:
    from board.context import Board


@dataclass(frozen=True, slots=True)
class Loaded:
    """A listing, its categories, and as everybody may see it (None where nobody may)."""

    row: Listing
    codes: tuple[int, ...]
    view: ListingView | None


@dataclass(frozen=True)
class Loader:
    """Reads in one unit for several claimed rows; each question is one statement for all.

    What it gave once it gives again, so that a unit is to be short: what a message says was true
    at `moment`.
    """

    session: Session
    board: Board
    rows: Sequence[Claim]
    _listings: dict[int, Loaded | None] = field(default_factory=dict)

    @cached_property
    def moment(self) -> datetime:
        return now(self.session)

    @cached_property
    def _member_ids(self) -> list[int]:
        return sorted({row.member_id for row in self.rows if row.member_id is not None})

    @cached_property
    def members(self) -> Mapping[int, Member]:
        """The members that the rows name, by id."""
        found = sa.select(Member).where(one_of(self.session, Member.id, self._member_ids))
        return {member.id: member for member in self.session.scalars(found)}

    @cached_property
    def preferences(self) -> Mapping[int, Preferences]:
        """How each of the members wants to be told."""
        return preferences.among(self.session, self._member_ids)

    @cached_property
    def apart(self) -> Mapping[int, frozenset[int]]:
        """Member → everybody between whom and the member nothing passes."""
        return blocks.among(self.session, self._member_ids)

    @cached_property
    def alerts(self) -> Mapping[int, Mapping[int, Alert]]:
        """Member → their alerts that wait, by id."""
        found: dict[int, dict[int, Alert]] = defaultdict(dict)
        ours = one_of(self.session, Alert.member_id, self._member_ids)
        active = sa.select(Alert).where(ours, Alert.status == AlertStatus.ACTIVE)
        for alert in self.session.scalars(active):
            found[alert.member_id or 0][alert.id] = alert
        return found

    @cached_property
    def asked(self) -> Mapping[int, Mapping[int, str]]:
        """Member → listing → why they were asked in a wave, as JSON."""
        found: dict[int, dict[int, str]] = defaultdict(dict)
        ours = one_of(self.session, Asked.member_id, self._member_ids)
        for member_id, listing_id, why in self.session.execute(
            sa.select(Asked.member_id, Asked.listing_id, Asked.why).where(ours)
        ):
            found[member_id][listing_id] = why
        return found

    @cached_property
    def declined(self) -> frozenset[tuple[int, int]]:
        """(member, listing) of what a member wants to hear no more of, among the rows."""
        listing_ids = {row.listing_id for row in self.rows if row.listing_id is not None}
        return tellings.declined(self.session, self._member_ids, listing_ids)

    @cached_property
    def _recipients(self) -> Mapping[str, bounces.Recipient]:
        addresses = [member.email for member in self.members.values() if member.email]
        return bounces.recipients(self.session, addresses, self.moment)

    def recipient(self, address: str) -> bounces.Recipient:
        """Who is about to get a mail at this address."""
        known = self._recipients.get(address)
        if known is None:
            known = bounces.recipients(self.session, [address], self.moment)[address]
        return known

    def listing(self, listing_id: int | None) -> Loaded | None:
        """The listing of this id; None where there is none any more."""
        if listing_id is None:
            return None
        if listing_id not in self._listings:
            self._listings[listing_id] = self._load(listing_id)
        return self._listings[listing_id]

    def _load(self, listing_id: int) -> Loaded | None:
        row = self.session.get(Listing, listing_id)
        if row is None:
            return None
        codes = listings.categories_of(self.session, [listing_id])[listing_id]
        views = listings.views(self.session, self.board, [listing_id])
        return Loaded(row, codes, views[0] if views else None)
