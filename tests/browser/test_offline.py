"""The installed board in a real browser, with the server stopped: what is read and what is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Response
from playwright.sync_api import Page, expect

from board import offline, sessions
from board.context import Board
from tests.browser.installed import (
    NO_COPY_IS_LEFT,
    Server,
    at_work,
    everything,
    keep_copy,
    sign_in,
    talk_of,
)
from tests.chromium import until
from tests.factories import Factory
from tests.processes import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]


def cut_off_with_a_copy(page: Page, server: Server) -> None:
    """Keep a copy, then lose the connection."""
    keep_copy(page)
    server.stop()


def no_copy_is_left(page: Page, words: str) -> None:
    """The page says what cannot be done without a connection; nothing of the copy is kept."""
    expect(page.locator("h1")).to_contain_text(words)
    assert "Courses pour deux" not in everything(page)


def test_the_board_can_be_installed(telephone: Callable[[str], Page]) -> None:
    """The browser reads the manifest without a complaint, and finds nothing in the way."""
    page = telephone("fr")
    page.goto("/")
    at_work(page)
    tools = page.context.new_cdp_session(page)
    manifest: dict[str, Any] = tools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"].endswith("/manifest/fr.webmanifest")
    problems = tools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A browser window without a history of its own is never asked for.
    assert [each["errorId"] for each in problems if each["errorId"] != "in-incognito"] == []


@pytest.mark.parametrize(
    ("locale", "words", "direction"),
    [("fr", "Vous êtes hors ligne", "ltr"), ("ar", "أنت غير متصل بالإنترنت", "rtl")],
)
def test_the_page_without_a_connection(
    telephone: Callable[[str], Page], server: Server, locale: str, words: str, direction: str
) -> None:
    """In the reader's language, styled, no wider than a telephone; the wanted page comes back."""
    page = telephone(locale)
    page.goto("/")
    at_work(page)
    server.stop()
    page.goto("/listings")
    expect(page.locator("h1")).to_contain_text(words)
    assert page.locator("html").get_attribute("dir") == direction
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.button')).borderRadius") != "0px"
    )
    server.start()
    page.locator("[data-again]").click()
    expect(page.locator("form.filters, .listing-list, main h1").first).to_be_visible()
    expect(page.locator("h1")).not_to_contain_text(words)


def test_another_language_brings_another_offline_page(
    telephone: Callable[[str], Page], server: Server
) -> None:
    """Whoever changes the language reads the page without a connection in it."""
    page = telephone("fr")
    page.goto("/")
    at_work(page)
    page.goto("/?lang=es")
    until(
        page,
        """async () => {
          const kept = await caches.match("/offline", { ignoreVary: true });
          return kept?.headers.get("Content-Language") === "es";
        }""",
        "the page in Spanish",
    )
    server.stop()
    page.goto("/about")
    expect(page.locator("h1")).to_contain_text("Usted está sin conexión")


