"""Every page, as everybody who can look at one: nothing inline, nothing foreign, strict headers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board.context import Board
from config.logging import hide_addresses
from tests.factories import Factory
from tests.fakes import MailSink
from tests.web import probe
from tests.web.conftest import english
from tests.web.town import LOCALES, NO_PAGES, Town, addresses, guard_at
from tests.web.walk import rules
from web.app import create_app
from web.guards import Guard, session_cookie


def faults(response: TestResponse, guard: Guard, *, https: bool = False) -> list[str]:
    """What is wrong with an answer, whatever its status."""
    found = probe.faults_of_answer(response, guard, https=https)
    if response.mimetype == "text/html":
        found += probe.faults_of_page(response.text)
    return found


@pytest.fixture
def town(board: Board, make: Factory, smtp: MailSink) -> Town:
    """A board with one of everything; its mails can be read on this machine."""
    changes = {"smtp_url": None, "security_contact": "mailto:security@board.test"}
    local = replace(board, settings=board.settings.model_copy(update=changes))
    return Town(board, make, smtp, create_app(local))


def test_every_page_is_plain_and_strict_for_everybody(town: Town) -> None:
    """As a guest, a member, a relay, a partner, a moderator and an administrator.

    Refusals and redirects are looked at too; a page that nobody could open fails the walk.
    """
    app, seen, wrong = town.app, set(), set()
    gets = [rule for rule in rules(app, *Guard) if "GET" in (rule.methods or ())]
    for who, client in town.readers():
        for number, where in enumerate(
            [*addresses(app, gets, town, who), *town.mailed, *town.behind]
        ):
            endpoint, guard = guard_at(app, where)
            language = LOCALES[number % len(LOCALES)]
            answer = client.get(where, headers={"Accept-Language": language})
            if answer.status_code == 200:
                seen.add(endpoint)
            assert answer.status_code < 500, (who, where)
            wrong |= {(who, endpoint, fault) for fault in faults(answer, guard)}
    assert wrong == set()
    assert {rule.endpoint for rule in gets} - seen - NO_PAGES == set()


def test_nothing_that_was_typed_is_more_than_text(town: Town) -> None:
    """The pages of the walk do hold what was typed, or it would have proved nothing."""
    _, client = next(town.readers())
    page = client.get(f"/listings/{town.view.public_id}")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text


def test_an_open_page_of_own_data_is_kept_by_nobody(town: Town) -> None:
    """What the mailed link opens holds everything: no cache, no referrer."""
    app = town.app
    app.config["WTF_CSRF_ENABLED"] = False
    (where,) = (each for each in town.mailed if each.startswith("/data/by-link/"))
    answer = english(app).post(where)
    assert answer.status_code == 200
    assert "member@example.org" in answer.text
    assert faults(answer, Guard.LINK) == []


def test_over_https_every_answer_is_bound_to_it(town: Town, board: Board) -> None:
    """Cookies are of this host and encrypted, transport is strict: on pages, forms and refusals."""
    public = board.settings.model_copy(
        update={"production": True, "base_url": "https://board.test"}
    )
    app = create_app(board, public)
    client = app.test_client()
    wheres = ["/", "/alerts/new", "/listings?lang=ar", "/sign-in", "/me", "/no/such/page"]
    given = set()
    for where in [*wheres, *town.mailed]:
        answer = client.get(where, base_url="https://board.test")
        guard = Guard.PUBLIC if where == "/no/such/page" else guard_at(app, where)[1]
        assert faults(answer, guard, https=True) == [], where
        given |= {line.partition("=")[0] for line in answer.headers.getlist("Set-Cookie")}
    assert given == {"__Host-entraide"}
    assert session_cookie(public).startswith("__Host-")


def test_what_pages_load_is_ours_and_what_it_says_it_is(town: Town) -> None:
    """Each script, style and picture is there with its type; styles load nothing from elsewhere."""
    client = english(town.app)
    wanted = set()
    for where in ("/", "/listings", "/listings/new", "/alerts/new", "/sign-in"):
        for locale in LOCALES:
            tags = probe.Tags(client.get(f"{where}?lang={locale}").text).found
            wanted |= {
                value
                for tag, attributes, _ in tags
                for name, value in attributes
                if (tag, name) in {("script", "src"), ("link", "href"), ("img", "src")}
                and value.startswith("/")
            }
    assert len(wanted) > 5
    types = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for each in wanted:
        answer = client.get(each)
        suffix = re.search(r"\.\w+(?=\?|$)", each)
        assert answer.status_code == 200, each
        assert suffix is None or answer.mimetype == types.get(suffix[0], answer.mimetype), each
        if answer.mimetype == "text/css":
            assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", answer.text), each


def test_no_token_of_a_mailed_link_is_logged(town: Town) -> None:
    """Whatever a library writes about an address, lines of the log do not hold its token."""
    secret = [where for where in town.mailed if guard_at(town.app, where)[1] is Guard.LINK]
    kinds = {where.rpartition("/")[0] for where in secret}
    ours = {rule.rule.partition("/<")[0] for rule in rules(town.app, Guard.LINK)}
    assert kinds == ours
    for where in secret:
        token = where.rpartition("/")[2].partition("?")[0]
        line = hide_addresses(None, "info", {"event": f"GET {where}", "referrer": where})
        assert token not in str(line), where


WEAK_PAGES = {
    '<p onclick="x()">': "p onclick=x()",
    '<body ONLOAD="x()">': "body onload=x()",
    '<p style="color:red">': "p style=color:red",
    "<style>p{}</style>": "an element style",
    "<script>x()</script>": "a script in the page",
    '<script src="/a.js">x()</script>': "a script in the page",
    '<script src="//cdn.test/a.js"></script>': "script loads src=//cdn.test/a.js",
    '<a href="java\tscript:x()">': "a href=java\tscript:x()",
    '<a href="//evil.test/">': "a leads to //evil.test/",
    '<img src="https://evil.test/x.png">': "img loads src=https://evil.test/x.png",
    '<img src="data:text/html,x">': "img src=data:text/html,x",
    '<link rel="stylesheet" href="http://evil.test/a.css">': "link loads href=http://evil.test/a.css",
    '<form action="https://evil.test/">': "form loads action=https://evil.test/",
    '<button formaction="https://evil.test/">': "button loads formaction=https://evil.test/",
    '<iframe src="/x"></iframe>': "an element iframe",
    '<meta http-equiv="refresh" content="0;url=https://evil.test/">': "a header in the page",
    '<base href="https://evil.test/">': "an element base",
}


@pytest.mark.parametrize(("weak", "fault"), WEAK_PAGES.items())
def test_the_probe_finds_a_weak_page(reader: FlaskClient, weak: str, fault: str) -> None:
    """Positive control: a copy of a real page with one weakness is found; the page is not."""
    page = reader.get("/about").text
    assert probe.faults_of_page(page) == []
    assert fault in probe.faults_of_page(page.replace("</main>", f"{weak}</main>"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Security-Policy", "default-src 'self' 'unsafe-inline'"),
        ("Content-Security-Policy", ""),
        ("X-Content-Type-Options", ""),
        ("Referrer-Policy", "unsafe-url"),
        ("Cache-Control", "public, max-age=60"),
        ("Access-Control-Allow-Origin", "*"),
        ("Content-Type", "text/html"),
        ("Set-Cookie", "entraide=x; Path=/; SameSite=Lax"),
        ("Set-Cookie", "entraide=x; Path=/; HttpOnly"),
        ("Set-Cookie", "entraide=x; Path=/me; HttpOnly; SameSite=Lax"),
        ("Set-Cookie", "entraide=x; Path=/; HttpOnly; SameSite=Lax; Domain=board.test"),
    ],
)
def test_the_probe_finds_a_weak_header(reader: FlaskClient, name: str, value: str) -> None:
    """Positive control: the same answer with one header changed is found."""
    answer = reader.get("/links/a-token")
    assert faults(answer, Guard.LINK) == []
    answer.headers[name] = value
    assert faults(answer, Guard.LINK) != []
