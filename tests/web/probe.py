"""What no answer may carry: inline script, foreign addresses, weak headers, open cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from http.cookies import SimpleCookie

from werkzeug.test import TestResponse

from tests.web.conftest import VOID
from web.guards import Guard

#: Attributes that make the browser fetch something, or send something there.
LOADS = frozenset(
    {"src", "srcset", "data", "poster", "background", "action", "formaction", "manifest", "ping"}
)
#: Elements whose `href` is fetched without being asked.
FETCHED = frozenset({"link", "use", "image", "base"})
#: Elements that no page of ours has.
FOREIGN = frozenset({"style", "iframe", "frame", "object", "embed", "applet", "base", "portal"})
#: What a link that one follows may begin with.
FOLLOWED = ("/", "#", "?", "https://", "http://", "tel:", "mailto:")
#: Said by every answer; nothing of it may be looser on any page.
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
}
_ADDRESS = re.compile(r"[\w.+-]+@example\.org")


class Tags(HTMLParser):
    """Every element of a page with its attributes, repeated ones too, and its own text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, list[tuple[str, str]], list[str]]] = []
        self._open: list[int] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [(name, value or "") for name, value in attrs], []))
        if tag not in VOID:
            self._open.append(len(self.found) - 1)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self.found[self._open.pop()][0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[self._open[-1]][2].append(data)


def faults_of_page(html: str) -> list[str]:
    """What the policy would have to block, and what would lead a reader's browser elsewhere."""
    return [fault for element in Tags(html).found for fault in _faults_of_element(*element)]


def _faults_of_element(
    tag: str, attributes: list[tuple[str, str]], text: list[str]
) -> Iterator[str]:
    names = [name for name, _ in attributes]
    if tag in FOREIGN:
        yield f"an element {tag}"
    if tag == "script" and ("src" not in names or "".join(text).strip()):
        yield "a script in the page"
    if tag == "meta" and "http-equiv" in names:
        yield "a header in the page"
    for name, value in attributes:
        # A browser reads addresses without spaces, tabs and line ends.
        plain = re.sub(r"[\x00-\x20]", "", value).lower()
        if name.startswith("on") or name in ("style", "srcdoc"):
            yield f"{tag} {name}={value}"
        if re.match(r"(javascript|vbscript|data:text|blob|file):?", plain):
            yield f"{tag} {name}={value}"
        if name in LOADS or (name == "href" and tag in FETCHED):
            allowed = ("/", "#", "?") if tag != "img" else ("/", "data:image/")
            if plain.startswith("//") or not plain.startswith(allowed):
                yield f"{tag} loads {name}={value}"
        elif name == "href" and (plain.startswith("//") or not plain.startswith(FOLLOWED)):
            yield f"{tag} leads to {value}"


def faults_of_answer(response: TestResponse, guard: Guard, *, https: bool = False) -> list[str]:
    """What is wrong with the headers of an answer to a route behind this guard."""
    return [
        *_faults_of_policy(response.headers.get("Content-Security-Policy", "")),
        *_faults_of_headers(response, guard, https),
        *(
            fault
            for line in response.headers.getlist("Set-Cookie")
            for fault in cookie(line, https)
        ),
    ]


def _faults_of_policy(header: str) -> Iterator[str]:
    policy = dict(part.strip().partition(" ")[::2] for part in header.split(";"))
    for name, value in STRICT.items():
        if policy.get(name) != value:
            yield f"policy {name} is {policy.get(name)}"
    loose = re.findall(r"unsafe-\w+|\*|https?:|blob:", header)
    if loose:
        yield f"policy allows {loose}"


def _faults_of_headers(response: TestResponse, guard: Guard, https: bool) -> Iterator[str]:
    headers = response.headers
    expected = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # The token of a mailed link stands in the address of its page.
        "Referrer-Policy": "strict-origin" if guard is Guard.LINK else "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    for name, value in expected.items():
        if headers.get(name) != value:
            yield f"{name} is {headers.get(name)}"
    if https != ("Strict-Transport-Security" in headers):
        yield "strict transport is not as the address of the site"
    if "Access-Control-Allow-Origin" in headers:
        yield "another site may read it"
    if response.mimetype.startswith("text/") and "charset=utf-8" not in response.content_type:
        yield f"content type {response.content_type}"
    cache = headers.get("Cache-Control", "")
    private = guard is not Guard.PUBLIC or _ADDRESS.search(response.get_data(as_text=True))
    if private and "no-store" not in cache:
        yield f"kept by caches: {cache}"
    if not cache:
        yield "no word about caches"


def cookie(line: str, https: bool) -> Iterator[str]:
    """What is wrong with one Set-Cookie line."""
    for name, each in SimpleCookie(line).items():
        if not each["httponly"]:
            yield f"cookie {name} is open to scripts"
        if each["samesite"] not in ("Lax", "Strict"):
            yield f"cookie {name} goes to other sites"
        if each["domain"] or each["path"] != "/":
            yield f"cookie {name} is not bound to this host"
        if https != name.startswith("__Host-") or https != bool(each["secure"]):
            yield f"cookie {name} travels otherwise than the site"
