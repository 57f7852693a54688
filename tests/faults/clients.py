"""People at their browsers: forms sent over real HTTP, and sent again while the answer is unknown.

A time-out, a cut connection and a 503 say nothing about what was done: the same form is sent again
with the same key until it is answered.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.web.conftest import Page

#: A browser waits longer; who waits less learns less.
TIMEOUT_S = 15.0
#: After which a form that is never answered fails the test.
PATIENCE_S = 150.0
#: Between two tries, as somebody who presses the button again.
AGAIN_S = 0.2
UNKNOWN = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


@dataclass
class Browser:
    """Cookies and an address of this machine."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    #: Where it seems to come from, for a server that believes its proxy.
    network: str = ""
    #: How often each status came, and "unknown" where none did.
    seen: Counter[str] = field(default_factory=Counter)

    def get(self, path: str, timeout_s: float = TIMEOUT_S) -> Answer:
        """One request. Raises one of UNKNOWN."""
        return self._ask("GET", path, None, timeout_s)

    def post(self, path: str, form: Mapping[str, object], timeout_s: float = TIMEOUT_S) -> Answer:
        """One request. Raises one of UNKNOWN."""
        return self._ask("POST", path, urlencode(form, doseq=True), timeout_s)

    def _ask(self, method: str, path: str, body: str | None, timeout_s: float) -> Answer:
        headers = {"Accept-Language": "en"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if self.network:
            headers["X-Forwarded-For"] = self.network
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except UNKNOWN:
            self.seen["unknown"] += 1
            raise
        finally:
            connection.close()
        for name, value in response.getheaders():
            if name == "Set-Cookie":
                self.cookies |= {key: item.value for key, item in SimpleCookie(value).items()}
        self.seen[str(response.status)] += 1
        seconds = time.monotonic() - begun
        return Answer(response.status, dict(response.getheaders()), text, seconds)

    def page(self, path: str) -> Page:
        """A page, asked for until it comes."""
        answer = until_known(lambda: self.get(path))
        assert answer.status == 200, f"{path}: {answer.status}"
        return Page(answer.text)

    def blank(self, kind: str = "offer") -> dict[str, object]:
        """What the empty form of a listing would send: its tokens, its key, its defaults."""
        page = self.page(f"/listings/new?kind={kind}")
        names = ("csrf_token", "key", "starts_on", "ends_on")
        fields = {name: page.value(name) for name in names}
        return {"kind": kind, "reach": "local", "radius_km": "10", **fields}


def until_known(ask: Callable[[], Answer]) -> Answer:
    """Ask until the answer says what was done."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            answer = ask()
        except UNKNOWN:
            pass
        else:
            # The page of any other failure says as little as this one does.
            if answer.status < 500:
                return answer
        threading.Event().wait(AGAIN_S)
    raise AssertionError(f"no answer within {PATIENCE_S} s")


def confirmed(browser: Browser, token: str) -> bool:
    """Press the button of a mailed link until it has worked; whether this press is known to.

    False when an earlier one, whose answer was lost, had done it.
    """
    path = f"/links/{token}"
    shown = until_known(lambda: browser.get(path))
    if shown.status == 200:
        form = {"csrf_token": Page(shown.text).value("csrf_token")}
        shown = until_known(lambda: browser.post(path, form))
    assert shown.status in (303, 410), f"a link answered {shown.status}"
    return shown.status == 303
