"""One browser for every test of a process: Playwright starts only once in a thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.processes import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@contextmanager
def launched() -> Iterator[Browser]:
    """Debian's Chromium, without its calls home."""
    # Only the browser lane waits for the library to load.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("TEST_CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of this process."""
    with launched() as browser:
        yield browser


def until(page: Page, script: str, what: str) -> None:
    """Wait until a function of the page, async or not, answers with something true.

    `Page.wait_for_function` takes the promise of an async one for an answer, and where the first
    look is not the last one it breaks on a policy without 'unsafe-eval'.
    """
    wait_for(lambda: page.evaluate(script), what)
