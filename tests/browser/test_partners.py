"""A partner informs: signs in, draws and publishes; a reader of the place sees it before others.

Real processes (`entraide up`), Debian's Chromium; once on each database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from board import sessions
from board.context import Board
from config.settings import Settings
from tests.browser.actions import tick
from tests.factories import Factory, Office
from tests.fakes import MailSink
from tests.processes import wait_for

pytestmark = pytest.mark.browser

ASKER = "asker@example.org"


@pytest.fixture
def consulate(served: Settings) -> Iterator[tuple[Office, str]]:
    """A verified consulate in Cameroon, and the token of its coordinator's session."""
    board = Board.open(served)
    office = Factory(board).organisation("Consulat du Sénégal", phone="+237 222 22 22 22")
    with board.db.write() as session:
        token = sessions.open_(session, office.member_id, second_factor=True)
    yield office, token
    board.close()


@pytest.fixture
def browser(served: Settings, chromium: Browser) -> Iterator[BrowserContext]:
    """A browser in French at the width of a telephone."""
    context = chromium.new_context(
        base_url=served.base_url, locale="fr-FR", viewport={"width": 360, "height": 740}
    )
    yield context
    context.close()


def draw(page: Page) -> None:
    """Press the map at three corners around the middle of the country."""
    canvas = page.locator("[data-area-box] [data-map]")
    canvas.scroll_into_view_if_needed()
    expect(canvas).to_have_class(re.compile("leaflet-container"))
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["width"] / 2, box["height"] / 2
    for right, down in ((-8, -8), (8, -8), (0, 8)):
        canvas.click(position={"x": x + right, "y": y + down})
        page.wait_for_timeout(300)
    expect(page.locator("[data-area-status]")).to_contain_text("3")


def test_a_partner_informs_and_a_reader_sees_it_first(
    served: Settings, browser: BrowserContext, consulate: tuple[Office, str], smtp: MailSink
) -> None:
    """Pinned above whoever can help, already on the page after posting; and counted once."""
    office, token = consulate
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    browser.add_cookies([{"name": "entraide-session", "value": token, "url": str(served.base_url)}])
    page.goto("/organisation")
    page.wait_for_url(re.compile(office.id))
    page.goto(f"/organisation/{office.id}/information/new")
    tick(page, "input[name=categories][value=admin]")
    page.locator("input[name=title]").fill("Passeports : sans rendez-vous")
    page.locator("textarea[name=text]").fill("Le lundi matin, avec deux photos.")
    page.locator("input[name=source_url]").fill("https://consulat.example/passeports")
    draw(page)
    page.locator("[data-area-clear]").click()
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile("/listings/[^/?]+"))
    address = page.url
    expect(page.locator("h1")).to_have_text("Passeports : sans rendez-vous")
    expect(page.locator("main")).to_contain_text("consulat.example")

    browser.clear_cookies()
    page.goto("/listings/new?kind=request")
    field = page.locator("[data-place-picker] input[name=place]")
    field.fill("Douala")
    expect(page.locator(".suggestions [role=option]").first).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    tick(page, "input[name=categories][value=admin]")
    tick(page, "input[name=urgency][value='3']")
    page.locator("input[name=title]").fill("Renouveler mon passeport")
    page.locator("input[name=email]").fill(ASKER)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile("/sent"))
    first = page.locator(".official-first .listing-card h3")
    expect(first).to_have_text("Passeports : sans rendez-vous")
    expect(page.locator("a[href='tel:117']")).to_be_visible()
    expect(page.locator("a[href='tel:+237222222222']")).to_be_visible()
    wait_for(lambda: smtp.to(ASKER), "the mail")
    page.goto(f"/links/{smtp.token(ASKER)}")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/listings/[^/?]+"))
    headings = page.locator(".listing-answers h2")
    expect(headings.nth(0)).to_have_attribute("id", "official-first")
    expect(headings.nth(1)).to_have_attribute("id", "matches")
    page.goto(address)
    page.goto(address)

    browser.add_cookies([{"name": "entraide-session", "value": token, "url": str(served.base_url)}])
    page.goto(f"/organisation/{office.id}")
    # One machine, one browser: the partner and the reader are one reader today.
    expect(page.locator(".facts").first).to_contain_text(re.compile(r"\b1\b"))
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
    assert problems == []
