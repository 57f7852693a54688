"""What people do on a page."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def tick(page: Page, selector: str) -> None:
    """Press the tile of a radio button or checkbox, as a finger does: on its label."""
    box = page.locator(selector).first
    label = page.locator(f"label[for='{box.get_attribute('id')}']")
    label.scroll_into_view_if_needed()
    label.click()
    expect(box).to_be_checked()
