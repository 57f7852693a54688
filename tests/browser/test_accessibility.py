"""For every reader, in a real browser: rules, keyboard, large text, less motion, no third parties.

The whole walk is `make a11y`; here are the pages that most people see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.audits import axe, reflow
from tests.audits.a11y import Audit, listening
from tests.audits.site import GUEST, OWNER, Site, Visit, filled
from tests.audits.weight import Weight, weights
from tests.audits.weight_report import CORE, PLAIN, SHIFT

pytestmark = pytest.mark.browser

#: What Tab can reach: one of a group of radio buttons stands for all.
_STOPS = """
() => {
  const groups = new Set();
  return [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
    .filter((each) => {
      if (each.disabled || each.tabIndex < 0) return false;
      if (!each.checkVisibility({ visibilityProperty: true })) return false;
      if (each.type !== "radio") return true;
      const group = `${each.form?.action} ${each.name}`;
      return !groups.has(group) && groups.add(group);
    }).length;
}
"""
#: Whether the element with the focus can be told by its outline, or by that of what it stands in.
_SEEN = """
() => {
  const shown = (each) => {
    const style = getComputedStyle(each);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  const focused = document.activeElement;
  const around = focused.closest(".tile, .listing-card");
  const box = focused.getBoundingClientRect();
  focused.dataset.stopped = "1";
  const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  // Of a date the browser itself outlines the part that has the focus.
  const native = focused.type === "date";
  return { shown: native || shown(focused) || Boolean(around && shown(around)), inView };
}
"""
_WHERE = "document.activeElement.outerHTML.slice(0, 200)"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A board with one of everything; what depends on the database is tested elsewhere."""
    with filled(tmp_path_factory.mktemp("town") / "home") as site:
        yield site


Opening = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, town: Site) -> Iterator[Opening]:
    """Opens an address as somebody, with what the context of a browser may be told."""
    contexts = []

    def opened(address: str, who: str = GUEST, width: int = 1280, **options: object) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            **{"locale": "fr", **options},  # type: ignore[arg-type]
        )
        contexts.append(context)
        cookie = town.cookie(who)
        if cookie is not None:
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(town.url + address)
        return page

    yield opened
    for context in contexts:
        context.close()


def listing(town: Site) -> str:
    """The address of a request that was answered."""
    assert town.town is not None
    return f"/listings/{town.town.view.public_id}"


MAIN = [
    (GUEST, "/"),
    (GUEST, "/listings"),
    (GUEST, "LISTING"),
    (GUEST, "LISTING/answer"),
    (GUEST, "/listings/new?kind=request"),
    (GUEST, "/alerts/new"),
    (OWNER, "/me"),
    (OWNER, "/moderation"),
]


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("fr", 360, "light"), ("ar", 1280, "dark")]
)
def test_main_pages_break_no_rule(
    chromium: Browser, town: Site, language: str, width: int, scheme: str
) -> None:
    """axe-core finds nothing, filled in and in error, and nobody else is asked for anything."""
    audit = Audit(chromium, town, language)
    visits = [Visit("filled", who, where.replace("LISTING", listing(town))) for who, where in MAIN]
    audit.run(visits, errors=True, presses=False, views=((width, (scheme,)),))
    faults = {
        (look.address, fault.rule, fault.target)
        for look in audit.looks
        for fault in look.verdict.faults
    }
    assert faults == set()
    assert len(audit.looks) > len(MAIN)
    assert all(look.verdict.rules > 95 for look in audit.looks)
    assert {look.state for look in audit.looks} == {"filled", "error"}
    assert (audit.foreign, audit.complaints, audit.misfits) == ([], [], [])


#: Where nothing listens.
OTHER = "http://127.0.0.1:9/picture.png"
WEAK = {
    "image-alt": "<img src='/static/img/icon.svg'>",
    "label": "<input type='text'>",
    "color-contrast": "<p class='weak'>hardly to be read</p>",
    "heading-order": "<h6>far below</h6>",
    "target-size": "<button class='tiny'>a</button><button class='tiny'>b</button>",
    "region": "",
}


@pytest.mark.parametrize("rule", WEAK)
def test_axe_finds_a_weak_page(open_page: Opening, rule: str) -> None:
    """Positive control: a real page with one weakness breaks that very rule."""
    page = open_page("/about")
    assert axe.judge(page).faults == []
    page.evaluate(
        """(html) => {
          if (!html) document.body.insertAdjacentHTML("beforeend", "<p>outside</p>");
          document.querySelector("main").insertAdjacentHTML("beforeend", html);
          for (const each of document.querySelectorAll(".weak")) each.style.color = "#ccc";
          for (const each of document.querySelectorAll(".tiny")) {
            each.style.cssText = "width: 8px; height: 8px; padding: 0; font-size: 6px";
          }
        }""",
        WEAK[rule],
    )
    assert rule in {fault.rule for fault in axe.judge(page).faults}


def test_a_request_to_another_site_is_heard(chromium: Browser, town: Site) -> None:
    """Positive control: a picture from elsewhere is heard, were the policy not there."""
    audit = Audit(chromium, town, "fr")
    context = chromium.new_context(bypass_csp=True)
    page = listening(context.new_page(), audit)
    page.goto(f"{town.url}/about")
    assert audit.foreign == []
    with page.expect_event("requestfailed"):
        page.evaluate("(address) => { new Image().src = address; }", OTHER)
    context.close()
    assert audit.foreign == [f"{town.url}/about: {OTHER}"]


