"""The installed board in a real browser, with the server stopped: what is read, what is kept back.

The worker asks the server as pages do, so that stopping it is what a lost connection is.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import BaseWSGIServer, make_server

from board import inbox, messages, offline, sessions
from board.context import Board
from board.conversations import Seat, Side
from tests.factories import Factory
from tests.processes import free_ports, wait_for
from web.app import create_app
from web.guards import session_cookie

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]

PHONE = "+237 6 99 12 34 56"
#: All that this origin keeps, as text: names and contents of its caches, and its storage.
EVERYTHING = """async () => {
  let all = JSON.stringify({ ...localStorage });
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const kept = await cache.match(request, { ignoreVary: true });
      all += ` ${name} ${request.url} ${await kept.text()}`;
    }
  }
  return all;
}"""
COPY_IS_THERE = "async () => (await caches.keys()).some((name) => name.startsWith('copy-'))"


class Server:
    """The application at an address that browsers trust, which can be stopped and started."""

    def __init__(self, board: Board) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://localhost:{self.port}"
        settings = board.settings.model_copy(update={"base_url": self.url})
        self.app: Flask = create_app(replace(board, settings=settings), settings)
        self._running: tuple[BaseWSGIServer, threading.Thread] | None = None

    def start(self) -> None:
        server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        if self._running is not None:
            server, thread = self._running
            server.shutdown()
            thread.join()
            server.server_close()
            self._running = None


@pytest.fixture
def server(board: Board) -> Iterator[Server]:
    """A board that is served."""
    found = Server(board)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def member_id(make: Factory) -> int:
    """Somebody with a listing, an answer to it and a shared number."""
    found = make.member("somebody@example.org", locale="en")
    view = make.open(email="somebody@example.org", title="Courses pour deux")
    seat = make.answered(view, text="Je peux venir demain.")
    messages.share_contact(make.board, Seat(seat.conversation_id, Side.ANSWERER), PHONE)
    return found


@pytest.fixture
def telephone(chromium: Browser, server: Server) -> Iterator[Callable[[str], Page]]:
    """A new telephone whose reader prefers a language."""
    opened: list[BrowserContext] = []

    def make(locale: str = "en") -> Page:
        context = chromium.new_context(
            base_url=server.url, locale=locale, viewport={"width": 360, "height": 740}
        )
        opened.append(context)
        return context.new_page()

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def page(telephone: Callable[[str], Page], server: Server, board: Board, member_id: int) -> Page:
    """A telephone at which the member is signed in, with the worker at work."""
    page = telephone("en")
    sign_in(page, server, board, member_id)
    page.goto("/")
    at_work(page)
    return page


def sign_in(page: Page, server: Server, board: Board, member_id: int) -> None:
    """Give the browser a session of this member."""
    with board.db.write() as session:
        token = sessions.open_(session, member_id)
    name = session_cookie(server.app.config["SETTINGS"])
    page.context.add_cookies([{"name": name, "value": token, "url": server.url, "httpOnly": True}])


def at_work(page: Page) -> None:
    """Wait until the worker acts for the page."""
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def keep_copy(page: Page) -> None:
    """Press the switch, and wait for the copy."""
    page.goto("/me")
    page.get_by_role("button", name="Keep my listings and conversations on this device").click()
    expect(page.get_by_role("button", name="Keep nothing on this device")).to_be_visible()
    page.wait_for_function(COPY_IS_THERE)


def talk_of(board: Board, member_id: int) -> str:
    """Address of the member's only conversation."""
    (listed,) = inbox.of_member(board, member_id)
    return f"/conversations/{listed.public_id}"


def everything(page: Page) -> str:
    """All that the browser keeps for the site."""
    found: str = page.evaluate(EVERYTHING)
    return found


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
    page.wait_for_function(
        """async () => {
          const kept = await caches.match("/offline", { ignoreVary: true });
          return kept?.headers.get("Content-Language") === "es";
        }"""
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
    expect(page.locator("h1")).to_contain_text("You are offline")
    assert "Courses pour deux" not in everything(page)


def test_signing_out_without_a_connection_deletes_it_too(page: Page, server: Server) -> None:
    """The board cannot be told, this device can."""
    keep_copy(page)
    server.stop()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_contain_text("Nothing was sent")
    assert "Courses pour deux" not in everything(page)


def test_a_member_who_signs_in_next_finds_nothing(
    page: Page, server: Server, board: Board, make: Factory
) -> None:
    """A session that was replaced in this browser: its copy goes with the first page."""
    keep_copy(page)
    sign_in(page, server, board, make.member("next@example.org", locale="en"))
    page.goto("/about")
    page.wait_for_function(f"async () => !(await ({COPY_IS_THERE})())")
    server.stop()
    page.goto("/me")
    expect(page.locator("h1")).to_contain_text("You are offline")
    assert "Courses pour deux" not in everything(page)


def test_a_session_that_has_ended_takes_its_copy_along(
    page: Page, board: Board, member_id: int
) -> None:
    """Ended from elsewhere: the first page that is opened here deletes it."""
    keep_copy(page)
    with board.db.write() as session:
        sessions.revoke_all(session, member_id)
    page.goto("/me")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.wait_for_function(f"async () => !(await ({COPY_IS_THERE})())")


def test_a_copy_is_over_after_some_days(page: Page, server: Server) -> None:
    """It is not shown any more, and deleted."""
    keep_copy(page)
    server.stop()
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
    expect(page.locator("h1")).to_contain_text("You are offline")
    assert "Courses pour deux" not in everything(page)


def test_a_message_survives_a_lost_connection(
    page: Page, server: Server, board: Board, member_id: int
) -> None:
    """Typed, not sent, said so, found again, sent once; then there is no draft any more."""
    keep_copy(page)
    talk = talk_of(board, member_id)
    page.goto(talk)
    page.locator("textarea[name=text]").fill("Je prends aussi du pain.")
    server.stop()
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("Nothing was sent")
    page.get_by_role("link", name="Je prends aussi du pain.").click()
    expect(page.get_by_text("This page is as it was at")).to_be_visible()
    expect(page.locator("textarea[name=text]")).to_have_value("Je prends aussi du pain.")
    page.locator("textarea[name=text]").fill("Je prends aussi du lait.")
    server.start()
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("form[action$='/messages']")).to_be_visible()
    expect(page.locator("textarea[name=text]")).to_have_value("Je prends aussi du lait.")
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.locator(".message.is-mine").last).to_contain_text("Je prends aussi du lait.")
    expect(page.locator("textarea[name=text]")).to_have_value("")
    page.reload()
    expect(page.locator("textarea[name=text]")).to_have_value("")
    assert "du lait" not in page.evaluate("JSON.stringify({ ...localStorage })")


