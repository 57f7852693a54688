"""Pages that only an answer to a form shows, and only once: what was done, and codes to keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, Response

from tests.audits.site import GUEST, OWNER, Site

#: The button of a mailed link.
_ONE_BUTTON = "main form[method=post] button[type=submit]"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody does, and the page that says so."""

    who: str
    address: str
    act: Callable[[Page], Response | None]


def _pressing(selector: str) -> Callable[[Page], Response | None]:
    def press(page: Page) -> Response | None:
        with page.expect_navigation() as leaving:
            page.locator(selector).first.click()
        return leaving.value

    return press


def _understood(page: Page) -> Response | None:
    """Say what and where on the first page, and see what it is taken for."""
    page.locator("#words").fill("Je cherche quelqu’un pour faire mes courses demain.")
    page.locator("form.start input[name=place]").fill("Douala")
    page.locator("[data-taken] .note").wait_for()
    return _pressing("form.start .button-warm")(page)


def _a_last_look(page: Page) -> Response | None:
    _understood(page)
    return _pressing("main form .button-warm")(page)


def _posted(page: Page) -> Response | None:
    """Post as a guest, and be asked for the link or the code of the mail."""
    _a_last_look(page)
    page.locator("input[name=email]").fill("asks@example.org")
    return _pressing("main form .button-warm")(page)


def _wrong_code(page: Page) -> Response | None:
    """Type another code than that of the mail."""
    _posted(page)
    page.locator("input[name=code]").fill("BCDF-2345")
    return _pressing(_ONE_BUTTON)(page)


def _by_phone(page: Page) -> Response | None:
    """Take the number and the code from the page, and close the listing with them."""
    _pressing("form[action$='/code'] button")(page)
    number = page.locator("dd strong").first.inner_text()
    code = page.locator("[data-code]").inner_text()
    page.goto(page.url.partition("/relay")[0] + "/by-phone")
    page.locator("input[name=reference]").fill(number)
    page.locator("input[name=code]").fill(code)
    return _pressing(_ONE_BUTTON)(page)


def _too_late(page: Page) -> Response | None:
    """Decide what another moderator has decided since the page was opened."""
    page.evaluate(
        """async () => {
          const form = document.querySelector("form[action$='/approve']");
          await fetch(form.action, { method: "POST", body: new FormData(form) });
        }"""
    )
    return _pressing("form[action$='/approve'] button")(page)


def deeds(site: Site) -> list[Deed]:
    """In their order: what ends something comes after what needs it."""
    assert site.town is not None
    return [
        Deed(GUEST, "/", _understood),
        Deed(GUEST, "/", _a_last_look),
        Deed(GUEST, "/", _posted),
        Deed(GUEST, "/", _wrong_code),
        Deed(OWNER, "/me/passkeys", _pressing("form[action$='/recovery'] button")),
        Deed(OWNER, "/relay", _pressing("form[action$='/code'] button")),
        Deed(OWNER, "/relay", _by_phone),
        Deed(OWNER, f"/moderation/cases/{site.town.case_id}", _too_late),
        *(
            Deed(GUEST, where, _pressing(_ONE_BUTTON))
            for where in site.town.mailed
            if where.startswith(("/links/", "/unsubscribe/", "/not-", "/data/"))
        ),
    ]
