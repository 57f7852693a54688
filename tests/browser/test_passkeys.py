"""Passkeys in a real browser: our script, and a device that the browser imitates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from board import sessions
from board.context import Board
from tests.factories import Factory
from web.guards import session_cookie

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser, site: str, board: Board, make: Factory) -> Iterator[Page]:
    """A telephone with a fingerprint reader, at which a member is signed in."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="en")
    with board.db.write() as session:
        token = sessions.open_(session, make_member(make))
    context.add_cookies(
        [{"name": session_cookie(board.settings), "value": token, "url": site, "httpOnly": True}]
    )
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    yield page
    context.close()


def make_member(make: Factory) -> int:
    """Somebody without a second factor."""
    return make.member(email="holder@example.org")


def test_a_passkey_is_made_and_signs_in(page: Page, site: str) -> None:
    """Added in one's own space, it opens that space again after signing out."""
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda line: broken.append(line.text) if line.type == "error" else None)
    page.goto(f"{site}/me/passkeys")
    page.get_by_label("What to call it").fill("My telephone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("My telephone", exact=True)).to_be_visible()
    page.goto(f"{site}/me")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{site}/sign-in?next=/me/passkeys")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("My telephone", exact=True)).to_be_visible()
    assert page.url == f"{site}/me/passkeys"
    assert broken == []


@pytest.mark.parametrize(
    "address", ["/me", "/me/profile", "/me/passkeys", "/me/sessions", "/second-factor", "/by-phone"]
)
@pytest.mark.parametrize("locale", ["fr", "ar"])
def test_no_page_is_wider_than_a_telephone(
    page: Page, site: str, address: str, locale: str
) -> None:
    """360 pixels, in both directions of writing."""
    page.goto(f"{site}{address}?lang={locale}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