def test_what_arrived_before_the_line_broke_is_not_said_twice(
    page: Page, server: Server, board: Board, member_id: int
) -> None:
    """The answer is lost, not the message: sent again as it was, it stands there once."""
    lost = iter([True])

    def lose(response: Response) -> Response:
        if "said=message" in response.headers.get("Location", "") and next(lost, False):
            return Response("The line is gone.", 502)
        return response

    server.app.after_request_funcs.setdefault(None, []).append(lose)
    talk = talk_of(board, member_id)
    page.goto(talk)
    page.locator("textarea[name=text]").fill("Une fois.")
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.get_by_text("The line is gone.")).to_be_visible()
    page.goto(talk)
    expect(page.locator("textarea[name=text]")).to_have_value("Une fois.")
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.locator("textarea[name=text]")).to_have_value("")
    expect(page.locator(".message.is-mine").filter(has_text="Une fois.")).to_have_count(1)


def test_a_second_message_survives_a_lost_connection_too(
    page: Page, server: Server, board: Board, member_id: int
) -> None:
    """The page that came after the first one, gone back to, does not take the second for sent."""
    page.goto(talk_of(board, member_id))
    for text in ("La première.", "La deuxième."):
        page.locator("textarea[name=text]").fill(text)
        if text == "La deuxième.":
            server.stop()
        page.locator("form[action$='/messages'] button[type=submit]").click()
        if text == "La première.":
            expect(page.locator(".message.is-mine").last).to_contain_text(text)
    expect(page.locator("h1")).to_contain_text("Nothing was sent")
    server.start()
    page.get_by_role("link", name="Back to what I typed").click()
    expect(page.locator("textarea[name=text]")).to_have_value("La deuxième.")
    page.reload()
    expect(page.locator("textarea[name=text]")).to_have_value("La deuxième.")


def test_a_draft_is_its_writer_s(
    page: Page, server: Server, board: Board, member_id: int, make: Factory
) -> None:
    """The next member at this telephone is given nothing of it."""
    page.goto(talk_of(board, member_id))
    page.locator("textarea[name=text]").fill("Rien que pour toi.")
    assert "Rien que pour toi." in everything(page)
    sign_in(page, server, board, make.member("next@example.org", locale="en"))
    page.goto("/about")
    assert "Rien que pour toi." not in everything(page)


def test_a_draft_is_deleted_after_a_day(page: Page, board: Board, member_id: int) -> None:
    """By any page, also where nobody is signed in: it is not only given back no more."""
    page.goto(talk_of(board, member_id))
    page.locator("textarea[name=text]").fill("Il y a longtemps.")
    page.evaluate(
        """() => {
          for (const [key, text] of Object.entries(localStorage)) {
            if (!key.startsWith("entraide-draft-")) continue;
            const draft = JSON.parse(text);
            localStorage.setItem(key, JSON.stringify({ ...draft, at: draft.at - 86_400_000 }));
          }
        }"""
    )
    page.context.clear_cookies()
    assert "Il y a longtemps." in everything(page)
    page.goto("/about")
    assert "Il y a longtemps." not in everything(page)


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
    page.wait_for_function(
        """async () => {
          const [only, ...more] = await navigator.serviceWorker.getRegistrations();
          const { controller } = navigator.serviceWorker;
          return !more.length && only?.active?.scriptURL.endsWith("/service-worker.js")
            && only.active.state === "activated" && controller?.scriptURL === only.active.scriptURL;
        }"""
    )
    # For its first seconds Chromium passes the new one by: the one before took no navigations.
    wait_for(lambda: by_the_worker(page, "/about"), "a page that comes by the new worker")
    server.stop()
    page.goto("/listings")
    expect(page.locator("h1")).to_contain_text("You are offline")
