"""Push messages in a real browser: our button, our service worker, and what it shows.

A browser without network reaches no push service, so its `subscribe` is stood in for, and the
message that the board sent is handed to the worker by the browser's own developer tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Worker, expect

from board import own_alerts, push_keys, push_subscriptions, sessions
from board.alerts import Terms
from board.context import Board
from tests.factories import AKWA, Factory
from tests.fakes import work_off
from tests.processes import wait_for
from tests.push_service import PushService, SubscribedBrowser
from web.guards import session_cookie

pytestmark = pytest.mark.browser

#: Stands in for the push service of the browser: one subscription, kept over pages.
SUBSCRIBE = """
(() => {
  const given = %s;
  const bytes = (text) => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const made = () => ({
    endpoint: given.endpoint,
    options: { applicationServerKey: bytes(localStorage.getItem("asked")).buffer },
    getKey: (name) => bytes(given[name]).buffer,
    unsubscribe: async () => { localStorage.removeItem("asked"); return true; },
  });
  PushManager.prototype.subscribe = async function (options) {
    const key = String.fromCharCode(...options.applicationServerKey);
    localStorage.setItem("visible", String(options.userVisibleOnly));
    localStorage.setItem("asked", btoa(key));
    return made();
  };
  PushManager.prototype.getSubscription = async () => localStorage.getItem("asked") && made();
})();
"""
BUTTON = "Show notifications in this browser"


@pytest.fixture
def service() -> Iterator[PushService]:
    """A push service on loopback."""
    with PushService.running() as running:
        yield running


@pytest.fixture
def environment(environment: dict[str, str], service: PushService) -> dict[str, str]:
    """A board that has a key, and knows this service."""
    key = push_keys.new_key()
    return {**environment, "VAPID_PRIVATE_KEY": key, "PUSH_TEST_SERVICES": service.origin}


@pytest.fixture
def member_id(board: Board, make: Factory) -> int:
    """Somebody with an alert around Akwa."""
    found = make.member("reader@example.org", locale="en")
    own_alerts.add(board, found, Terms(cell=AKWA.cell, place_name="Douala", radius_km=10.0))
    return found


@pytest.fixture
def subscriber(service: PushService) -> SubscribedBrowser:
    """Whose keys the browser of this test has."""
    return service.browser()


@pytest.fixture
def page(
    chromium: Browser, site: str, board: Board, member_id: int, subscriber: SubscribedBrowser
) -> Iterator[Page]:
    """A telephone at which the member is signed in."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, locale="en")
    context.add_init_script(SUBSCRIBE % json.dumps(_given(subscriber)))
    with board.db.write() as session:
        token = sessions.open_(session, member_id)
    context.add_cookies(
        [{"name": session_cookie(board.settings), "value": token, "url": site, "httpOnly": True}]
    )
    yield context.new_page()
    context.close()


def _given(subscriber: SubscribedBrowser) -> dict[str, str]:
    new = subscriber.subscription
    return {"endpoint": new.endpoint, "p256dh": new.p256dh, "auth": new.auth}


def _deliver(page: Page, site: str, message: dict[str, str]) -> None:
    """Hand a decrypted message to the worker, as the browser's push client does."""
    tools: CDPSession = page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    tools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(event["registrations"]),
    )
    tools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    # Events arrive while the page is asked something, and after the answers as well.
    wait_for(lambda: page.evaluate("true") and registrations, "the browser knows the worker")
    tools.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": site,
            "registrationId": registrations[-1]["registrationId"],
            "data": json.dumps(message),
        },
    )


