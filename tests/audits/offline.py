"""What the worker of a device shows of the board while nothing can be reached."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page, Response

from tests.chromium import until
from web.keeping import COPY_PATH

#: Links to the pages that a device keeps, on the page without a connection.
COPIES = "[data-copy] ul a"
#: Whether the worker has a whole copy.
COPY_IS_THERE = f"""
async () => Boolean(await caches.match("{COPY_PATH}", {{ ignoreVary: true }}))
"""
_MADE_OF = {"me": "offline/listings.html", "conversations": "offline/conversations.html"}


def keep_copy(page: Page, url: str) -> None:
    """Switch the copy on, as whoever the browser is signed in as, and wait for it."""
    page.goto(f"{url}/about")
    until(page, "() => navigator.serviceWorker.controller !== null", "the worker")
    page.goto(f"{url}/me")
    page.locator(f"form[action='{COPY_PATH}'] button").click()
    until(page, COPY_IS_THERE, "the copy")


def open_without_connection(page: Page, url: str) -> Response | None:
    """The page that stands in for one that is not kept, with its list of those that are."""
    answer = page.goto(f"{url}/about")
    page.locator(COPIES).first.wait_for()
    return answer


def open_copy(page: Page, number: int) -> Response | None:
    """One of the pages that are kept, by its place in the list."""
    with page.expect_navigation() as leaving:
        page.locator(COPIES).nth(number).click()
    return leaving.value


def made_of(address: str) -> str:
    """The template of a page of the copy: what comes out of the copy does not say it."""
    return _MADE_OF.get(urlsplit(address).path.strip("/"), "offline/conversation.html")
