"""Saying where, in each way that the form offers; once on SQLite, for no database is concerned."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Request, Route, expect

from config.settings import Settings
from matcher.place import Place
from tests.browser.actions import tick
from tests.chromium import until
from tests.fakes import MailSink
from tests.processes import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]

LAT, LNG = 4.04217, 9.69813
FORM = "/listings/new?kind=request"


def sent(request: Request) -> str:
    """Everything of a request that leaves the device."""
    return f"{request.url} {request.post_data or ''}"


def test_near_me_sends_a_cell_and_never_a_position(served: Settings, chromium: Browser) -> None:
    """The device turns its position into a cell; no request carries anything finer."""
    context = chromium.new_context(
        base_url=served.base_url,
        geolocation={"latitude": LAT, "longitude": LNG},
        permissions=["geolocation"],
    )
    page = context.new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(sent(request)))
    page.goto(FORM)
    page.locator("[data-near-me]").click()
    expect(page.locator("input[name=cell]").first).to_have_value(Place.at(LAT, LNG, 8).hex)
    expect(page.locator("[data-place-chosen]")).to_be_visible()
    assert len(requests) > 3
    leaked = re.compile(r"4[.,]04\d|9[.,]69\d")
    assert [each for each in requests if leaked.search(each)] == []
    context.close()


def test_a_device_that_refuses_to_say_where_is_told_what_to_do(
    served: Settings, chromium: Browser
) -> None:
    """Without the permission the typed name remains."""
    context = chromium.new_context(base_url=served.base_url)
    page = context.new_page()
    page.goto(FORM)
    page.locator("[data-near-me]").click()
    expect(page.locator("[data-place-status]").first).not_to_be_empty()
    context.close()


def test_a_late_answer_does_not_open_the_suggestions_again(
    served: Settings, chromium: Browser
) -> None:
    """On a slow line somebody chooses before the last letters were looked up."""
    context = chromium.new_context(base_url=served.base_url)
    page = context.new_page()
    held: list[Route] = []
    page.route("**/*q=Doua", lambda route: held.append(route))
    page.goto(FORM)
    name = page.locator("[data-place-picker] input[name=place]")
    name.fill("Dou")
    options = page.locator(".suggestions [role=option]")
    expect(options.first).to_be_visible()
    with page.expect_request("**/*q=Doua"):
        name.press_sequentially("a")
    options.first.click()
    chosen = name.input_value()
    with page.expect_response("**/*q=Doua"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert not page.locator(".suggestions").is_visible()
    assert name.input_value() == chosen
    context.close()


def test_a_hexagon_of_the_map_is_chosen(served: Settings, chromium: Browser) -> None:
    """A click on the map takes the cell under it."""
    context = chromium.new_context(
        base_url=served.base_url, viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    page.goto(FORM)
    page.locator("[data-place-picker] input[name=place]").fill("Bonabéri")
    page.locator(".suggestions [role=option]").first.click()
    page.locator("[data-on-map]").click()
    hexagons = page.locator("[data-map] path.leaflet-interactive")
    expect(hexagons.first).to_be_visible()
    page.locator("[data-map]").scroll_into_view_if_needed()
    page.locator("[data-map]").click()
    cell = page.locator("input[name=cell]").first
    expect(cell).to_have_value(re.compile("^8[78]"))
    center = Place.at(4.0714, 9.6818, 7)
    assert Place.from_hex(cell.input_value()).distance_m(center) < 10_000
    context.close()


def test_a_map_waits_for_its_sheet(served: Settings, chromium: Browser) -> None:
    """On a slow line no map is shown that takes no press."""
    context = chromium.new_context(base_url=served.base_url, service_workers="block")
    page = context.new_page()
    held: list[Route] = []
    page.route(re.compile(r"leaflet\.[^/]*css"), lambda route: held.append(route))
    page.goto(FORM)
    page.locator("[data-place-picker] input[name=place]").fill("Bonabéri")
    page.locator(".suggestions [role=option]").first.click()
    page.locator("[data-on-map]").click()
    until(page, "() => Boolean(window.L && window.topojson)", "the scripts of the map")
    expect(page.locator("[data-map].leaflet-container")).to_have_count(0)
    [sheet] = held
    sheet.continue_()
    expect(page.locator("[data-map] path.leaflet-interactive").first).to_be_visible()
    page.locator("[data-map]").click()
    expect(page.locator("input[name=cell]").first).to_have_value(re.compile("^8[78]"))
    context.close()


def test_a_map_that_could_not_be_loaded_can_be_asked_for_again(
    served: Settings, chromium: Browser
) -> None:
    """A line that breaks says so, leaves no empty box, and the next press brings the map."""
    context = chromium.new_context(base_url=served.base_url, service_workers="block")
    page = context.new_page()
    sheet = re.compile(r"leaflet\.[^/]*css")
    page.route(sheet, lambda route: route.abort())
    page.goto(FORM)
    page.locator("[data-on-map]").click()
    expect(page.locator("[data-place-status]").first).to_contain_text("could not be loaded")
    expect(page.locator("[data-map-box]")).to_be_hidden()
    page.unroute(sheet)
    page.locator("[data-on-map]").click()
    expect(page.locator("[data-map].leaflet-container")).to_be_visible()
    context.close()


def test_a_request_is_posted_without_script(
    served: Settings, chromium: Browser, smtp: MailSink
) -> None:
    """Name, candidates, grid, form and confirmation by code work as plain pages."""
    context = chromium.new_context(
        base_url=served.base_url, java_script_enabled=False, locale="fr-FR"
    )
    page = context.new_page()
    page.goto(FORM)
    page.locator("input[name=place]").fill("Douala")
    page.locator("input[name=title]").fill("Courses sans script")
    page.locator("button[name=step][value=grid]").click()
    assert page.locator("input[name=title]").input_value() == "Courses sans script"
    tick(page, "[data-grid-choices] input[name=cell]:not([value=''])")
    tick(page, "input[name=categories][value=groceries]")
    tick(page, "input[name=urgency][value='2']")
    page.locator("input[name=email]").fill("asker@example.org")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile("/sent"))
    wait_for(lambda: smtp.to("asker@example.org"), "the mail")
    page.locator("input[name=code]").fill(smtp.code("asker@example.org").lower())
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("published=1"))
    expect(page.locator("h1")).to_have_text("Courses sans script")
    context.close()
