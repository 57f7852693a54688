"""Tiles of a server that the operator has named, above the embedded land and beneath the pins."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from config.settings import Settings
from tests.factories import Factory
from tests.fakes import MailSink
from tests.geocoder import Geocoder, status

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]

DOUALA = "/listings#map=9/4.050/9.700"
PIN = ".leaflet-marker-icon .pin"
TILE = ".leaflet-tile-pane img.leaflet-tile-loaded"
LAND = ".leaflet-land-pane path.land"
NAME = ".map-label"
#: As markup it would be other signs; on a telephone it is wider than the map.
CREDIT = "© A &amp B, their contributors and whoever drew the rest of it, CC BY-SA"
#: One grey pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


@pytest.fixture
def server() -> Iterator[Geocoder]:
    """A tile server; it answers 500 until told otherwise."""
    with Geocoder.running() as server:
        yield server


@pytest.fixture
def settings(environment: dict[str, str], smtp: MailSink, server: Geocoder) -> Settings:
    """Settings of a board with this tile server."""
    tiles = {
        "TILE_URL": f"http://{server.domain}/{{z}}/{{x}}/{{y}}.png",
        "TILE_ATTRIBUTION": CREDIT,
    }
    return Settings.from_mapping({**environment, **tiles, "SMTP_URL": smtp.url})


@pytest.fixture
def page(site: str, chromium: Browser) -> Iterator[Page]:
    """A page on a wide screen, on which list and map stand side by side."""
    context = chromium.new_context(base_url=site, viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def picture(handler: BaseHTTPRequestHandler) -> None:
    """The same tile everywhere."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/png")
    handler.send_header("Content-Length", str(len(PIXEL)))
    handler.end_headers()
    handler.wfile.write(PIXEL)


def depth(page: Page, pane: str) -> int:
    """How far above the ground a pane of the map lies."""
    script = "pane => Number(getComputedStyle(pane).zIndex)"
    found: Any = page.locator(f".leaflet-{pane}-pane").first.evaluate(script)
    return int(found)


def test_tiles_lie_between_the_land_and_the_pins(
    page: Page, site: str, server: Geocoder, make: Factory
) -> None:
    """Their server learns the site and the tile, and the names of the gazetteer stay away."""
    server.answer = picture
    make.offer(title="À Douala")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(DOUALA)
    expect(page.locator(PIN)).to_be_visible()
    expect(page.locator(TILE).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator(LAND).first).to_be_attached()
    depths = [depth(page, pane) for pane in ("land", "tile", "overlay", "marker")]
    assert depths == sorted(set(depths))
    assert not [each for each in addresses if "/places/names" in each]
    expect(page.locator(NAME)).to_have_count(0)
    expect(page.locator(".leaflet-control-attribution")).to_contain_text(CREDIT)
    paths, sent = zip(*server.asked, strict=True)
    assert "/9/269/250.png" in paths
    assert {headers.get("Referer") for headers in sent} == {f"{site}/"}
    assert not any("Cookie" in headers for headers in sent)


def test_a_dead_tile_server_leaves_the_embedded_map(
    page: Page, server: Geocoder, make: Factory
) -> None:
    """Land, names and pins, as if none had been named; when it is back, so are its tiles."""
    make.offer(title="À Douala")
    page.goto(DOUALA)
    expect(page.locator(PIN)).to_be_visible()
    expect(page.locator(LAND).first).to_be_visible()
    expect(page.locator(NAME).first).to_be_visible()
    assert server.asked
    expect(page.locator(TILE)).to_have_count(0)
    server.answer = picture
    page.locator(".leaflet-control-zoom-in").click()
    expect(page.locator(TILE).first).to_be_visible()
    expect(page.locator(NAME)).to_have_count(0)
    server.answer = status(500)
    page.locator(".leaflet-control-zoom-in").click()
    expect(page.locator(NAME).first).to_be_visible()


def test_a_silent_tile_server_is_not_waited_for(page: Page, server: Geocoder) -> None:
    """It takes the question and says nothing: the names come all the same."""
    server.answer = lambda _: server.over.wait() and None
    page.clock.install()
    # The pictures of a page are waited for before it is loaded.
    page.goto(DOUALA, wait_until="domcontentloaded")
    expect(page.locator(".leaflet-tile-pane img").first).to_be_attached()
    page.clock.run_for(5_000)
    expect(page.locator(NAME).first).to_be_visible()


def test_a_long_attribution_hides_no_scale(page: Page, server: Geocoder) -> None:
    """On a telephone it takes more than one line."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(DOUALA)
    said = page.locator(".leaflet-control-attribution")
    expect(said).to_contain_text(CREDIT)
    scale = page.locator(".leaflet-control-scale").bounding_box()
    line = said.bounding_box()
    assert scale is not None
    assert line is not None
    assert scale["y"] + scale["height"] <= line["y"]
