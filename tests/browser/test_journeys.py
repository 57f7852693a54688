"""The journeys of everybody but the guest who asks, in French and in Arabic, on a small telephone.

A volunteer answers, a partner informs, a moderator decides, a relay posts for somebody. How a guest
asks is in `test_start.py`; all of it through real processes in `test_journey.py` and others here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from board import sessions
from board.context import Board
from tests.browser.actions import tick
from tests.factories import AKWA, Factory
from tests.fakes import MailSink, text_of, work_off
from web.guards import session_cookie

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
    pytest.mark.parametrize("language", ["fr", "ar"]),
]

WIDTH = 360
DIRECTIONS = {"fr": "ltr", "ar": "rtl"}
ASKER, VOLUNTEER = "asker@example.org", "volunteer@example.org"
Open = Callable[..., Page]


@pytest.fixture
def telephone(board: Board, site: str, chromium: Browser, language: str) -> Iterator[Open]:
    """Opens the small telephone of a guest, or of a member who is signed in.

    Whatever page is shown is in the language, no wider than the screen, and asks no other site.
    """
    problems: list[str] = []
    contexts = []

    def look(page: Page) -> None:
        root = page.locator("html")
        if root.get_attribute("lang") != language:
            problems.append(f"{page.url} is in another language")
        if root.get_attribute("dir") != DIRECTIONS[language]:
            problems.append(f"{page.url} is written the other way")
        if page.evaluate("document.documentElement.scrollWidth") > WIDTH:
            problems.append(f"{page.url} is wider than the screen")

    def note(request: Request) -> None:
        if not request.url.startswith((site, "data:", "blob:")):
            problems.append(f"asks {urlsplit(request.url).netloc}")

    def opened(member_id: int | None = None) -> Page:
        context = chromium.new_context(
            base_url=site, locale=language, viewport={"width": WIDTH, "height": 740}
        )
        contexts.append(context)
        if member_id is not None:
            with board.db.write() as session:
                token = sessions.open_(session, member_id, second_factor=True)
            name = session_cookie(board.settings)
            context.add_cookies([{"name": name, "value": token, "url": site}])
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", note)
        page.on("load", look)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def submit(page: Page, form: str = "main form") -> None:
    """Press the last button of a form."""
    page.locator(f"{form} button[type=submit]").last.click()
    page.wait_for_load_state()


def choose_town(page: Page, name: str) -> None:
    """Type a name and press the first suggestion."""
    page.locator("[data-place-picker] input[name=place]").fill(name)
    page.locator(".suggestions [role=option]").first.click()
    expect(page.locator("[data-place-chosen]")).to_be_visible()


def words(text: str) -> str:
    """A text with one space between its words, as a page shows it."""
    return " ".join(text.split())


def follow(page: Page, token: str, path: str = "links") -> None:
    """Open a mailed link and press its one button."""
    page.goto(f"/{path}/{token}")
    submit(page)


def test_a_volunteer_answers(
    telephone: Open, board: Board, make: Factory, smtp: MailSink, language: str
) -> None:
    """Told by mail, two minutes on the bus: from the mail to a conversation, and to thanks."""
    asker = make.member(ASKER, locale=language)
    make.member(VOLUNTEER, locale=language)
    make.alert(email=VOLUNTEER)
    request = make.open(email=ASKER, title="Pain et lait", locale=language, cell=AKWA.cell)
    work_off(board)
    (mail,) = smtp.to(VOLUNTEER)
    assert "Pain et lait" in mail["Subject"]

    page = telephone()
    page.goto(f"/listings/{request.public_id}")
    page.locator("a[href$='/answer']").click()
    expect(page.locator(".safety")).to_be_visible()
    page.locator("textarea[name=text]").fill("Je passe à midi.")
    page.locator("input[name=email]").fill(VOLUNTEER)
    submit(page)
    work_off(board)
    follow(page, smtp.token(VOLUNTEER))
    expect(page.locator(".message.is-mine")).to_contain_text("Je passe à midi.")

    other = telephone(asker)
    other.goto("/conversations")
    other.locator("main a[href^='/conversations/']").first.click()
    expect(other.locator(".message").last).to_contain_text("Je passe à midi.")
    other.locator("button[name=action][value=accept]").click()
    other.locator("button[name=action][value=done]").click()
    other.locator("textarea[name=thanks]").fill("Merci !")
    submit(other, "form[action$='/thanks']")
    page.reload()
    expect(page.locator(".message.is-thanks")).to_contain_text("Merci !")


def test_a_partner_informs(telephone: Open, make: Factory, language: str) -> None:
    """What a consulate publishes stands first on the page of whoever asks there."""
    office = make.organisation("Consulat du Sénégal", phone="+237 222 22 22 22")
    page = telephone(office.member_id)
    page.goto("/organisation")
    page.locator("main a[href$='/information/new']").first.click()
    tick(page, "input[name=categories][value=admin]")
    page.locator("input[name=title]").fill("Passeports : sans rendez-vous")
    page.locator("textarea[name=text]").fill("Le lundi matin, avec deux photos.")
    submit(page)
    expect(page.locator("h1")).to_have_text("Passeports : sans rendez-vous")

    guest = telephone()
    guest.goto("/listings/new?kind=request")
    choose_town(guest, "Douala")
    tick(guest, "input[name=categories][value=admin]")
    tick(guest, "input[name=urgency][value='2']")
    guest.locator("input[name=title]").fill("Renouveler mon passeport")
    guest.locator("input[name=email]").fill(ASKER)
    submit(guest)
    expect(guest).to_have_url(re.compile("/sent"))
    first = guest.locator(".official-first .listing-card h3")
    expect(first).to_have_text("Passeports : sans rendez-vous")


def test_a_moderator_decides(
    telephone: Open, board: Board, make: Factory, smtp: MailSink, language: str
) -> None:
    """One listing goes on the board, another is refused with a reason that its poster reads."""
    good = make.held(title="Garde d’enfants le soir", categories=("childcare",), text="Le lundi.")
    bad = make.held(title="Argent rapide", email=ASKER, locale=language)
    page = telephone(make.member("moderator@example.org", roles=["moderator"], locale=language))
    page.goto("/moderation")
    expect(page.locator(".listing-card")).to_have_count(2)
    page.locator(f"a[href$='/cases/{good}']").click()
    submit(page, "form[action$='/approve']")
    expect(page.locator("[role=status]")).to_be_visible()
    page.locator(f"a[href$='/cases/{bad}']").click()
    refusal = page.locator("details", has=page.locator("form[action$='/refuse']"))
    refusal.locator("summary").click()
    reasons = refusal.locator("option:not([value=''])")
    refusal.locator("select").select_option(index=1)
    told = reasons.first.text_content() or ""
    submit(page, "form[action$='/refuse']")
    expect(page.locator(".listing-card")).to_have_count(0)

    work_off(board)
    assert words(told) in words(text_of(smtp.to(ASKER)[-1]))
    guest = telephone()
    guest.goto("/listings")
    expect(guest.locator(".listing-card h3")).to_have_text(["Garde d’enfants le soir"])


def test_a_relay_posts_for_somebody(telephone: Open, make: Factory, language: str) -> None:
    """Number and code are read out; with both, whoever was helped takes the listing down."""
    page = telephone(make.member("relay@example.org", roles=["relay"], locale=language))
    page.goto("/relay")
    page.locator("main a[href$='kind=request']").click()
    choose_town(page, "Douala")
    tick(page, "input[name=categories][value=groceries]")
    tick(page, "input[name=urgency][value='2']")
    page.locator("input[name=title]").fill("Courses pour une dame âgée")
    tick(page, "input[name=consent]")
    submit(page)
    code = page.locator("[data-code]").inner_text()
    number = page.locator("dd strong").first.inner_text()
    page.locator("main a[href^='/listings/']").click()
    listing = page.url

    guest = telephone()
    guest.goto("/")
    guest.locator("footer a[href='/by-phone']").click()
    guest.locator("input[name=reference]").fill(number)
    guest.locator("input[name=code]").fill(code)
    tick(guest, "input[name=deed]")
    submit(guest)
    assert guest.goto(listing).status == 410
