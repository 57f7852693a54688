"""T8: the server asks nobody whom a visitor or a foreign server names.

Of what makes requests there is the online geocoder, whose host the operator names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from geopy.adapters import URLLibAdapter
from geopy.geocoders import Photon

from board.geocoding import GeocoderAway
from config.settings import ROOT, Settings, SettingsError
from tests.geocoder import Geocoder, features, online, redirect
from tests.promises.house import House, Post
from tests.web.conftest import Poster

#: Where a canary is put: at its own port of loopback, under several names.
NAMES = ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433", "127.1")
#: What a visitor types where the name of a place is asked; "%s" is the canary.
TYPED = (
    "http://%s/",
    "https://%s/latest/meta-data",
    "//%s/x",
    "@%s",
    "x@%s/",
    "%s",
    "#@%s/",
    "?@%s",
    "/../../@%s/",
    "\\\\%s\\share",
    "x&domain=%s",
    "x HTTP/1.1 Host: %s",
    "file:///etc/passwd %s",
    "gopher://%s/_x",
)
LINK_LOCAL = "http://169.254.169.254/latest/meta-data"


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Geocoder]:
    """A server that nobody must ask."""
    monkeypatch.setenv("no_proxy", "*")
    with Geocoder.running() as listening:
        listening.answer = features((48.85, 2.35, "house"))
        yield listening


def test_T08_what_a_visitor_types_is_no_address(house: House, canary: Geocoder) -> None:
    """The geocoder that the operator named is asked for the text, at its own path."""
    house.geocoder.answer = features((48.85, 2.35, "house"))
    fields = Post("asker", (0, 0)).fields
    for typed in TYPED:
        asked = typed % canary.domain
        assert Poster(house.client).listing(**fields, place=asked).status_code == 422
        assert Poster(house.client).alert(place=asked).status_code == 422
        house.client.get("/places", query_string={"q": asked})
        house.client.get("/listings", query_string={"near": asked})
    assert canary.asked == []
    assert len(house.geocoder.asked) > len(TYPED)
    assert {urlsplit(path).path for path, _ in house.geocoder.asked} <= {"/api", "/api/"}
    assert {headers["Host"] for _, headers in house.geocoder.asked} == {house.geocoder.domain}


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", [*NAMES, LINK_LOCAL])
def test_T08_a_redirect_leads_nowhere(canary: Geocoder, code: int, name: str) -> None:
    """Not to this machine under any of its names, not to the cloud's own addresses."""
    port = canary.server_address[1]
    target = name if name == LINK_LOCAL else f"http://{name}:{port}/latest/meta-data"
    with Geocoder.running() as server:
        server.answer = redirect(code, target)
        with pytest.raises(GeocoderAway):
            online(server).locate("12 rue de la Paix", "fr", 2)
        assert (len(server.asked), canary.asked) == (1, [])


def test_T08_the_form_goes_on_when_the_geocoder_redirects(house: House, canary: Geocoder) -> None:
    """As when it is away: the place must be named otherwise."""
    house.geocoder.answer = redirect(302, f"http://{canary.domain}/")
    fields = Post("asker", (0, 0)).fields
    answer = Poster(house.client).listing(**fields, place="12 rue de la Paix")
    assert answer.status_code == 422 and "Try a larger town nearby" in answer.text
    assert (len(house.geocoder.asked), canary.asked) == (1, [])


@pytest.mark.parametrize("code", [301, 302, 303, 307])
def test_T08_control_a_client_that_follows_redirects_is_heard(canary: Geocoder, code: int) -> None:
    """The same redirect, through the library as it comes."""
    with Geocoder.running() as server:
        server.answer = redirect(code, f"http://{canary.domain}/latest/meta-data")
        library = Photon(scheme="http", domain=server.domain, adapter_factory=URLLibAdapter)
        library.geocode("12 rue de la Paix", exactly_one=False)
    assert len(canary.asked) == 1


def test_T08_the_operators_geocoder_is_asked_over_https_only(
    house: House, canary: Geocoder
) -> None:
    """A host is accepted, an address with a scheme is not, and plain HTTP is not spoken."""
    variables = {"ENTRAIDE_HOME": str(house.folder), "GEOCODER": "photon"}
    for refused in (f"http://{canary.domain}", f"//{canary.domain}", f"x@{canary.domain}"):
        with pytest.raises(SettingsError, match="GEOCODER_DOMAIN"):
            Settings.from_mapping({**variables, "GEOCODER_DOMAIN": refused})
    finder = type(house.board.finder).from_settings(
        Settings.from_mapping({**variables, "GEOCODER_DOMAIN": canary.domain}),
        house.board.gazetteer,
        house.board.countries,
    )
    assert finder.find("12 rue de la Paix", (), "fr", limit=2) == []
    assert canary.asked == []


#: Libraries that open connections, and the modules of ours that may.
_OPENING = {"urllib.request", "http.client", "socket", "requests", "httpx", "aiohttp", "smtplib"}
_OPENING |= {"pywebpush"}
_MAY = {
    "board/geocoding.py": "to the operator's geocoder",
    "board/delivery.py": "to the operator's mail server",
    "board/push_delivery.py": "to the push services of the list",
    "cli/run.py": "looks whether a port of this machine is free",
}


def test_T08_nothing_else_opens_connections() -> None:
    """Whoever adds something that makes requests comes by here, and adds its proof above."""
    found = {
        str(path.relative_to(ROOT))
        for room in ("board", "cli", "config", "matcher", "web", "workers")
        for path in (ROOT / room).rglob("*.py")
        if _OPENING & set(imported(path.read_text(encoding="utf-8")))
    }
    assert found <= set(_MAY)


def imported(source: str) -> Iterator[str]:
    """Modules that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_T08_control_an_import_is_seen() -> None:
    """The look at sources finds what it looks for."""
    assert set(imported("import socket\nfrom urllib.request import urlopen")) == {
        "socket",
        "urllib.request",
    }
