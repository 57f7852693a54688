"""Every page against axe-core: filled, empty and in error, in each language, scheme and width.

In the languages that are looked at in every view, also whether it fits when narrow or large.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Response

from tests.audits import axe, offline, reflow
from tests.audits.deeds import Deed
from tests.audits.presses import PRESSES, Press
from tests.audits.site import MADE_OF, Site, Visit, shape

#: Language -> (width in CSS pixels, colour schemes) that it is looked at in.
Views = tuple[tuple[int, tuple[str, ...]], ...]
WHOLE: Views = ((360, ("light", "dark")), (1280, ("light", "dark")))
ONCE: Views = ((360, ("light",)),)
VIEWS = {"fr": WHOLE, "ar": WHOLE, "en": ONCE, "es": ONCE, "pt": ONCE}
HEIGHT = 800
#: Looks after which a line says how far the walk is.
TOLD_EVERY = 50
#: What is folded away is judged too; the menu of languages, which covers a part of the page, has
#: a press of its own.
_UNFOLD = "document.querySelectorAll('details:not(.languages)').forEach((each) => each.open = true)"
_HAS_MAP = """Boolean(document.querySelector(
  "[data-listings-map], [data-listing-map], [data-alerts-map], [data-needs-map], [data-plot]"
))"""
#: Forms that ask for something, by number.
_FORMS = """
[...document.forms].map((form, number) => [number, form]).filter(([, form]) =>
  form.method === "post" && [...form.elements].some((each) =>
    !["hidden", "submit", "button", "fieldset"].includes(each.type) && each.name !== "homepage"))
  .map(([number]) => number)
