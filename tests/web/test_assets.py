"""Files of the pages: the fixed list of third-party ones, versions and caches."""

from __future__ import annotations

import gzip
import re

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Page
from web.assets import STATIC, VENDOR


@pytest.mark.parametrize("name", sorted(VENDOR))
def test_each_third_party_file_is_there(reader: FlaskClient, name: str) -> None:
    """Served with a type that browsers accept under nosniff."""
    response = reader.get(f"/vendor/{name}")
    assert response.status_code == 200
    assert response.mimetype in {"text/javascript", "text/css", "application/json"}


@pytest.mark.parametrize(
    "address",
    [
        "/vendor/package.json",
        "/vendor/bootstrap/dist/css/bootstrap.css",
        "/vendor/..%2F..%2Fpyproject.toml",
        "/vendor/bootstrap.css",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2Fapp.py",
        "/static//etc/passwd",
        "/static/css",
        "/static/none.js",
    ],
)
def test_nothing_else_is_served(reader: FlaskClient, address: str) -> None:
    """Neither other packages, nor other folders."""
    assert reader.get(address, follow_redirects=True).status_code == 404


def test_a_named_version_is_kept_for_ever(reader: FlaskClient) -> None:
    """The addresses in pages name the version of what is served."""
    page = Page(reader.get("/listings").text)
    addresses = [each["href"] for each in page.all("link", rel="stylesheet")]
    addresses += [each["src"] for each in page.all("script")]
    for address in addresses:
        assert re.search(r"\?v=[\w.]+$", address), address
        assert "immutable" in reader.get(address).headers["Cache-Control"], address


@pytest.mark.parametrize("address", ["/static/js/page.js", "/vendor/leaflet.js?v=0.0.0"])
def test_another_version_is_asked_for_again(reader: FlaskClient, address: str) -> None:
    """Without the right version the browser must check, and gets 304 when nothing changed."""
    response = reader.get(address)
    assert "no-cache" in response.headers["Cache-Control"]
    again = reader.get(address, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_files_travel_compressed_to_those_who_take_it(reader: FlaskClient) -> None:
    """A small telephone loads a third."""
    plain = reader.get("/vendor/leaflet.js")
    packed = reader.get("/vendor/leaflet.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_what_a_first_visit_loads_is_small(reader: FlaskClient) -> None:
    """The first page: at most 25 kB of sheets and scripts, compressed."""
    page = Page(reader.get("/").text)
    addresses = [each["href"] for each in page.all("link", rel="stylesheet")]
    addresses += [each["src"] for each in page.all("script")]
    sizes = [
        len(reader.get(address, headers={"Accept-Encoding": "gzip"}).data) for address in addresses
    ]
    assert sum(sizes) < 25_000


def test_every_icon_that_is_used_exists(reader: FlaskClient) -> None:
    """Names in pages and of the categories are in the sprite."""
    sprite = (STATIC / "img" / "icons.svg").read_text("utf-8")
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    for address in (
        "/",
        "/listings",
        "/listings/new?kind=request",
        "/organisations/new",
        "/alerts/new",
        "/about",
        "/dev/mail",
        "/listings/sent",
    ):
        used = set(re.findall(r'icons\.svg\?v=\w+#([\w-]+)"', reader.get(address).text))
        assert used, address
        assert used <= known, used - known


def test_our_own_files_name_no_other_site() -> None:
    """No address of another site in our scripts and sheets."""
    for path in STATIC.rglob("*.*"):
        if path.suffix == ".png":
            continue
        text = path.read_text("utf-8")
        addresses = set(re.findall(r"https?://[\w./]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path