def test_own_pages_are_read_without_a_connection(
    page: Page, server: Server, board: Board, member_id: int
) -> None:
    """After the switch: listings, conversations, one of them, as they were; no number in it."""
    keep_copy(page)
    talk = talk_of(board, member_id)
    server.stop()
    page.goto("/about")
    page.get_by_role("link", name="Your listings").click()
    expect(page.get_by_text("Courses pour deux")).to_be_visible()
    expect(page.get_by_text("This page is as it was at")).to_be_visible()
    page.get_by_role("link", name="Conversations").click()
    page.get_by_role("link", name="Courses pour deux").click()
    expect(page).to_have_url(re.compile(f"{talk}$"))
    expect(page.get_by_text("Je peux venir demain.")).to_be_visible()
    expect(page.get_by_text("shown only while you are connected")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert "99 12 34" not in everything(page)
    answer = page.evaluate("fetch(location.href).then((each) => each.status, () => 'not there')")
    assert answer == "not there", "only pages that are opened come out of the copy"


def test_without_the_switch_nothing_is_kept(
    page: Page, server: Server, board: Board, member_id: int
) -> None:
    """Own pages, mailed links, results of forms: looked at, and not there."""
    for where in ("/me", talk_of(board, member_id), "/links/a-secret-token", "/me/data"):
        page.goto(where)
    kept = everything(page)
    for secret in ("Courses pour deux", "Je peux venir", "a-secret-token", "somebody@example.org"):
        assert secret not in kept
    server.stop()
    page.goto("/me")
    expect(page.locator("h1")).to_contain_text("You are offline")


def test_never_in_the_copy(page: Page, board: Board, member_id: int) -> None:
    """With the switch on too: no page of a mailed link, no export, no token of a form."""
    keep_copy(page)
    for where in (
        "/links/a-secret-token",
        "/me/data",
        "/me/preferences",
        talk_of(board, member_id),
    ):
        page.goto(where)
    kept = everything(page)
    for secret in ("a-secret-token", "somebody@example.org", "csrf_token", "99 12 34"):
        assert secret not in kept
    assert "Courses pour deux" in kept


def test_signing_out_deletes_the_copy(page: Page, server: Server) -> None:
    """Nothing is left, and nothing is shown."""
    keep_copy(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert "Courses pour deux" not in everything(page)
    at_work(page)
    server.stop()
    page.goto("/me")
    no_copy_is_left(page, "You are offline")


def test_signing_out_without_a_connection_deletes_it_too(page: Page, server: Server) -> None:
    """The board cannot be told, this device can."""
    cut_off_with_a_copy(page, server)
    page.get_by_role("button", name="Sign out").click()
    no_copy_is_left(page, "Nothing was sent")


def test_a_member_who_signs_in_next_finds_nothing(
    page: Page, server: Server, board: Board, make: Factory
) -> None:
    """A session that was replaced in this browser: its copy goes with the first page."""
    keep_copy(page)
    sign_in(page, server, board, make.member("next@example.org", locale="en"))
    page.goto("/about")
    until(page, NO_COPY_IS_LEFT, "no copy")
    server.stop()
    page.goto("/me")
    no_copy_is_left(page, "You are offline")


def test_a_session_that_has_ended_takes_its_copy_along(
    page: Page, board: Board, member_id: int
) -> None:
    """Ended from elsewhere: the first page that is opened here deletes it."""
    keep_copy(page)
    with board.db.write() as session:
        sessions.revoke_all(session, member_id)
    page.goto("/me")
    expect(page).to_have_url(re.compile("/sign-in"))
    until(page, NO_COPY_IS_LEFT, "no copy")


def test_a_copy_is_over_after_some_days(page: Page, server: Server) -> None:
    """It is not shown any more, and deleted."""
    cut_off_with_a_copy(page, server)
    page.clock.set_fixed_time(0)
    days = offline.KEPT_FOR.days + 1
    page.evaluate(
        """async (days) => {
          for (const name of (await caches.keys()).filter((each) => each.startsWith("copy-"))) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              const kept = await cache.match(request, { ignoreVary: true });
              const headers = new Headers(kept.headers);
              const at = Number(headers.get("Entraide-Kept-At"));
              headers.set("Entraide-Kept-At", String(at - days * 86400000));
              await cache.put(request, new Response(await kept.blob(), { headers }));
            }
          }
        }""",
        days,
    )
    page.goto("/me")
    no_copy_is_left(page, "You are offline")


def by_the_worker(page: Page, address: str) -> bool:
    """Whether a page came by the worker."""
    answer = page.goto(address)
    return answer is not None and answer.from_service_worker


def test_the_worker_of_push_messages_alone_is_replaced(
    telephone: Callable[[str], Page], server: Server
) -> None:
    """A browser where notifications were on before has one worker, the new one, in its place."""
    old = "self.addEventListener('install', () => self.skipWaiting());"
    current = server.app.view_functions["install.worker_of_before"]
    server.app.view_functions["install.worker_of_before"] = lambda: Response(
        old, mimetype="text/javascript"
    )
    page = telephone("en")
    page.goto("/static/img/icon.svg")
    page.evaluate(
        """async () => {
          await navigator.serviceWorker.register("/push-worker.js", { scope: "/" });
          await navigator.serviceWorker.ready;
        }"""
    )
    server.app.view_functions["install.worker_of_before"] = current
    page.goto("/")
    until(
        page,
        """async () => {
          const [only, ...more] = await navigator.serviceWorker.getRegistrations();
          const { controller } = navigator.serviceWorker;
          return !more.length && only?.active?.scriptURL.endsWith("/service-worker.js")
            && only.active.state === "activated" && controller?.scriptURL === only.active.scriptURL;
        }""",
        "the new worker alone",
    )
    # For its first seconds Chromium passes the new one by: the one before took no navigations.
    wait_for(lambda: by_the_worker(page, "/about"), "a page that comes by the new worker")
    server.stop()
    page.goto("/listings")
    expect(page.locator("h1")).to_contain_text("You are offline")
