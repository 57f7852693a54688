"""P7: the queue's server is away, and all limits hold."""

from __future__ import annotations

import time

import sqlalchemy as sa

from board import limits, links, outbox
from board.listings import Listing
from board.outbox import OutboxRow
from tests.faults.clients import Browser
from tests.faults.figures import Figures
from tests.faults.site import REQUESTS_PER_MINUTE, Site
from tests.processes import wait_for

ONE, OTHER = "9.9.9.9", "9.9.9.10"
CONFIRM = outbox.CONFIRM_LISTING


def test_P07_limits_hold_while_the_queue_is_away(site: Site, figures: Figures) -> None:
    """Those of a member, of an address and of a network; and nothing waits for the queue."""
    member = site.browser("eager@example.org")
    guest = Browser(site.settings.port)
    with site.redis_away():
        posted = [_post(site, member, f"Offre {n}") for n in "abcdefghijkl"]
        asked = [_post(site, guest, f"Essai {n}", "target@example.org") for n in "abcde"]
        passed = _requests_until_refused(site)
        neighbour = Browser(site.settings.port, network=OTHER).get("/about")
    slowest_s = max(seconds for _, seconds in posted + asked)
    mails = site.rows(OutboxRow.purpose == CONFIRM, OutboxRow.listing_id.in_(_ids(site, "Essai")))
    figures.add(
        "P7",
        site.database,
        listings_of_a_member=sum(status == 303 for status, _ in posted),
        mails_to_one_address=len(mails),
        requests_of_a_network_in_a_minute=passed,
        slowest_post_s=slowest_s,
    )
    most = limits.LISTINGS_PER_MEMBER
    assert [status for status, _ in posted] == [303] * most + [422] * (len(posted) - most)
    # What is answered tells nobody that the address has had enough.
    assert [status for status, _ in asked] == [303] * len(asked)
    assert len(mails) == links.WAITING_PER_ADDRESS
    # Each process counts for itself meanwhile, and has its share.
    assert passed <= REQUESTS_PER_MINUTE
    assert neighbour.status == 200
    wait_for(lambda: len(site.sink.came("target@example.org")) == len(mails), "these mails")


def _post(site: Site, browser: Browser, title: str, email: str = "") -> tuple[int, float]:
    form = {**site.offer_form(browser, title), "email": email}
    answer = browser.post("/listings", form)
    return answer.status, answer.seconds


def _requests_until_refused(site: Site) -> int:
    """How many requests of one network are answered until each process has refused one."""
    browser, passed, refused = Browser(site.settings.port, network=ONE), 0, 0
    end = time.monotonic() + 50
    while refused < 5 and time.monotonic() < end:
        status = browser.get("/about").status
        passed += status == 200
        refused = refused + 1 if status == 429 else 0
    assert refused, "nothing was refused"
    return passed


def _ids(site: Site, title: str) -> sa.Select[tuple[int]]:
    return sa.select(Listing.id).where(Listing.title.startswith(title))
