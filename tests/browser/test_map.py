"""The map of the listings: its view stands in the address, and is searched where it was moved."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from board import sessions
from board.context import Board
from matcher.place import Place
from tests.factories import AKWA, Factory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]

DOUALA = "#map=9/4.050/9.700"
#: A view somewhere else would have no pin of Douala.
PIN = ".leaflet-marker-icon .pin"


@pytest.fixture
def context(site: str, chromium: Browser) -> Iterator[BrowserContext]:
    """A wide screen, on which list and map stand side by side."""
    context = chromium.new_context(base_url=site, viewport={"width": 1280, "height": 800})
    yield context
    context.close()


def opened(context: BrowserContext, address: str) -> Page:
    """A new page whose map is there."""
    page = context.new_page()
    page.goto(address)
    expect(page.locator(".leaflet-container")).to_be_visible()
    return page


def test_who_gets_the_address_sees_the_same_view(context: BrowserContext, make: Factory) -> None:
    """Moved, the address says so at once, and shows another browser the same place as near."""
    make.offer(title="À Douala")
    page = opened(context, f"/listings{DOUALA}")
    expect(page.locator(PIN)).to_be_visible()
    page.locator(".leaflet-control-zoom-in").click()
    expect(page).to_have_url(re.compile(r"/listings#map=10/4\.05\d?/9\.70?\d?$"))
    again = opened(context, page.url)
    expect(again.locator(PIN)).to_be_visible()
    assert again.url == page.url


def test_a_telephone_opens_the_map_that_it_was_sent(
    site: str, chromium: Browser, make: Factory
) -> None:
    """It shows the list first, unless the address tells of a map."""
    make.offer()
    context = chromium.new_context(base_url=site, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto("/listings")
    expect(page.locator("[data-map-toggle]")).to_have_attribute("aria-expanded", "false")
    page.goto("/about")
    page.goto(f"/listings{DOUALA}")
    expect(page.locator("[data-map-toggle]")).to_have_attribute("aria-expanded", "true")
    expect(page.locator(PIN)).to_be_visible()
    context.close()


def test_a_map_that_failed_half_way_can_be_opened_again(
    site: str, chromium: Browser, make: Factory
) -> None:
    """The listings did not come: it says so, and the next press shows them."""
    make.offer()
    context = chromium.new_context(
        base_url=site, viewport={"width": 360, "height": 740}, service_workers="block"
    )
    page = context.new_page()
    page.goto("/listings")
    features = page.locator("[data-listings-map]").get_attribute("data-features")
    page.route(f"**{features}", lambda route: route.abort())
    toggle = page.locator("[data-map-toggle]")
    toggle.click()
    expect(page.locator("[data-map-state]")).to_contain_text("could not be loaded")
    page.unroute(f"**{features}")
    toggle.click()
    toggle.click()
    expect(page.locator(PIN)).to_be_visible()
    context.close()


@pytest.mark.parametrize("fragment", ["#map=9/95/9", "#map=", "#map=9/4", "#map=x/y/z", "#other"])
def test_an_address_without_a_view_shows_everything(
    context: BrowserContext, make: Factory, fragment: str
) -> None:
    """As if nothing stood there."""
    make.offer(title="À Douala")
    expect(opened(context, f"/listings{fragment}").locator(PIN)).to_be_visible()


def test_search_here_asks_for_the_middle_of_the_map(context: BrowserContext, make: Factory) -> None:
    """As a cell, and the radius that the map shows; the order is then that of the distance."""
    make.offer(title="À Douala")
    page = opened(context, f"/listings{DOUALA}")
    # Before its view is there, the map shows the world.
    expect(page.locator(PIN)).to_be_visible()
    page.locator(".leaflet-control-zoom-in").click()
    page.locator("[data-search-here]").click()
    page.wait_for_url(re.compile("cell="))
    found = re.search(r"cell=(\w+)&radius_km=(\d+)", page.url)
    assert found is not None
    middle = Place.from_hex(found[1])
    assert middle.distance_m(Place.at(4.05, 9.70, middle.resolution)) < 5_000
    assert 1 <= int(found[2]) <= 60
    expect(page.locator(".listing-card h3")).to_have_text("À Douala")


@pytest.mark.parametrize("place", [AKWA, Place.at(-16.7788, 179.9991, 7)], ids=["", "±180"])
def test_own_alerts_are_on_a_map(
    context: BrowserContext, board: Board, make: Factory, site: str, place: Place
) -> None:
    """Each with its hexagon and how far it reaches, from near: also across the ±180 meridian."""
    member_id = make.member("volunteer@example.org")
    make.alert(email="volunteer@example.org", cell=place.cell)
    with board.db.write() as session:
        token = sessions.open_(session, member_id)
    context.add_cookies([{"name": "entraide-session", "value": token, "url": site}])
    page = opened(context, "/me")
    expect(page.locator("path.hex")).not_to_have_count(0)
    circle = page.locator("path.hex-choice")
    expect(circle).to_have_count(1)
    # Of twenty kilometres; on a map of the world it would be a point.
    shown = circle.bounding_box()
    assert shown is not None and shown["width"] > 50


def test_without_a_tile_server_no_request_leaves(
    context: BrowserContext, make: Factory, site: str
) -> None:
    """The map is whole, land and names, and everything of it is from here."""
    make.offer()
    page = context.new_page()
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(f"/listings{DOUALA}")
    expect(page.locator(PIN)).to_be_visible()
    expect(page.locator("path.land").first).to_be_visible()
    expect(page.locator(".map-label").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.locator("img.leaflet-tile").count() == 0
    ours = (f"{site}/", "data:", "blob:")
    assert [each for each in addresses if not each.startswith(ours)] == []
