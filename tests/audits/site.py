"""A town served on this machine for a browser, and an empty one beside it."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from flask import Flask, Response, abort, g, template_rendered
from jinja2 import Template
from werkzeug.routing import Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from board import demo, migrations, push_keys, sessions
from board.context import Board
from board.db import now
from board.gazetteer import ensure
from board.roles import BY_ORGANISATION, Grant, Role
from config.settings import ROOT, Settings
from tests.conftest import SECRET
from tests.factories import Factory
from tests.fakes import FakeWaker, MailSink
from tests.processes import Running, free_ports, wait_for
from tests.web.town import OWNER, QUERIES, Town, addresses, is_public
from tests.web.walk import address, rules
from web.app import create_app
from web.errors import PAGES as ERRORS
from web.guards import Guard, GuardedBlueprint, session_cookie
from web.me import banned, not_allowed

GUEST = "guest"
#: Which template made an answer, for the audit alone.
MADE_OF = "X-Made-Of"
#: GET routes that show no page of ours in a browser -> what they answer with instead.
NO_HTML = {
    "assets.static": "a file",
    "assets.vendor": "a file",
    "assets.favicon": "a file",
    "assets.sheet": "a file",
    "install.manifest": "a list for browsers",
    "install.worker": "a script",
    "install.worker_of_before": "a script",
    "own_offline.copy": "JSON for the worker",
    "disclosure.security_txt": "plain text",
    "export.download": "JSON to keep",
    "impact.download": "a table to keep",
    "map.geojson": "GeoJSON",
    "metrics.show": "figures for a program",
    "pages.health": "JSON for a program",
    "partners.inbox": "a redirect to the inbox of one's organisation",
    "places.labelled_grid": "a piece of a page, audited in the page that opens it",
    "places.land": "GeoJSON",
    "places.names": "JSON",
    "places.search": "JSON",
    "proofs.challenge": "JSON",
}


_CUT = "THE_LINE_IS_CUT"
_TAG = re.compile(r"<([a-z][\w-]*)([^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')
#: Attributes whose value makes another kind of element.
_KINDS = frozenset({"class", "role", "type", "autocomplete"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One page to look at."""

    state: str
    who: str
    address: str