def test_from_the_button_to_the_notification(
    page: Page,
    site: str,
    board: Board,
    make: Factory,
    service: PushService,
    subscriber: SubscribedBrowser,
    member_id: int,
) -> None:
    """Pressed, listed, told of a listing, shown, opened; removed."""
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda line: broken.append(line.text) if line.type == "error" else None)
    page.context.grant_permissions(["notifications"], origin=site)
    page.goto(f"{site}/me/preferences")
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_text("this one")).to_be_visible()
    expect(page.get_by_role("button", name=BUTTON)).to_be_hidden()
    assert page.evaluate("localStorage.getItem('visible')") == "true"
    assert [each.device for each in push_subscriptions.all_of(board, member_id)] == ["Chrome"]

    view = make.open(title="Courses pour une semaine")
    work_off(board)
    message = subscriber.read(service.to(subscriber)[0])
    worker = _watch(page)
    _deliver(page, site, message)
    shown = _shown(worker)
    assert shown["title"] == "Near you: Courses pour une semaine"
    assert "your alert around Douala" in shown["body"]
    assert (shown["lang"], shown["tag"]) == ("en", message["tag"])
    assert shown["page"] == f"{site}/listings/{view.public_id}"
    assert _opened_by_a_press(worker) == shown["page"]

    page.get_by_role("button", name="No more notifications to this browser").click()
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
    assert push_subscriptions.all_of(board, member_id) == []
    assert page.evaluate("localStorage.getItem('asked')") is None
    assert broken == []


def _watch(page: Page) -> Worker:
    """The worker, which remembers from now on what the browser has agreed to show.

    A browser without a desktop takes notifications off again at once, and lists none.
    """
    (worker,) = page.context.service_workers
    worker.evaluate(
        """() => {
          const show = ServiceWorkerRegistration.prototype.showNotification;
          self.shown = [];
          ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
            await show.call(this, title, options);
            self.shown.push({ title, ...options });
          };
        }"""
    )
    return worker


def _shown(worker: Worker) -> dict[str, str]:
    """The notification that the browser shows, once it does."""
    shown: dict[str, str] | None = worker.evaluate(
        """async () => {
          for (let turn = 0; turn < 1000 && !self.shown.length; turn += 1) {
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
          const { title, body, lang, tag, data } = self.shown[0] || {};
          return data ? { title, body, lang, tag, page: data.page } : null;
        }"""
    )
    assert shown is not None, "nothing is shown"
    return shown


def _opened_by_a_press(worker: Worker) -> str:
    """The page that the worker opens when its notification is pressed."""
    opened: str = worker.evaluate(
        """async () => {
          let opened = "";
          self.clients.openWindow = async (address) => { opened = address; };
          const pressed = new ExtendableEvent("notificationclick");
          const notification = { data: self.shown[0].data, close() {} };
          Object.defineProperty(pressed, "notification", { value: notification });
          self.dispatchEvent(pressed);
          for (let turn = 0; turn < 1000 && !opened; turn += 1) {
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
          return opened;
        }"""
    )
    return opened


@pytest.mark.parametrize(
    ("path", "opens"),
    [("https://evil.example/x", "/"), ("//evil.example/x", "/"), ("/listings", "/listings")],
)
def test_a_message_opens_pages_of_this_site_alone(
    page: Page, site: str, path: str, opens: str
) -> None:
    """Whoever had the key of the board could still lead nobody elsewhere."""
    page.context.grant_permissions(["notifications"], origin=site)
    page.goto(f"{site}/me/preferences")
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_text("this one")).to_be_visible()
    worker = _watch(page)
    _deliver(page, site, {"title": "t", "body": "", "path": path, "tag": "t"})
    assert _shown(worker)["page"] == f"{site}{opens}"


def test_nothing_is_asked_before_the_press(page: Page, site: str, board: Board) -> None:
    """The page is looked at, and no permission is asked for; a refusal is said in words."""
    page.add_init_script(
        "window.asked = 0; Notification.requestPermission = async () => "
        "{ window.asked += 1; return 'denied'; };"
    )
    page.goto(f"{site}/me/preferences")
    button = page.get_by_role("button", name=BUTTON)
    expect(button).to_be_visible()
    assert page.evaluate("window.asked") == 0
    button.click()
    expect(page.get_by_text("Your browser forbids this site")).to_be_visible()
    assert page.evaluate("window.asked") == 1
    assert page.evaluate("localStorage.getItem('asked')") is None


@pytest.mark.parametrize("locale", ["fr", "ar"])
def test_the_page_is_no_wider_than_a_telephone(
    page: Page, site: str, board: Board, member_id: int, service: PushService, locale: str
) -> None:
    """360 pixels, in both directions of writing, with a browser in the list."""
    push_subscriptions.add(board, member_id, service.browser("other").subscription, "Firefox")
    page.goto(f"{site}/me/preferences?lang={locale}")
    expect(page.locator("form[data-push]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
