"""From one question to a listing on the board, as somebody does who comes for the first time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from config.settings import Settings
from tests.fakes import MailSink, text_of
from tests.processes import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]

#: One field filled in or one press each, the confirmation included.
MOST = 12
WORDS = {
    "fr": "Je cherche quelqu’un pour faire mes courses cette semaine. Je ne peux pas sortir.",
    "ar": "أحتاج إلى من يشتري لي الخضار هذا الأسبوع. لا أستطيع الخروج من البيت.",
}


@pytest.fixture(params=["fr", "ar"])
def visitor(request: pytest.FixtureRequest, served: Settings, chromium: Browser) -> Iterator[Page]:
    """The small telephone of somebody who reads one language, and was never here."""
    context = chromium.new_context(
        base_url=served.base_url, locale=request.param, viewport={"width": 360, "height": 740}
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


class Hand:
    """Does what a person does, and counts it."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, action: Callable[[], object]) -> None:
        self.count += 1
        action()


def language(page: Page) -> str:
    """What the page is written in."""
    return page.locator("html").get_attribute("lang") or ""


def fits(page: Page, button: str) -> bool:
    """Whether this step, down to its button, is on the screen without scrolling."""
    box = page.locator(button).first.bounding_box()
    assert box is not None
    return box["y"] + box["height"] <= 740


def test_a_first_time_visitor_posts_in_few_steps(visitor: Page, smtp: MailSink) -> None:
    """Each step says what it is; what the words are taken for is right, and can be left."""
    page, act = visitor, Hand()
    page.goto("/")
    assert fits(page, "form.start .button-warm")
    code = language(page)
    email = f"first-{code}@example.org"
    act(lambda: page.locator("#words").fill(WORDS[code]))
    act(lambda: page.locator("form.start input[name=place]").fill("Douala"))
    act(lambda: page.locator("form.start .suggestions [role=option]").first.click())
    expect(page.locator("[data-taken] .note-near")).to_be_visible()
    act(lambda: page.locator("form.start .button-warm").click())
    expect(page.locator("input[name=kind][value=request]")).to_be_checked()
    expect(page.locator("input[name=category][value=groceries]")).to_be_checked()
    assert fits(page, "main form .button-warm")
    act(lambda: page.locator("main form .button-warm").click())
    assert fits(page, "main form .button-wide")
    act(lambda: page.locator("input[name=email]").fill(email))
    act(lambda: page.locator("main form .button-warm").click())
    expect(page).to_have_url(re.compile("/listings/sent"))
    wait_for(lambda: len(smtp.to(email)) == 1, "the mail with the link")
    link = re.search(r"http\S+/links/\S+", text_of(smtp.to(email)[0]))
    assert link is not None
    act(lambda: page.goto(link.group()))
    act(lambda: page.locator("main form button[type=submit]").first.click())
    expect(page).to_have_url(re.compile("/listings/"))
    assert act.count <= MOST
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360, "no page is wider than the telephone"


def test_what_was_typed_survives_a_reload_and_a_lost_connection(visitor: Page) -> None:
    """The words and the place come back, and nothing was sent meanwhile."""
    page = visitor
    page.goto("/")
    words = WORDS[language(page)]
    page.locator("#words").fill(words)
    page.locator("form.start input[name=place]").fill("Douala")
    page.reload()
    expect(page.locator("#words")).to_have_value(words)
    expect(page.locator("form.start input[name=place]")).to_have_value("Douala")
    page.context.set_offline(True)
    page.locator("form.start .button-warm").click()
    page.context.set_offline(False)
    page.goto("/")
    expect(page.locator("#words")).to_have_value(words)
