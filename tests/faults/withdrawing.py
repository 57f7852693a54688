"""Everything for which a mail that was promised must not go out any more."""

from __future__ import annotations

from board import (
    alerts,
    cases,
    erasure,
    holding,
    links,
    listings,
    members,
    moderation,
    preferences,
    tellings,
)
from board.listings import Listing
from tests.faults.site import Promise, Site


def close_listing(site: Site, promise: Promise) -> None:
    """Its poster takes the listing down."""
    with site.board.db.write() as session:
        listings.close(session, session.get_one(Listing, promise.listing_id), "poster")


def hold_listing(site: Site, promise: Promise) -> None:
    """A reason is found for which a moderator looks at it first."""
    with site.board.db.write() as session:
        listing = session.get_one(Listing, promise.listing_id)
        holding.hold(session, site.board, listing, ("phone",))


def refuse_listing(site: Site, promise: Promise) -> None:
    """A moderator takes it down for good."""
    hold_listing(site, promise)
    moderator = site.make.member(roles=["moderator"])
    with site.board.db.read() as session:
        case = cases.of(session, cases.LISTING, promise.listing_id)
        assert case is not None
    moderation.refuse(site.board, moderator, case.id, "money")


def end_alert(site: Site, promise: Promise) -> None:
    """The volunteer ends the alert by the link of a mail."""
    token = alerts.unsubscribe_token(site.board, site.alert_of(promise.volunteer))
    alerts.unsubscribe(site.board, token)


def stop_mails(site: Site, promise: Promise) -> None:
    """The volunteer wants no mails of listings any more."""
    with site.board.db.write() as session:
        preferences.stop_mails(session, _id(site, promise.volunteer))


def not_this(site: Site, promise: Promise) -> None:
    """The volunteer does not want to hear of this listing."""
    member_id = _id(site, promise.volunteer)
    token = tellings.not_this_token(site.board, member_id, promise.listing_id)
    tellings.not_this(site.board, token)


def not_now(site: Site, promise: Promise) -> None:
    """The volunteer is not available for some days."""
    with site.board.db.write() as session:
        preferences.pause(session, _id(site, promise.volunteer))


def erase_volunteer(site: Site, promise: Promise) -> None:
    """The volunteer is erased."""
    _erase(site, promise.volunteer)


def erase_poster(site: Site, promise: Promise) -> None:
    """Whoever posted it is erased, and the listing with them."""
    with site.board.db.read() as session:
        listing = session.get_one(Listing, promise.listing_id)
        poster = session.get_one(members.Member, listing.member_id).email
    _erase(site, poster or "")


def _erase(site: Site, email: str) -> None:
    board = site.board
    address = links.address_hash(board.settings.secret_key, email)
    with board.db.write() as session:
        sealed = board.vault.seal(email)
        token = links.issue(session, links.OWN_DATA, 0, address, sealed=sealed)
    erasure.erase_by_link(board, token)


def _id(site: Site, email: str) -> int:
    with site.board.db.read() as session:
        member = members.by_email(session, email)
        assert member is not None
        return member.id


WAYS = (
    close_listing,
    hold_listing,
    refuse_listing,
    end_alert,
    stop_mails,
    not_this,
    not_now,
    erase_volunteer,
    erase_poster,
)
