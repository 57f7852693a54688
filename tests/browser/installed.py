"""The installed board on a telephone, over a server that can be stopped.

The worker asks the server as pages do, so that stopping it is what a lost connection is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import BaseWSGIServer, make_server

from board import inbox, messages, sessions
from board.context import Board
from board.conversations import Seat, Side
from tests.audits.offline import COPY_IS_THERE
from tests.chromium import until
from tests.factories import Factory
from tests.processes import free_ports
from web.app import create_app
from web.guards import session_cookie

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

NO_COPY_IS_LEFT = "async () => !(await caches.keys()).some((name) => name.startsWith('copy-'))"


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
    until(page, "() => navigator.serviceWorker.controller !== null", "the worker")


def keep_copy(page: Page) -> None:
    """Press the switch, and wait for the copy."""
    page.goto("/me")
    page.get_by_role("button", name="Keep my listings and conversations on this device").click()
    expect(page.get_by_role("button", name="Keep nothing on this device")).to_be_visible()
    until(page, COPY_IS_THERE, "the copy")


def talk_of(board: Board, member_id: int) -> str:
    """Address of the member's only conversation."""
    (listed,) = inbox.of_member(board, member_id)
    return f"/conversations/{listed.public_id}"


def everything(page: Page) -> str:
    """All that the browser keeps for the site."""
    found: str = page.evaluate(EVERYTHING)
    return found
