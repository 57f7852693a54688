"""T9 in a real browser: fifty payloads are visited, and none runs."""

from __future__ import annotations

import mailbox
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from tests.promises import scene
from tests.promises.house import House
from tests.promises.payloads import PAYLOADS
from web.app import create_app
from web.guards import session_cookie

pytestmark = pytest.mark.browser


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a free port of loopback; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Watcher:
    """A browser that notices whatever a payload does."""

    def __init__(self, context: BrowserContext) -> None:
        self.ran: list[str] = []
        self.complaints: list[str] = []
        self.context = context
        self.page: Page = context.new_page()
        context.expose_function("ran", lambda: self.ran.append(self.page.url))
        self.page.on("console", self._complaint)
        self.page.on("dialog", lambda dialog: self.ran.append(dialog.message))

    def _complaint(self, message: object) -> None:
        text = getattr(message, "text", "")
        if "Content Security Policy" in text:
            self.complaints.append(text)

    def visit(self, address: str) -> None:
        """Open a page, let it load, and touch it.

        It is not scrolled: that would draw the map of each listing, which takes longest by far.
        """
        self.page.goto(address, wait_until="load")
        self.page.keyboard.press("Tab")


@pytest.fixture
def watcher(chromium: Browser) -> Iterator[Watcher]:
    """A new context, wide enough for the map beside the list."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield Watcher(context)
    context.close()


def mailed_page(house: House) -> Flask:
    """The application as it shows mails on this machine, with those that the sink got."""
    settings = house.board.settings.model_copy(update={"smtp_url": None})
    folder = mailbox.Maildir(str(settings.mail_dir), create=True)
    for message in house.smtp.messages:
        folder.add(message.as_bytes())
    return create_app(house.board, settings)


def test_T09_no_payload_runs_in_a_browser(house: House, watcher: Watcher) -> None:
    """Listings, lists, the map and its popups, a conversation, the queue, forms, mails."""
    scene.fill(house, PAYLOADS)
    with served(mailed_page(house)) as site:
        for address in scene.addresses(house):
            watcher.visit(site + address)
        echo(watcher, site)
        sign_in(watcher, house, site)
        for address in scene.own_addresses(house):
            watcher.visit(site + address)
        expect(watcher.page.locator("h1")).to_contain_text("ran()")
        open_popups(watcher.page, f"{site}/listings")
        watcher.visit(f"{site}/dev/mail")
        mails = watcher.page.locator("main a[href^='/dev/mail/']").evaluate_all(
            "all => all.map(each => each.getAttribute('href'))"
        )
        assert len(mails) > 8
        for address in mails:
            watcher.visit(site + address)
    assert watcher.ran == []
    # Nor did the policy have to stop one: nothing but text was there.
    assert watcher.complaints == []


def sign_in(watcher: Watcher, house: House, site: str) -> None:
    """As whoever asked, who is a moderator."""
    name, token = session_cookie(house.board.settings), scene.session_of_asker(house)
    watcher.context.add_cookies([{"name": name, "value": token, "url": site}])


def open_popups(page: Page, address: str) -> None:
    """Come close on the map, spread the pins that share a cell, and open each popup."""
    page.goto(address)
    cluster = page.locator(".leaflet-marker-icon .cluster").first
    expect(cluster).to_be_visible()
    opened = 0
    for _ in range(12):
        if page.locator(".leaflet-marker-icon .pin").count() > 40:
            break
        cluster.dispatch_event("click")
        page.wait_for_timeout(400)
    pins = page.locator(".leaflet-marker-icon:has(.pin)")
    for number in range(pins.count()):
        pins.nth(number).dispatch_event("click")
        expect(page.locator(".leaflet-popup-content a").first).to_be_attached()
        opened += 1
    assert opened > 40


def echo(watcher: Watcher, site: str) -> None:
    """Type payloads into the search, and into a guest's form that comes back refused."""
    page = watcher.page
    for payload in PAYLOADS[::4]:
        watcher.visit(f"{site}/listings")
        page.locator("main input[name=near]").fill(payload)
        page.locator("main form.filters button[type=submit]").click()
        page.wait_for_load_state("load")
    watcher.visit(f"{site}/listings/new?kind=request")
    for name, payload in (("title", PAYLOADS[39]), ("place", PAYLOADS[0]), ("email", PAYLOADS[40])):
        page.locator(f"main input[name={name}]").fill(payload)
    page.locator("main textarea[name=text]").fill("\n".join(PAYLOADS))
    page.locator("main form button[type=submit]").last.click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    expect(page.locator("main textarea[name=text]")).to_have_value(re.compile("ran"))


def test_T09_control_payloads_run_where_nothing_is_escaped(watcher: Watcher) -> None:
    """The same browser on a page that trusts what it is given, without a policy."""
    app = Flask("weak")

    @app.get("/<int:number>/<place>")
    def trusting(number: int, place: str) -> str:
        text = PAYLOADS[number]
        return {
            "text": f"<!doctype html><body><p>{text}</p>",
            "value": f'<!doctype html><body><input value="{text}"><a id=x href="#x">x</a>',
            "single": f"<!doctype html><body><input value='{text}'>",
            "script": f'<!doctype html><body><script>x = "{text}"</script>',
            "quoted": f"<!doctype html><body><script>x = '{text}'</script>",
            "template": f"<!doctype html><body><script>x = `{text}`</script>",
            "title": f"<!doctype html><title>{text}</title><body>",
            "comment": f"<!doctype html><body><!-- {text}",
            "area": f"<!doctype html><body><textarea>{text}",
            "safe": f"<!doctype html><body><p>{escape(text)}</p>",
        }[place]

    run = set()
    with served(app) as site:
        for number in range(len(PAYLOADS)):
            for place in ("text", "value", "single", "script", "quoted", "template", "title",
                          "comment", "area"):  # fmt: skip
                if number not in run:
                    watcher.ran.clear()
                    watcher.visit(f"{site}/{number}/{place}")
                    watcher.page.wait_for_timeout(60)
                    run |= {number} if watcher.ran else set()
        watcher.ran.clear()
        for number in range(len(PAYLOADS)):
            watcher.visit(f"{site}/{number}/safe")
        assert watcher.ran == []
    assert len(run) > 40, [PAYLOADS[n] for n in range(len(PAYLOADS)) if n not in run]
