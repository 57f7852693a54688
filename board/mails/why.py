"""Why somebody is told of a listing, in their language, and what is known of them for that."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

import matcher.listing
from board import listings, places, words
from board.alerts import Alert
from board.i18n import N_, translations
from board.listings import Listing, Status
from board.loader import Loader
from board.members import Member
from matcher.listing import Match, Query
from matcher.place import Place
from matcher.ranking import explain
from matcher.taxonomy import Urgency
from matcher.waves import Because

if TYPE_CHECKING:
    from board.context import Board

#: A member's own listings that are looked at for a reason.
_OWN_LISTINGS: Final = 20


@dataclass(frozen=True)
class Reader:
    """Who gets the mail, as things stand now; what all listings of a mail need is read once."""

    loader: Loader
    member: Member
    locale: str

    @property
    def board(self) -> Board:
        return self.loader.board

    @property
    def moment(self) -> datetime:
        return self.loader.moment

    def _(self, message: str) -> str:
        return str(translations(self.locale).gettext(message))

    def place(self, name: str, cell: int | None) -> str:
        """What a place that somebody once named is called in the reader's language."""
        return places.name_in(self.board.gazetteer, name, cell, self.locale)

    @property
    def apart(self) -> frozenset[int]:
        """Everybody between whom and the reader nothing passes."""
        return self.loader.apart[self.member.id]

    @property
    def alerts(self) -> Mapping[int, Alert]:
        """The reader's alerts that wait, by id."""
        return self.loader.alerts.get(self.member.id, {})

    @property
    def asked(self) -> Mapping[int, str]:
        """Listing → why the reader was asked in a wave, as JSON."""
        return self.loader.asked.get(self.member.id, {})

    @cached_property
    def own(self) -> list[tuple[Listing, matcher.listing.Listing]]:
        """The newest open listings for which the reader waits, and as the engine sees them."""
        found = self.loader.session.scalars(
            sa.select(Listing)
            .where(
                Listing.member_id == self.member.id,
                Listing.status == Status.OPEN,
                Listing.ends_at > self.moment,
                Listing.notify,
            )
            .order_by(Listing.id.desc())
            .limit(_OWN_LISTINGS)
        ).all()
        codes = listings.categories_of(self.loader.session, [each.id for each in found])
        return [(each, listings.engine_listing(each, codes[each.id])) for each in found]


@dataclass(frozen=True, slots=True)
class Why:
    """Why somebody is told of a listing, in words."""

    #: What of theirs it is for.
    what: str
    #: Distance, category, urgency.
    reasons: tuple[str, ...]
    #: "" where nothing may be said of one.
    where: str


def why_told(
    reader: Reader, listing: Listing, codes: tuple[int, ...], alert_id: int | None
) -> Why | None:
    """Why this member is told of this listing now; None where there is no reason any more.

    `codes` are the categories of the listing.
    """
    if not listing.in_index or listing.ends_at <= reader.moment:
        return None
    if listing.member_id == reader.member.id or listing.member_id in reader.apart:
        return None
    if alert_id is None:
        found = _why_counterpart(reader, listing, codes)
    else:
        alert = reader.alerts.get(alert_id)
        found = None if alert is None else _why_alert(reader, listing, codes, alert)
    if found is None:
        return None
    asked = (reader._(text) for text in _why_asked(reader, listing))
    return replace(found, reasons=(*found.reasons, *asked))


def _why_alert(reader: Reader, listing: Listing, codes: tuple[int, ...], alert: Alert) -> Why:
    asked = {int(code) for code in alert.categories}
    slugs = [reader.board.taxonomy.slug(code) for code in codes if not asked or code in asked]
    distance = _distance(reader, listing, alert)
    if alert.remote:
        what = reader._(N_("your alert on help from far away"))
    elif alert.area is not None:
        what = reader._(N_("your alert on the area that you drew"))
    else:
        what = reader._(N_("your alert around %(place)s")) % {
            "place": reader.place(alert.place_name, alert.cell)
        }
    reasons = (
        distance,
        *(reader._(words.CATEGORIES[slug]) for slug in slugs),
        reader._(words.URGENCIES[Urgency(listing.urgency)]),
    )
    return Why(what, tuple(filter(None, reasons)), distance)


def _why_asked(reader: Reader, listing: Listing) -> list[str]:
    """Msgids of why the reader was among those asked in a wave."""
    codes = [
        code
        for code, value in json.loads(reader.asked.get(listing.id, "[]"))
        # Who was never written to is not told of a while.
        if code != Because.RESTED or value is not None
    ]
    return [words.BECAUSE[code] for code in codes if code in words.BECAUSE]


def _distance(reader: Reader, listing: Listing, alert: Alert) -> str:
    """Distance in words that claim no more than the coarser cell knows; "" without one."""
    if listing.cell is None or alert.cell is None:
        return ""
    theirs, ours = Place(listing.cell), Place(alert.cell)
    return words.distance_words(
        theirs.distance_m(ours),
        min(theirs.resolution, ours.resolution),
        reader._,
        reader.locale,
        reader.place(listing.place_name, listing.cell),
    )


def _why_counterpart(reader: Reader, listing: Listing, codes: tuple[int, ...]) -> Why | None:
    """The best match with an open listing of the member's, who asked to be told."""
    theirs = listings.engine_listing(listing, codes)
    best: tuple[Match, Listing] | None = None
    for each, ours in reader.own:
        query = Query(listing=ours, now=int(reader.moment.timestamp()), k=1)
        found = explain(query, theirs, reader.board.taxonomy)
        if not isinstance(found, Match) or found.beyond:
            continue
        if best is None or found.score > best[0].score:
            best = found, each
    if best is None:
        return None
    found, each = best
    reasons = words.reason_words(
        found,
        reader._,
        reader.locale,
        taxonomy=reader.board.taxonomy,
        place_name=reader.place(listing.place_name, listing.cell),
    )
    what = reader._(N_("your own listing “%(title)s”")) % {"title": each.title}
    return Why(what, tuple(reasons), reasons[0] if found.distance_m is not None else "")
