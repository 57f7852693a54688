"""The proof of work in a real browser: under the strict policy, from here alone, translated."""

from __future__ import annotations

import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from board.db import Database
from board.limits import Sighting
from config.settings import Settings
from tests.browser.actions import tick


def test_a_form_that_is_filled_in_comes_with_its_proof(served: Settings, chromium: Browser) -> None:
    """It is solved while somebody types; nothing is asked elsewhere and nothing is blocked."""
    page = chromium.new_page(locale="ar", viewport={"width": 360, "height": 800})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served.base_url}/alerts/new")
    assert page.locator("altcha-widget").count() == 0
    tick(page, "input[name=where][value=remote]")
    page.fill("#email", "volunteer@example.org")
    expect(page.locator(".proof")).to_contain_text("تم التحقق", timeout=60_000)
    assert page.locator("input[name=altcha]").input_value()
    page.locator("form button.button-wide").click()
    page.wait_for_url("**/alerts/sent")
    assert said == []
    assert all(address.startswith(served.base_url) for address in asked)
    db = Database(served.database_url)
    with db.read() as session:
        assert session.scalars(sa.select(Sighting.proven)).all() == [True]
    db.close()
    page.close()