"""
_SEND_EMPTY = """
(number) => {
  const form = document.forms[number];
  for (const each of form.elements) {
    if (["checkbox", "radio"].includes(each.type)) each.checked = false;
    else if (!["hidden", "submit", "button", "fieldset"].includes(each.type)) each.value = "";
  }
  HTMLFormElement.prototype.submit.call(form);
}
"""


@dataclass(frozen=True, slots=True)
class View:
    """What a page was looked at in."""

    language: str
    width: int
    scheme: str


@dataclass(frozen=True, slots=True)
class Look:
    """One page in one view."""

    #: The template, or "?" where another program made the page.
    page: str
    state: str
    address: str
    view: View
    verdict: axe.Verdict


@dataclass
class Audit:
    """Walks one browser over one site in one language."""

    browser: Browser
    site: Site
    language: str
    looks: list[Look] = field(default_factory=list)
    #: Requests to others, and what the browser complained of.
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    #: What stands out at 320 px, or with text of twice the size.
    misfits: list[str] = field(default_factory=list)
    #: Forms that take nothing for an answer, by page and number: there is no error to look at.
    _content: set[tuple[str, int]] = field(default_factory=set)

    def run(
        self,
        visits: Iterable[Visit],
        *,
        errors: bool,
        presses: bool = True,
        views: Views | None = None,
    ) -> None:
        """Look at these pages, at what appears when something is pressed, and at errors.

        Args:
            visits: the pages.
            errors: whether to send their forms with nothing filled in.
            presses: whether to do what `PRESSES` lists.
            views: instead of those of the language.
        """
        visits = list(visits)
        for width, schemes in views or VIEWS[self.language]:
            with_contexts = _Contexts(self, width)
            if presses:
                for press in PRESSES:
                    page = with_contexts.page(press.who)
                    self._press(page, press, width, schemes)
            for visit in visits:
                self.visit(with_contexts.page(visit.who), visit, width, schemes)
            if errors:
                for visit in visits:
                    self._send_empty(with_contexts.page(visit.who), visit, width, schemes)
            with_contexts.close()

    def do(self, deeds: Iterable[Deed]) -> None:
        """Do what can be done once, and look at the answer in every view."""
        width, _ = VIEWS[self.language][0]
        contexts, seen = _Contexts(self, width), set[str]()
        for deed in deeds:
            page = contexts.page(deed.who)
            page.set_viewport_size({"width": width, "height": HEIGHT})
            opened = page.goto(self.site.url + deed.address)
            if opened is None or not opened.ok:
                # A link that an earlier deed has used up.
                continue
            answer = deed.act(page)
            built = shape(page.content())
            if built in seen:
                continue
            seen.add(built)
            for each, schemes in VIEWS[self.language]:
                page.set_viewport_size({"width": each, "height": HEIGHT})
                self._judge(page, answer, "filled: done", each, schemes)
        contexts.close()

    def cut_off(self) -> None:
        """Look at what a device shows without a connection, the copy that it keeps included."""
        for width, schemes in VIEWS[self.language]:
            contexts = _Contexts(self, width)
            page = contexts.page("member")
            offline.keep_copy(page, self.site.url)
            self.site.cut_off()
            answer = offline.open_without_connection(page, self.site.url)
            self._judge(page, answer, "filled: no connection", width, schemes)
            for number in range(page.locator(offline.COPIES).count()):
                offline.open_without_connection(page, self.site.url)
                answer = offline.open_copy(page, number)
                made_of = offline.made_of(page.url)
                self._judge(page, answer, "filled: copy", width, schemes, made_of=made_of)
            self.site.cut_off(cut=False)
            contexts.close()

    def visit(self, page: Page, visit: Visit, width: int, schemes: tuple[str, ...]) -> None:
        """Open a page and judge it."""
        answer = page.goto(self.site.url + visit.address)
        self._judge(page, answer, visit.state, width, schemes)
        if width == reflow.WIDE:
            found = reflow.misfits(page, HEIGHT)
            self.misfits += [f"{self.language} {visit.address}: {each}" for each in found]
            page.set_viewport_size({"width": width, "height": HEIGHT})

    def _press(self, page: Page, press: Press, width: int, schemes: tuple[str, ...]) -> None:
        if press.widths and width not in press.widths:
            return
        answer = page.goto(self.site.url + press.address)
        press.act(page)
        self._judge(page, answer, f"filled: {press.name}", width, schemes, unfold=False)

    def _send_empty(self, page: Page, visit: Visit, width: int, schemes: tuple[str, ...]) -> None:
        """Send each form of a page with nothing in it."""
        page.goto(self.site.url + visit.address)
        for number in page.evaluate(_FORMS):
            key = (visit.address.partition("?")[0], number)
            if key in self._content:
                continue
            page.goto(self.site.url + visit.address)
            with page.expect_navigation() as leaving:
                page.evaluate(_SEND_EMPTY, number)
            answer = leaving.value
            if answer is not None and answer.status >= 400:
                self._judge(page, answer, "error", width, schemes)
            else:
                self._content.add(key)

    def _judge(
        self,
        page: Page,
        answer: Response | None,
        state: str,
        width: int,
        schemes: tuple[str, ...],
        unfold: bool = True,
        made_of: str = "?",
    ) -> None:
        if page.evaluate(_HAS_MAP):
            page.wait_for_load_state("networkidle")
        if unfold:
            page.evaluate(_UNFOLD)
        template = made_of if answer is None else answer.headers.get(MADE_OF.lower(), made_of)
        address = page.url.removeprefix(self.site.url)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            view = View(self.language, width, scheme)
            self.looks.append(Look(template, state, address, view, axe.judge(page)))
            if not len(self.looks) % TOLD_EVERY:
                told = f"{self.language}: {len(self.looks)} looks, now {width} px {state} {address}"
                print(told, file=sys.stderr, flush=True)


class _Contexts:
    """One page for each reader, all of one width."""

    def __init__(self, audit: Audit, width: int) -> None:
        self._audit, self._width = audit, width
        self._pages: dict[str, tuple[BrowserContext, Page]] = {}

    def page(self, who: str) -> Page:
        """The tab of somebody."""
        if who not in self._pages:
            context = self._audit.browser.new_context(
                viewport={"width": self._width, "height": HEIGHT}, locale=self._audit.language
            )
            cookie = self._audit.site.cookie(who)
            if cookie is not None:
                context.add_cookies([cookie])  # type: ignore[list-item]
            self._pages[who] = context, listening(context.new_page(), self._audit)
        return self._pages[who][1]

    def close(self) -> None:
        for context, _ in self._pages.values():
            context.close()


def listening(page: Page, audit: Audit) -> Page:
    """Note what the page asks of others, and what the browser refuses it."""

    def asked(address: str) -> None:
        if urlsplit(address).scheme != "data" and not address.startswith(f"{audit.site.url}/"):
            audit.foreign.append(f"{page.url}: {address}")

    page.on("request", lambda request: asked(request.url))
    page.on("pageerror", lambda error: audit.complaints.append(f"{page.url}: {error}"))
    return page
