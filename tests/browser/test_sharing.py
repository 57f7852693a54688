"""Passing a listing on, as a telephone does it: copied, printed, scanned."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import zxingcpp
from playwright.sync_api import Browser, Locator, Page, expect

from tests.factories import Factory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]

#: A camera sees the code on white paper, some pixels for each of its modules.
PIXELS = 400
AS_SEEN = """
async (svg, pixels) => {
  const source = new XMLSerializer().serializeToString(svg);
  const image = new Image(pixels, pixels);
  image.src = `data:image/svg+xml;utf8,${encodeURIComponent(source)}`;
  await image.decode();
  const canvas = new OffscreenCanvas(pixels, pixels).getContext("2d");
  canvas.drawImage(image, 0, 0, pixels, pixels);
  return Array.from(canvas.getImageData(0, 0, pixels, pixels).data).filter((_, n) => n % 4 === 0);
}
"""


@pytest.fixture(params=["fr", "ar"])
def telephone(request: pytest.FixtureRequest, site: str, chromium: Browser) -> Iterator[Page]:
    """The small telephone of somebody who reads one language."""
    context = chromium.new_context(
        base_url=site, locale=request.param, viewport={"width": 360, "height": 740}
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


def scanned(code: Locator) -> str:
    """What a camera reads."""
    seen = np.array(code.evaluate(AS_SEEN, PIXELS), dtype=np.uint8).reshape(PIXELS, PIXELS)
    found = zxingcpp.read_barcodes(seen)
    assert len(found) == 1, f"{len(found)} codes"
    return found[0].text


def test_a_listing_goes_from_a_telephone_to_a_wall_and_to_another_telephone(
    telephone: Page, make: Factory
) -> None:
    """Copied as an address, printed without what belongs to the site, scanned back."""
    page, view = telephone, make.offer(title="Courses à Akwa")
    page.goto(f"/listings/{view.public_id}")
    page.locator("[data-share-copy]").click()
    expect(page.locator("[data-share-status]")).not_to_be_empty()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"/listings/{view.public_id}")

    page.locator("a[href$='/poster']").click()
    page.evaluate("window.print = () => { document.documentElement.dataset.printed = 'yes'; }")
    page.locator("[data-print]").click()
    expect(page.locator("html[data-printed]")).to_have_count(1)
    page.emulate_media(media="print")
    for part in (".site-head", ".site-foot", ".poster-tools"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.locator(".poster-title")).to_be_visible()

    assert scanned(page.locator(".poster-code svg")) == copied
    page.goto(copied)
    expect(page.locator("h1")).to_have_text("Courses à Akwa")


def test_a_poster_is_one_sheet(telephone: Page, make: Factory) -> None:
    """Of A4, with the longest title and text that the board takes."""
    view = make.offer(title="Long " * 24, text="Du riz et de l’huile. " * 150)
    telephone.goto(f"/listings/{view.public_id}/poster")
    assert telephone.pdf(format="A4").count(b"/Type /Page\n") == 1
