"""The whole way in a real browser: post, confirm by mail, match, alert a third person.

Real processes (`entraide up`), real SMTP, Debian's Chromium; once on each database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from config.settings import Settings
from matcher.place import Place
from tests.browser.actions import tick
from tests.fakes import MailSink, text_of
from tests.processes import wait_for

pytestmark = pytest.mark.browser

ASKER, HELPER, VOLUNTEER = "asker@example.org", "helper@example.org", "volunteer@example.org"


@pytest.fixture
def site(served: Settings, chromium: Browser) -> Iterator[Page]:
    """A page of the served board, in French, that fails the test on any error of a script."""
    context = chromium.new_context(
        base_url=served.base_url, locale="fr-FR", viewport={"width": 360, "height": 740}
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        # A refused form is answered with 422, which a browser notes as an error.
        lambda message: (
            problems.append(message.text)
            if message.type == "error" and "status of 422" not in message.text
            else None
        ),
    )
    yield page
    context.close()
    assert problems == []


def choose_town(page: Page, name: str) -> None:
    """Type a name and take the first suggestion with the keyboard."""
    field = page.locator("[data-place-picker] input[name=place]")
    field.fill(name)
    expect(page.locator(".suggestions [role=option]").first).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(page.locator("[data-place-chosen]")).to_be_visible()


def open_grid(page: Page) -> list[Place]:
    """Open the labelled grid around the chosen town; the places of its hexagons."""
    page.locator("[data-on-grid]").click()
    choices = page.locator("[data-grid-choices] input[name=cell]:not([value=''])")
    expect(choices.first).to_be_attached()
    return [Place.from_hex(value) for value in choices.evaluate_all("all => all.map(o => o.value)")]


def choose_hexagon(page: Page, place: Place) -> None:
    """Choose one of the grid's hexagons by its radio button."""
    tick(page, f"[data-grid-choices] input[name=cell][value='{place.hex}']")


def choose(page: Page, name: str, *values: str) -> None:
    """Press tiles of a group."""
    for value in values:
        tick(page, f"input[name={name}][value='{value}']")


def send(page: Page, email: str) -> None:
    """Give the address and send the form."""
    page.locator("input[name=email]").fill(email)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile("/sent"))


def confirm(page: Page, smtp: MailSink, email: str) -> None:
    """Follow the newest mailed link and press its one button."""
    wait_for(lambda: any("/links/" in text_of(m) for m in smtp.to(email)), "the mail")
    page.goto(f"/links/{smtp.token(email)}")
    page.locator("main form button[type=submit]").click()


def test_a_request_in_a_quarter_meets_an_offer_three_kilometres_away(
    site: Page, smtp: MailSink
) -> None:
    """Each page shows the other with its reasons, and a third person is told by mail."""
    site.goto("/alerts/new")
    choose_town(site, "Douala")
    send(site, VOLUNTEER)
    confirm(site, smtp, VOLUNTEER)
    expect(site.locator("h1")).to_be_visible()

    site.goto("/listings/new?kind=request")
    choose_town(site, "Douala")
    places = open_grid(site)
    here = places[len(places) // 2]
    there = min(places, key=lambda place: abs(place.distance_m(here) - 3000))
    assert 1500 < here.distance_m(there) < 4500
    choose_hexagon(site, here)
    choose(site, "categories", "groceries")
    choose(site, "urgency", "3")
    site.locator("input[name=title]").fill("Courses pour une personne seule")
    send(site, ASKER)
    confirm(site, smtp, ASKER)
    site.wait_for_url(re.compile("/listings/[^/?]+"))
    request_address = site.url
    expect(site.locator("h1")).to_have_text("Courses pour une personne seule")

    site.goto("/listings/new?kind=offer")
    choose_town(site, "Douala")
    open_grid(site)
    choose_hexagon(site, there)
    choose(site, "categories", "groceries", "errands")
    site.locator("input[name=title]").fill("Je fais vos courses à moto")
    send(site, HELPER)
    confirm(site, smtp, HELPER)
    site.wait_for_url(re.compile("/listings/[^/?]+"))

    kilometres = re.compile(r"\d\s(km|كم)")
    expect(site.get_by_role("heading", name="Courses pour une personne seule")).to_be_visible()
    expect(site.locator("main")).to_contain_text(kilometres)
    site.goto(request_address)
    expect(site.get_by_role("heading", name="Je fais vos courses à moto")).to_be_visible()
    expect(site.locator("main")).to_contain_text(kilometres)

    def told() -> list[str]:
        return [m["Subject"] for m in smtp.to(VOLUNTEER) if m["List-Unsubscribe"]]

    wait_for(told, "the alert mail")
    (subject,) = told()
    assert "Courses pour une personne seule" in subject
    stop = smtp.token(VOLUNTEER, "unsubscribe")
    site.goto(f"/unsubscribe/{stop}")
    site.locator("main form button[type=submit]").click()
    wait_for(
        lambda: any(
            "/listings/" in text_of(m) and m["List-Unsubscribe"] and "moto" in m["Subject"]
            for m in smtp.to(ASKER)
        ),
        "the mail that tells the asker of the offer",
    )


def test_the_map_shows_listings_as_cells(site: Page, smtp: MailSink) -> None:
    """The list and the map hold the same; a hexagon, never a point."""
    site.goto("/listings/new?kind=request")
    choose_town(site, "Douala")
    choose(site, "categories", "pets")
    choose(site, "urgency", "1")
    site.locator("input[name=title]").fill("Garder un chat")
    send(site, ASKER)
    confirm(site, smtp, ASKER)
    answer = site.request.get("/listings.geojson?category=pets")
    (feature,) = answer.json()["features"]
    assert feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
    site.set_viewport_size({"width": 1280, "height": 800})
    site.goto("/listings?category=pets")
    expect(site.get_by_role("heading", name="Garder un chat")).to_be_visible()
    expect(site.locator(".leaflet-container")).to_be_visible()


def test_what_was_typed_survives_a_refused_form(site: Page) -> None:
    """Errors stand on top, lead to their fields, and nothing typed is lost."""
    site.goto("/listings/new?kind=request")
    site.locator("input[name=title]").fill("Courses")
    site.locator("textarea[name=text]").fill("Deux lignes\nde texte")
    site.locator("input[name=email]").fill("nobody")
    site.locator("main form button[type=submit]").last.click()
    expect(site.locator("[role=alert]").first).to_be_visible()
    expect(site.locator("input[name=title]")).to_have_value("Courses")
    expect(site.locator("textarea[name=text]")).to_have_value("Deux lignes\nde texte")
    expect(site.locator("input[name=email]")).to_have_value("nobody")
