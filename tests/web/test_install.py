"""The board on a home screen: the manifest in each language, the pictures, the one worker."""

from __future__ import annotations

import gzip
import json
import re
import struct

import pytest
from flask.testing import FlaskClient

from board.i18n import LOCALES, direction
from tests.web.conftest import Page
from web.assets import STATIC
from web.install import ICONS

#: What the offline pages, their sheet, signs and scripts and the worker may weigh together.
MOST_BYTES = 40_000


def test_each_language_has_its_manifest(reader: FlaskClient) -> None:
    """Named by every page; one board in all languages."""
    described = set()
    for locale in LOCALES:
        page = Page(reader.get(f"/?lang={locale}").text)
        answer = reader.get(page.one("link", rel="manifest")["href"])
        assert answer.mimetype == "application/manifest+json"
        manifest = json.loads(answer.data)
        assert (manifest["lang"], manifest["dir"]) == (locale, direction(locale))
        assert (manifest["id"], manifest["start_url"], manifest["scope"]) == ("/", "/", "/")
        assert manifest["display"] == "standalone"
        assert manifest["name"] and manifest["short_name"]
        described.add((manifest["description"], *(each["name"] for each in manifest["shortcuts"])))
    assert len(described) == len(LOCALES)
    assert reader.get("/manifest/xx.webmanifest").status_code == 404


def test_the_colours_are_those_of_the_sheet(reader: FlaskClient) -> None:
    """In the light: the bar is a card, the ground is paper."""
    manifest = json.loads(reader.get("/manifest/en.webmanifest").data)
    sheet = (STATIC / "css" / "site.css").read_text("utf-8")
    found = dict(re.findall(r"--(paper|card): (#\w+);", sheet.partition("@media")[0]))
    assert (manifest["theme_color"], manifest["background_color"]) == (
        found["card"],
        found["paper"],
    )


def test_each_picture_is_as_large_as_it_says(reader: FlaskClient) -> None:
    """Of those that are no SVG; one of them can be cut into any shape."""
    manifest = json.loads(reader.get("/manifest/en.webmanifest").data)
    sizes = [
        (each["src"], int(each["sizes"].partition("x")[0]))
        for each in manifest["icons"]
        if each["sizes"] != "any"
    ]
    touch = Page(reader.get("/").text).one("link", rel="apple-touch-icon")["href"]
    for address, side in [*sizes, (touch, 180)]:
        picture = reader.get(address)
        assert picture.mimetype == "image/png"
        assert picture.data[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", picture.data[16:24]) == (side, side), address
    assert {purpose for _, _, purpose in ICONS} == {"any", "maskable"}


def test_shortcuts_lead_to_pages(reader: FlaskClient) -> None:
    """Asking, offering, and messages, for which one signs in."""
    manifest = json.loads(reader.get("/manifest/fr.webmanifest").data)
    statuses = [reader.get(each["url"]).status_code for each in manifest["shortcuts"]]
    assert statuses == [200, 200, 303]


@pytest.mark.parametrize("address", ["/service-worker.js", "/push-worker.js"])
def test_the_worker_stands_at_the_top_and_is_asked_for_again(
    reader: FlaskClient, address: str
) -> None:
    """It may act for the whole site; browsers with the address of before get the same one."""
    answer = reader.get(address)
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert answer.data == reader.get("/service-worker.js").data
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "manifest-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    again = reader.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("locale", LOCALES)
def test_what_the_worker_fetches_at_its_start_is_small(reader: FlaskClient, locale: str) -> None:
    """The two offline pages in the reader's language and what they are made of, compressed."""
    headers = {"Accept-Encoding": "gzip", "Accept-Language": locale}
    addresses = {"/service-worker.js", "/offline", "/offline/unsent"}
    for where in ("/offline", "/offline/unsent"):
        html = reader.get(where, headers={"Accept-Language": locale}).text
        assert f'lang="{locale}"' in html
        addresses |= set(re.findall(r'"(/(?:static|sheet)/[^"#]+\?v=[\w.]+)', html))
    assert any("/sheet/" in each for each in addresses)
    answers = [reader.get(each, headers=headers) for each in addresses]
    assert all(each.status_code == 200 for each in answers)
    assert sum(len(each.data) for each in answers) < MOST_BYTES
    assert gzip.decompress(answers[0].data)
