"""What appears on a page only after something was pressed or typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.audits.site import GUEST


@dataclass(frozen=True, slots=True)
class Press:
    """One thing that somebody does on a page."""

    name: str
    who: str
    address: str
    act: Callable[[Page], None]
    #: Widths that it can be done at; empty for every width.
    widths: tuple[int, ...] = ()


def _menu(page: Page) -> None:
    page.locator("details.languages > summary").click()


def _map(page: Page) -> None:
    page.locator("[data-map-toggle]").click()
    page.locator(".leaflet-marker-icon").first.wait_for()


def _popup(page: Page) -> None:
    if page.locator("[data-map-toggle]").is_visible():
        page.locator("[data-map-toggle]").click()
    page.locator(".leaflet-marker-icon").first.wait_for()
    page.locator(".leaflet-marker-icon").first.press("Enter")
    page.wait_for_load_state("networkidle")


def _suggest(page: Page) -> None:
    page.locator("[role=combobox]").first.press_sequentially("Douala")
    page.locator(".suggestions [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")


def _grid(page: Page) -> None:
    _suggest(page)
    page.keyboard.press("Enter")
    page.locator("[data-on-grid]").click()
    page.locator("[data-grid-choices]").wait_for()


def _map_of_areas(page: Page) -> None:
    _suggest(page)
    page.keyboard.press("Enter")
    page.locator("[data-on-map]").click()
    page.locator(".hex-choice").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")


def _refused_position(page: Page) -> None:
    page.locator("[data-near-me]").click()
    page.locator("[data-near-problem]").wait_for()


def _proof(page: Page) -> None:
    page.locator("form[data-once] textarea, form[data-once] input[type=text]").first.focus()
    page.locator("altcha-widget input[type=checkbox]").wait_for()


_LIST = "/listings"
_FORM = "/listings/new?kind=request"
PRESSES = (
    Press("menu of languages", GUEST, "/about", _menu),
    Press("map opened", GUEST, _LIST, _map, (360,)),
    Press("popup on the map", GUEST, _LIST, _popup),
    Press("places suggested", GUEST, _LIST, _suggest),
    Press("grid opened", GUEST, _FORM, _grid),
    Press("map of areas", GUEST, _FORM, _map_of_areas),
    Press("position refused", GUEST, _FORM, _refused_position),
    Press("proof of work", GUEST, _FORM, _proof),
)
