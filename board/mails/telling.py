"""The mails that tell of listings: one listing at once, or the digest of a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from board import (
    alerts,
    digests,
    listings,
    outbox,
    preferences,
    relays,
    tellings,
    unsubscribing,
    words,
)
from board.i18n import N_
from board.listings import Listing, ListingView
from board.loader import Loader
from board.mails.dates import last_day
from board.mails.letter import Later, Letter
from board.mails.why import Reader, Why, why_told
from board.tellings import Telling
from matcher.taxonomy import Urgency

if TYPE_CHECKING:
    from board.context import Board

#: Listings that one digest names; the board has the others.
MOST_IN_A_DIGEST: Final = 50


@dataclass(frozen=True, slots=True)
class News:
    """What somebody is told now, on whatever channel."""

    reader: Reader
    #: Msgid of the first line; it names the title of the first entry.
    subject: str
    #: Listings as `_described` gives them, the most urgent first; never empty.
    entries: list[dict[str, Any]]

    @property
    def subject_params(self) -> dict[str, str]:
        return {"title": self.entries[0]["listing"].title}


def match(loader: Loader, held: outbox.Claim) -> Letter | None:
    """Tells of one listing at once. Raises Later in the quiet hours."""
    news = news_of_match(loader, held)
    if news is None:
        return None
    unsubscribe = _unsubscribe(news.reader, held.alert_id)
    return Letter(
        to=relays.address_for(loader.session, news.reader.member),
        subject=news.subject,
        subject_params=news.subject_params,
        template="match",
        values={
            **news.entries[0],
            **_ways_out(news.reader),
            "unsubscribe": unsubscribe,
        },
        unsubscribe_url=unsubscribe,
        has_html=True,
    )


def news_of_match(loader: Loader, held: outbox.Claim) -> News | None:
    """The one listing of this row; None without a reason any more. Raises Later."""
    reader, found = _reader(loader, held), loader.listing(held.listing_id)
    if reader is None or found is None:
        return None
    listing, chosen = found.row, loader.preferences[reader.member.id]
    if chosen.is_paused(reader.moment) or not chosen.allows(held.channel):
        return None
    why = why_told(reader, listing, found.codes, held.alert_id)
    if why is None or (reader.member.id, listing.id) in loader.declined:
        return None
    until = chosen.at_once(reader.moment, listing.urgency)
    if until > reader.moment:
        raise Later(until)
    if found.view is None:
        return None
    near = why.where and held.alert_id is not None
    return News(
        reader=reader,
        subject=N_("Near you: %(title)s") if near else N_("For you: %(title)s"),
        entries=[_described(reader, listing, found.view, why)],
    )


def digest(loader: Loader, held: outbox.Claim) -> Letter | None:
    """Tells of all that waited, by place and category. Raises Later in the quiet hours."""
    news = news_of_digest(loader, held)
    if news is None:
        return None
    board, reader, entries = loader.board, news.reader, news.entries
    unsubscribe = _link(board, "unsubscribe", unsubscribing.of_mails(board, reader.member.id))
    shown = entries[:MOST_IN_A_DIGEST]
    return Letter(
        to=relays.address_for(loader.session, reader.member),
        subject=news.subject,
        subject_params=news.subject_params,
        template="digest",
        values={
            "places": _by_place(shown),
            "count": len(entries),
            "more": len(entries) - len(shown),
            "board_page": f"{board.settings.base_url}/listings",
            **_ways_out(reader),
            "unsubscribe": unsubscribe,
        },
        unsubscribe_url=unsubscribe,
        has_html=True,
    )


def news_of_digest(loader: Loader, held: outbox.Claim) -> News | None:
    """All that waited for this row; None where nothing is left to say. Raises Later."""
    reader = _reader(loader, held)
    if reader is None:
        return None
    chosen = loader.preferences[reader.member.id]
    if chosen.is_paused(reader.moment) or not chosen.allows(held.channel):
        return None
    until = chosen.at_once(reader.moment, 0)
    if until > reader.moment:
        raise Later(until)
    entries = _entries(reader, digests.day_of(held.once))
    if not entries:
        return None
    more = N_("News for you: %(title)s, and more")
    subject = more if len(entries) > 1 else N_("News for you: %(title)s")
    return News(reader=reader, subject=subject, entries=entries)


def _reader(loader: Loader, held: outbox.Claim) -> Reader | None:
    member = loader.members.get(held.member_id or 0)
    return None if member is None else Reader(loader, member, held.locale)


def _entries(reader: Reader, day: Any) -> list[dict[str, Any]]:
    """What the digest of a day tells, the most urgent first."""
    session = reader.loader.session
    told = session.scalars(
        sa.select(Telling)
        .where(
            Telling.member_id == reader.member.id,
            Telling.told_on == day,
            Telling.declined_at.is_(None),
        )
        .order_by(Telling.listing_id)
    ).all()
    ids = [each.listing_id for each in told]
    rows = {row.id: row for row in session.scalars(sa.select(Listing).where(Listing.id.in_(ids)))}
    views = {view.id: view for view in listings.views(session, reader.board, ids)}
    codes = listings.categories_of(session, ids)
    found = []
    for each in told:
        if each.listing_id not in views:
            continue
        listing = rows[each.listing_id]
        why = why_told(reader, listing, codes[listing.id], each.alert_id)
        if why is not None:
            found.append(_described(reader, listing, views[listing.id], why))
    return sorted(found, key=lambda entry: (-entry["listing"].urgency, -entry["listing"].id))


def _by_place(entries: Sequence[dict[str, Any]]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """(place, [(category, entries)]), each in the order of its first entry."""
    places: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for entry in entries:
        by_category = places.setdefault(entry["place"], {})
        by_category.setdefault(entry["category"], []).append(entry)
    return [(place, list(by_category.items())) for place, by_category in places.items()]


def _described(reader: Reader, listing: Listing, view: ListingView, why: Why) -> dict[str, Any]:
    """A listing as a mail shows it, with why it is shown and the way to see no more of it."""
    board = reader.board
    names = [reader._(words.CATEGORIES[slug]) for slug in view.categories]
    place = (
        reader.place(listing.place_name, listing.cell)
        if view.cell
        else reader._(words.REACHES[view.reach])
    )
    where = (
        why.where
        if why.where and (not place or place in why.where)
        else (f"{place} · {why.where}" if why.where else place)
    )
    not_this = tellings.not_this_token(board, reader.member.id, view.id)
    return {
        "listing": view,
        "kind": reader._(words.KINDS[view.kind]),
        "category": names[0],
        "categories": ", ".join(names),
        "urgency": reader._(words.URGENCIES[Urgency(view.urgency)]),
        "until": last_day(board, listing.ends_at, listing.cell, reader.locale),
        "where": where,
        "place": place or reader._(N_("No particular place")),
        "page": f"{board.settings.base_url}/listings/{view.public_id}",
        "why": why.what,
        "reasons": " · ".join(why.reasons),
        "not_this": _link(board, "not-this", not_this),
    }


def _ways_out(reader: Reader) -> dict[str, Any]:
    """What every mail of these ends with."""
    board, member_id, moment = reader.board, reader.member.id, reader.moment
    return {
        "not_now": _link(board, "not-now", preferences.not_now_token(board, member_id, moment)),
        "settings": _link(
            board,
            "preferences/by-link",
            preferences.settings_token(board, member_id, moment),
        ),
        "days": preferences.PAUSE.days,
    }


def _unsubscribe(reader: Reader, alert_id: int | None) -> str:
    if alert_id is not None:
        return _link(reader.board, "unsubscribe", alerts.unsubscribe_token(reader.board, alert_id))
    token = unsubscribing.of_posters(reader.board, reader.member.id)
    return _link(reader.board, "unsubscribe", token)


def _link(board: Board, path: str, token: str) -> str:
    return f"{board.settings.base_url}/{path}/{token}"


WRITERS: Final[dict[str, Callable[[Loader, outbox.Claim], Letter | None]]] = {
    outbox.MATCH: match,
    outbox.DIGEST: digest,
}