class _Quiet(WSGIRequestHandler):
    """Keeps connections open as the real server does, and writes no line a request."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """Nothing."""

    def run_wsgi(self) -> None:
        """Answer, or hang up where the line is cut."""
        if self.server.app.config.get(_CUT):  # type: ignore[attr-defined]
            self.close_connection = True
        else:
            super().run_wsgi()


@dataclass
class Site:
    """A served application and who may look at it."""

    app: Flask
    board: Board
    url: str
    #: Member ids of those who sign in.
    people: dict[str, int]
    town: Town | None = None
    made_of: set[str] = field(default_factory=set)

    @cached_property
    def gets(self) -> list[Rule]:
        """Every GET route that shows a page."""
        return [
            rule
            for rule in rules(self.app, *Guard)
            if "GET" in (rule.methods or ())
            and rule.endpoint not in NO_HTML
            and not rule.endpoint.startswith("broken.")
        ]

    def cookie(self, who: str) -> dict[str, str] | None:
        """The cookie of a new session of somebody; None for a guest."""
        if who == GUEST:
            return None
        with self.board.db.write() as session:
            token = sessions.open_(session, self.people[who], second_factor=True)
        name = session_cookie(self.board.settings)
        return {"name": name, "value": token, "url": self.url}

    def answer(self, visit: Visit) -> TestResponse:
        """What the application answers, without a browser."""
        client = self.app.test_client()
        cookie = self.cookie(visit.who)
        if cookie is not None:
            client.set_cookie(cookie["name"], cookie["value"])
        return client.get(visit.address)

    def cut_off(self, *, cut: bool = True) -> None:
        """Let no request be answered any more, or again; the real server cannot be cut off."""
        self.app.config[_CUT] = cut

    def template(self, visit: Visit) -> str:
        """Which template makes a page."""
        return self.answer(visit).headers.get(MADE_OF, "?")

    def pages(self) -> list[Visit]:
        """The visits that show a page, each that is built alike once."""
        found: dict[tuple[str, str, str], Visit] = {}
        for visit in self.visits():
            answer = self.answer(visit)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                built = (visit.who, answer.headers[MADE_OF], shape(answer.text))
                found.setdefault(built, visit)
        return list(found.values())

    def visits(self) -> list[Visit]:
        """Everything there is: public pages as a guest and others as who has one of everything."""
        if self.town is None:
            return list(self._of_nothing())
        found = []
        for rule in self.gets:
            who = GUEST if is_public(self.app, rule) else OWNER
            found += [(who, where) for where in addresses(self.app, [rule], self.town, OWNER)]
        view = self.town.view.public_id
        found += [(OWNER, "/"), (OWNER, "/listings"), (OWNER, f"/listings/{view}")]
        found += [(GUEST, where) for where in (*self.town.mailed, *self.town.behind)]
        found += [("member", f"/conversations/{key}") for key in self._conversations()]
        unique = dict.fromkeys(found)
        return [Visit("filled", who, where) for who, where in unique]

    def _conversations(self) -> list[str]:
        assert self.town is not None
        page = self.answer(Visit("filled", "member", "/conversations")).text
        marker = 'href="/conversations/'
        return [part.partition('"')[0] for part in page.split(marker)[1:]]

    def _of_nothing(self) -> Iterator[Visit]:
        """Pages that need nothing to be there, as a guest or as somebody who has nothing yet."""
        for rule in self.gets:
            who = GUEST if is_public(self.app, rule) else OWNER
            names = set(rule._converters)
            if names <= {"organisation", "where"} and rule.endpoint != "dev_mail.show":
                values = {"organisation": self.people_office, "where": "here"}
                where = address(self.app, rule, {name: values[name] for name in names})
                for query in QUERIES.get(rule.endpoint, ("",)):
                    yield Visit("empty", who, f"{where}{'?' if query else ''}{query}")

    #: Public id of the organisation of the empty site.
    people_office: str = ""

    def errors(self) -> list[Visit]:
        """A page of each error that the board knows, and what a browser may run into."""
        return [Visit("error", GUEST, f"/broken/{code}") for code in sorted(ERRORS)] + [
            Visit("error", GUEST, where)
            for where in (
                "/broken/banned",
                "/broken/not-allowed",
                "/no/such/page",
                "/links/none",
                "/listings?near=nowhere-at-all&radius_km=x",
            )
        ]


def shape(html: str) -> str:
    """How a page is built: elements with their attributes and classes, each kind once."""
    kinds: set[str] = set()
    for name, rest in _TAG.findall(html):
        attributes = sorted(
            f"{key}={value}" if key in _KINDS else key for key, value in _ATTRIBUTE.findall(rest)
        )
        kinds.add(f"{name} {attributes}")
    return str(sorted(kinds))


def _add_errors(app: Flask) -> None:
    """Addresses that answer with each error: some happen on no page that one can open."""
    blueprint = GuardedBlueprint("broken", __name__, guard=Guard.PUBLIC)

    @blueprint.get("/broken/<int:code>")
    def broken(code: int) -> str:
        abort(code)

    blueprint.add_url_rule("/broken/banned", view_func=banned)
    blueprint.add_url_rule("/broken/not-allowed", view_func=not_allowed)

    app.register_blueprint(blueprint)


def _name_templates(app: Flask, seen: set[str]) -> None:
    """Say with each answer which template made it."""

    def note(sender: Flask, template: Template, **extra: object) -> None:
        g.made_of = template.name

    @app.after_request
    def tell(response: Response) -> Response:
        if "made_of" in g:
            seen.add(g.made_of)
            response.headers[MADE_OF] = g.made_of
        return response

    template_rendered.connect(note, app, weak=False)


def _home(folder: Path, smtp: MailSink) -> dict[str, str]:
    folder.mkdir(parents=True)
    (folder / "gazetteer.sqlite").symlink_to(ensure(ROOT / "var" / "gazetteer.sqlite"))
    return {
        "ENTRAIDE_HOME": str(folder),
        "SECRET_KEY": SECRET,
        "SMTP_URL": smtp.url,
        "REQUESTS_PER_MINUTE": "0",
        "SECURITY_CONTACT": "mailto:security@board.test",
        "VAPID_PRIVATE_KEY": push_keys.new_key(),
    }


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Board, MailSink, str]]:
    """An empty migrated board on SQLite, its mails, and the address it will have."""
    with MailSink() as smtp:
        (port,) = free_ports(1)
        url = f"http://localhost:{port}"
        settings = Settings.from_mapping({**_home(folder, smtp), "BASE_URL": url})
        migrations.upgrade(settings)
        board = replace(Board.open(settings), waker=FakeWaker())
        try:
            yield board, smtp, url
        finally:
            board.close()


@contextmanager
def serving(app: Flask, url: str) -> Iterator[None]:
    port = int(url.rpartition(":")[2])
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def application(board: Board, seen: set[str]) -> Flask:
    # Mails of this machine can be read, which adds their pages.
    local = board.settings.model_copy(update={"smtp_url": None})
    app = create_app(replace(board, settings=local), local)
    _name_templates(app, seen)
    _add_errors(app)
    return app


@contextmanager
def _really_serving(board: Board, url: str) -> Iterator[None]:
    """The web server of production, in processes of its own."""
    known = {name: value for name, value in os.environ.items() if name not in Settings.variables()}
    home = {
        "ENTRAIDE_HOME": str(board.settings.home),
        "SECRET_KEY": SECRET,
        "PORT": url.rpartition(":")[2],
        "BASE_URL": url,
        "REQUESTS_PER_MINUTE": "0",
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "web.wsgi:app"]
    running = Running.start(command, {**known, **home})
    try:
        wait_for(lambda: _answers(url) or running.process.poll() is not None, "the web server")
        assert running.process.poll() is None, "\n".join(running.lines)
        yield
    finally:
        running.stop()


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def busy(folder: Path) -> Iterator[Site]:
    """The town among two thousand listings, served as in production."""
    with ExitStack() as stack:
        board, smtp, url = stack.enter_context(opened(folder))
        demo.fill(board)
        seen: set[str] = set()
        app = application(board, seen)
        town = Town(board, Factory(board), smtp, app)
        stack.enter_context(_really_serving(board, url))
        people = {OWNER: town.world.member_id, "member": town.member_id}
        yield Site(app, board, url, people, town, seen)


@contextmanager
def filled(folder: Path) -> Iterator[Site]:
    """A town with one of everything."""
    with ExitStack() as stack:
        board, smtp, url = stack.enter_context(opened(folder))
        seen: set[str] = set()
        app = application(board, seen)
        town = Town(board, Factory(board), smtp, app)
        seen.clear()
        people = {OWNER: town.world.member_id, "member": town.member_id}
        stack.enter_context(serving(app, url))
        yield Site(app, board, url, people, town, seen)


@contextmanager
def empty(folder: Path) -> Iterator[Site]:
    """A board with nothing on it but somebody who has every right."""
    with ExitStack() as stack:
        board, _, url = stack.enter_context(opened(folder))
        seen: set[str] = set()
        app = application(board, seen)
        make = Factory(board)
        office = make.organisation()
        with board.db.write() as session:
            for role in set(Role) - BY_ORGANISATION:
                session.add(Grant(member_id=office.member_id, role=role, created_at=now(session)))
        stack.enter_context(serving(app, url))
        site = Site(app, board, url, {OWNER: office.member_id}, made_of=seen)
        site.people_office = office.id
        yield site
