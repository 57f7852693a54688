"""What a page weighs, how much it jumps, whom it asks, and how soon it stands on a slow line."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request

from tests.audits.site import Site, Visit

WIDTHS = (360, 1280)
HEIGHT = 800
#: Loaded side by side, so that the seconds of waiting are shared.
AT_ONCE = 8
AFTER_LOAD_S = 10
#: A slow line: 400 kbit/s, 400 ms until the first byte of each answer.
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
_HAS_MAP = """Boolean(document.querySelector(
  "[data-listings-map], [data-listing-map], [data-alerts-map], [data-needs-map]"
))"""
_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True, slots=True)
class Weight:
    """One page at one width, ten seconds after it was loaded, nothing kept from before."""

    page: str
    address: str
    width: int
    has_map: bool
    #: Bytes of all answers with their headers as they travelled; of these the page and its sheet.
    whole: int
    core: int
    requests: int
    #: Sum of all layout shifts, whether or not they fell together.
    shifted: float
    #: Addresses of others that were asked.
    foreign: tuple[str, ...]


class _Tab:
    """A page in a browser of its own, and all that is asked for it: by its worker too."""

    def __init__(self, browser: Browser, site: Site, visit: Visit, width: int) -> None:
        self.site, self.visit, self.width = site, visit, width
        self.asked: list[Request] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": HEIGHT}, locale="fr"
        )
        cookie = site.cookie(visit.who)
        if cookie is not None:
            self.context.add_cookies([cookie])  # type: ignore[list-item]
        self.context.add_init_script(_SHIFTS)
        self.finished: list[Request] = []
        self.context.on("request", lambda request: self.asked.append(request))
        # The size of what never ends would be waited for as long.
        self.context.on("requestfinished", lambda request: self.finished.append(request))
        self.page: Page = self.context.new_page()
        self.page.goto(site.url + visit.address)

    def weigh(self) -> Weight:
        sizes = [(request, _size(request)) for request in self.finished]
        core = sum(size for each, size in sizes if each.resource_type in ("document", "stylesheet"))
        result = Weight(
            self.site.template(self.visit),
            self.visit.address,
            self.width,
            bool(self.page.evaluate(_HAS_MAP)),
            sum(size for _, size in sizes),
            core,
            len(sizes),
            float(self.page.evaluate("window.shifted")),
            tuple(each.url for each in self.asked if not _is_ours(each.url, self.site.url)),
        )
        self.context.close()
        return result


def _size(request: Request) -> int:
    """Bytes of the answer with its headers."""
    sizes = request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]


def _is_ours(address: str, url: str) -> bool:
    return urlsplit(address).scheme in ("data", "blob") or address.startswith(f"{url}/")


def weights(
    browser: Browser, site: Site, visits: Iterable[Visit], after_load_s: float = AFTER_LOAD_S
) -> Iterator[Weight]:
    """Every page at every width, so many seconds after it was loaded."""
    wanted = [(visit, width) for visit in visits for width in WIDTHS]
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        tabs = [_Tab(browser, site, visit, width) for visit, width in some]
        end = time.monotonic() + after_load_s
        # The last one has its ten seconds; the browser's events are read meanwhile.
        while (left := end - time.monotonic()) > 0:
            tabs[-1].page.wait_for_timeout(left * 1000)
        yield from (tab.weigh() for tab in tabs)
        print(f"{start + len(some)} of {len(wanted)} pages", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Slowness:
    """A page on a slow line, without script."""

    address: str
    #: Seconds until it can be read, and until it could be filled in or pressed.
    readable_s: float
    usable_s: float


def on_a_slow_line(browser: Browser, site: Site, address: str, wanted: str) -> Slowness:
    """Open a page over 400 kbit/s with 400 ms of delay and no script.

    Args:
        browser: where.
        site: which board.
        address: of the page.
        wanted: selector of what must be there to be used.
    """
    context = browser.new_context(
        viewport={"width": 360, "height": HEIGHT}, locale="fr", java_script_enabled=False
    )
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", SLOW)
    tools.send("Performance.enable")
    tools.send("Page.enable")
    tools.send("Page.setLifecycleEventsEnabled", {"enabled": True})
    moments: dict[str, float] = {}
    tools.on(
        "Page.lifecycleEvent", lambda event: moments.setdefault(event["name"], event["timestamp"])
    )
    begun: list[float] = []
    tools.on(
        "Network.requestWillBeSent",
        lambda event: begun.append(event["timestamp"]),
    )
    moments.clear()
    page.goto(site.url + address, wait_until="commit")
    page.locator(wanted).first.wait_for()
    while "firstContentfulPaint" not in moments or "DOMContentLoaded" not in moments:
        page.wait_for_timeout(20)
    context.close()
    return Slowness(
        address,
        moments["firstContentfulPaint"] - begun[0],
        max(moments["firstContentfulPaint"], moments["DOMContentLoaded"]) - begun[0],
    )
