"""Every page, as everybody who can look at one: nothing inline, nothing foreign, strict headers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from board import answering, asking, export, messages, moderation, organisations, verification
from board.answering import NewAnswer
from board.asking import NewQuestion
from board.bans import Ban
from board.context import Board
from board.conversations import Seat, Side
from board.db import now
from board.organisations import NewOrganisation, Organisation
from config.logging import hide_addresses
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web import probe
from tests.web.conftest import english, sign_in
from tests.web.test_dev_mail import catch
from tests.web.walk import World, address, naming, rules
from web.app import create_app
from web.guards import Guard, GuardedBlueprint, guard_of, session_cookie

#: What is typed and stored everywhere: it must come back as text.
NASTY = "<script>alert(1)</script> \"onload='x' javascript:alert(1) <img src=//evil.test/x>"
#: Questions that some addresses need before they show something.
QUERIES = {
    "listings.index": ("", "place=2232593", "near=Saint-Denis", "q=%3Cscript%3E", "page=2"),
    "listings.new": ("", "kind=offer", "kind=info"),
    "listings.show": ("", "published=1"),
    "places.search": ("q=Douala", "cell=85584e33fffffff"),
    "places.labelled_grid": ("place=2232593",),
    "places.names": ("cell=85584e33fffffff",),
    "sign_in.ask": ("", "next=/me"),
    "second_factor.ask": ("", "next=//evil.test/"),
    "conversations.show": ("", "sent=1", "reported=1"),
}
#: Routes of files, which are looked at by themselves.
NO_PAGES = {"assets.static", "assets.vendor", "assets.favicon"}
#: Who has one of everything.
OWNER = "owner"
LOCALES = ("en", "ar")


class Town:
    """A board with one of everything, and everybody who may look at it."""

    def __init__(self, board: Board, make: Factory, smtp: MailSink, app: Flask) -> None:
        self.board, self.make, self.app = board, make, app
        self.world = World(board, make)
        self.member_id = make.member(email="member@example.org", display_name=NASTY[:40])
        self.view = make.open(email="member@example.org", title=NASTY[:120], text=NASTY)
        seat = make.answered(self.view, text=NASTY)
        messages.write(board, Seat(seat.conversation_id, Side.POSTER), NASTY, "a-key-of-one-form")
        make.offer(title=NASTY[:120])
        with board.db.write() as session:
            # Whoever acts for one organisation alone is led to its page at once.
            second = organisations.find(session, make.organisation().id)
            organisations.give_seat(session, second, self.world.member_id, "partner")
        self._moderated()
        self._waiting()
        work_off(board)
        self.mailed = _addresses(smtp)
        self.behind = self._behind(english(app))
        catch(board.settings, NASTY[:60], NASTY, NASTY)

    def _behind(self, client: FlaskClient) -> list[str]:
        """Pages that the pages of mailed links lead to, under the same token."""
        found: set[str] = set()
        for where in self.mailed:
            if where.startswith("/preferences/by-link/"):
                page = client.get(where).text
                found |= set(re.findall(rf'href="({re.escape(where)}/[^"]+)"', page))
            elif where.startswith("/conversations/by-link/"):
                found |= {f"{where}/{page}" for page in ("report", "block")}
        return sorted(found)

    def _moderated(self) -> None:
        """One case waits, one led to a link, two to bans, one of which was appealed."""
        self.moderator_id = self.make.member(roles=["moderator"])
        asked, *banned = (self.make.held(email=f"held{n}@example.org") for n in range(3))
        moderation.ask_edit(self.board, self.moderator_id, asked, "contact")
        for case_id in banned:
            moderation.ban(self.board, self.moderator_id, case_id, "fraud")
        with self.board.db.write() as session:
            first = session.scalars(sa.select(Ban).order_by(Ban.id)).first()
            assert first is not None
            first.appeal, first.appealed_at = NASTY, now(session)
        self.case_id = self.make.held(text=f"06 12 34 56 78 {NASTY}")

    def _waiting(self) -> None:
        """What waits for a mailed link, of each kind."""
        board, make = self.board, self.make
        make.pending(title=NASTY[:120])
        answering.answer(board, self.view.public_id, NewAnswer(email="a@example.org", text=NASTY))
        information = make.information(title=NASTY[:120], text=NASTY)
        self.information = information
        question = NewQuestion(email="q@example.org", text=NASTY)
        asking.ask(board, information.public_id, question)
        verification.apply(
            board,
            NewOrganisation(
                kind="ngo", name=NASTY[:60], country="CM", countries=("CM",), email="o@example.org"
            ),
        )
        export.ask(board, "member@example.org", "en")

    @cached_property
    def values(self) -> dict[str, set[object]]:
        """What addresses behind a guard may name."""
        found = self.world.values()
        found["PublicIdConverter"] |= self.public["PublicIdConverter"]
        found["IntegerConverter"] = {self.case_id}
        return found

    @cached_property
    def public(self) -> dict[str, set[object]]:
        """What public addresses may name; the rest of what there is would be 404 alike."""
        with self.board.db.read() as session:
            offices = session.scalars(sa.select(Organisation.public_id)).all()
        return {"PublicIdConverter": {self.view.public_id, self.information.public_id, *offices}}

    def readers(self) -> Iterator[tuple[str, FlaskClient]]:
        """(who, a browser of theirs)."""
        yield "guest", english(self.app)
        make = self.make
        people = {
            "member": self.member_id,
            OWNER: self.world.member_id,
            "relay": make.member(roles=["relay"]),
            "partner": make.organisation().member_id,
            "moderator": make.member(roles=["moderator"]),
            "administrator": make.administrator(),
        }
        for who, member_id in people.items():
            client = english(self.app)
            sign_in(client, member_id, second_factor=True)
            yield who, client


def _addresses(smtp: MailSink) -> list[str]:
    """Every address that was mailed to somebody, without its host."""
    texts = [str(message.get_content()) for message in smtp.messages if not message.is_multipart()]
    texts += [
        str(part.get_content())
        for message in smtp.messages
        if message.is_multipart()
        for part in message.walk()
        if part.get_content_type() == "text/plain"
    ]
    return sorted({each for text in texts for each in re.findall(r"https?://[^/\s]+(/\S+)", text)})


def is_public(app: Flask, rule: Rule) -> bool:
    """Whether anybody may ask for a route."""
    blueprint = app.blueprints[rule.endpoint.partition(".")[0]]
    return isinstance(blueprint, GuardedBlueprint) and blueprint.guard is Guard.PUBLIC


def asked(app: Flask, rule: Rule, town: Town) -> Iterator[str]:
    """The addresses of a route that name something."""
    known = town.public if is_public(app, rule) else town.values
    if rule.endpoint == "dev_mail.show":
        folder = town.board.settings.mail_dir / "new"
        yield from (f"/dev/mail/{path.name}" for path in folder.iterdir())
        return
    if rule._converters and not naming(rule, known):
        if set(rule._converters) == {"where"}:
            yield from (address(app, rule, {"where": where}) for where in ("here", "there"))
        return
    for values in naming(rule, known) or [{}]:
        for query in QUERIES.get(rule.endpoint, ("",)):
            yield f"{address(app, rule, values)}{'?' if query else ''}{query}"


def addresses(app: Flask, gets: list[Rule], town: Town, who: str) -> Iterator[str]:
    """What somebody asks for: the owner and guests everything, others one page behind each guard.

    That these others are let into nothing of the owner's is shown by the walk of strangers.
    """
    for rule in gets:
        found = asked(app, rule, town)
        everything = who == OWNER or is_public(app, rule)
        yield from itertools.islice(found, None if everything else 1)


def guard_at(app: Flask, where: str) -> tuple[str, Guard]:
    """(endpoint, guard) of an address."""
    endpoint, _ = app.url_map.bind("board.test").match(where.partition("?")[0])
    with app.app_context():
        guard = guard_of(endpoint.partition(".")[0])
    assert guard is not None
    return endpoint, guard


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