def test_the_first_stop_leads_to_the_content(open_page: Opening) -> None:
    """The skip link shows itself when it has the focus, and what follows is inside the content."""
    page = open_page("/listings")
    page.keyboard.press("Tab")
    skip = page.locator(".skip-link").first
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize(
    "where", ["/", "/listings", "LISTING", "/listings/new?kind=request", "/about"]
)
def test_everything_is_reached_and_seen_by_keyboard(
    open_page: Opening, town: Site, where: str
) -> None:
    """Tab goes from stop to stop to the end, each in view with an outline; there is no trap."""
    # A page that glides to where the focus is would be looked at on its way.
    page = open_page(where.replace("LISTING", listing(town)), reduced_motion="reduce")
    page.wait_for_load_state("networkidle")
    stops = page.evaluate(_STOPS)
    unseen = []
    # A date has several stops inside.
    for _ in range(2 * stops):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        seen = page.evaluate(_SEEN)
        if not (seen["shown"] and seen["inView"]):
            unseen.append(page.evaluate(_WHERE))
    assert unseen == []
    assert page.evaluate("document.activeElement === document.body"), "a trap"
    # The check against robots appears once somebody is in the form.
    assert page.locator("[data-stopped]").count() >= stops


def test_the_map_is_reached_and_passed_over(open_page: Opening) -> None:
    """A pin opens by Enter and gives the focus back on Escape; one link leads past all pins."""
    page = open_page("/listings")
    pin = page.locator(".leaflet-marker-icon").first
    pin.wait_for()
    pin.focus()
    page.locator("#map-panel .skip-link").focus()
    expect(page.locator("#map-panel .skip-link")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('footer') !== null")


def test_a_pin_gives_the_focus_back(open_page: Opening, town: Site) -> None:
    """Its listing is one press away, and Escape leads back to where one was."""
    page = open_page("/listings?place=2232593&radius_km=500&kind=offer")
    pin = page.locator(".leaflet-marker-icon:has(.pin)").first
    pin.wait_for()
    pin.press("Enter")
    expect(page.locator(".leaflet-popup a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(pin).to_be_focused()


def test_on_a_telephone_the_button_leads_to_the_map(open_page: Opening) -> None:
    """The list stands between them, and need not be walked through."""
    page = open_page("/listings", width=360)
    page.locator("[data-map-toggle]").press("Enter")
    expect(page.locator("[data-map]")).to_be_focused()
    expect(page.locator("[data-map-toggle]")).to_have_attribute("aria-expanded", "true")


def test_an_error_takes_the_focus_and_leads_to_its_field(open_page: Opening) -> None:
    """A refused form says what to do, on top, and each line leads to where it is done."""
    page = open_page("/listings/new?kind=request")
    page.locator("main form button[type=submit]").last.press("Enter")
    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    link = summary.locator("a").first
    target = str(link.get_attribute("href")).removeprefix("#")
    link.press("Enter")
    assert page.evaluate("document.activeElement.id") == target


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize(("who", "where"), MAIN)
def test_a_page_fits_when_narrow_or_large(
    open_page: Opening, town: Site, who: str, where: str, language: str
) -> None:
    """Nothing to scroll aside at 320 px, nor with text of twice the size; no text is cut."""
    page = open_page(where.replace("LISTING", listing(town)), who, locale=language)
    assert reflow.misfits(page, 800) == []


def test_a_page_that_does_not_fit_is_found(open_page: Opening) -> None:
    """Positive control: a line that cannot break, and a box that hides its text."""
    page = open_page("/about")
    page.evaluate(
        """() => {
          const [wide, cut] = [document.createElement("p"), document.createElement("p")];
          wide.style.cssText = "white-space: nowrap; overflow-wrap: normal";
          cut.style.cssText = "white-space: nowrap; overflow: hidden; width: 5rem";
          wide.textContent = cut.textContent = "word ".repeat(60);
          document.querySelector("main").append(wide, cut);
        }"""
    )
    found = " ".join(reflow.misfits(page, 800))
    assert "too wide" in found
    assert "hides text" in found


def test_who_wants_less_motion_has_none(open_page: Opening) -> None:
    """No transition, no animation, no smooth scrolling, no flying map; others have them."""
    moving = """
    () => [...document.querySelectorAll("*")].filter((each) => {
      const style = getComputedStyle(each);
      return [style.transitionDuration, style.animationDuration].some((all) =>
        all.split(",").some((one) => parseFloat(one) > 0.001));
    }).length + (getComputedStyle(document.documentElement).scrollBehavior === "smooth" ? 1 : 0)
      + document.querySelectorAll(".leaflet-zoom-anim, .leaflet-fade-anim").length
    """
    counts = {}
    for motion in ("reduce", "no-preference"):
        page = open_page("/listings", reduced_motion=motion)
        page.locator(".leaflet-marker-icon").first.wait_for()
        counts[motion] = page.evaluate(moving)
    assert counts["reduce"] == 0
    assert counts["no-preference"] > 0


def test_the_first_page_and_a_listing_are_light(chromium: Browser, town: Site) -> None:
    """What `make weight` measures on every page, without its ten seconds of patience."""
    wheres = ("/", listing(town), f"{listing(town)}/answer")
    visits = [Visit("filled", GUEST, where) for where in wheres]
    measured: list[Weight] = list(weights(chromium, town, visits, after_load_s=1))
    first = [each for each in measured if each.address == "/"]
    assert max(each.whole for each in first) <= PLAIN
    assert max(each.core for each in measured) <= CORE
    assert max(each.shifted for each in measured) <= SHIFT
    assert {each.foreign for each in measured} == {()}
    assert min(each.core for each in measured) > 5_000
