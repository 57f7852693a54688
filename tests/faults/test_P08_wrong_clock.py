"""P8: the clock of a web host is an hour off; the database's clock counts."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from board import links, sessions
from board.db import now
from board.links import Link
from board.listings import Listing
from board.sessions import MemberSession
from board.sign_in import SignInCode
from tests.fakes import text_of
from tests.faults.clients import Browser
from tests.faults.figures import Figures
from tests.faults.site import POSTGRESQL, Site
from tests.processes import Running, free_ports, wait_for

pytestmark = [
    pytest.mark.postgresql,
    # With SQLite, every process is on the host of the database.
    pytest.mark.parametrize("site", [POSTGRESQL], indirect=True),
]
HOUR = timedelta(hours=1)
HALF = HOUR / 2
_numbers = itertools.count(1)
_CODE = re.compile(r"[A-Z2-9]{4}-[A-Z2-9]{4}")


@dataclass(frozen=True, slots=True)
class Host:
    """A web server beside that of the site, with a clock of its own."""

    port: int

    def browser(self, as_of: Browser | None = None) -> Browser:
        """A new browser, or one with the cookies of another."""
        return Browser(self.port, dict(as_of.cookies) if as_of else {})

    def clock(self) -> datetime:
        """The time of this host, as its answers tell it."""
        answer = self.browser().get("/health")
        assert answer.status == 200, answer.text
        return parsedate_to_datetime(answer.headers["Date"])


#: Makes something that ends so much later than now; then: does it open at a host?
Thing = Callable[[Site, timedelta], Callable[[Host], bool]]


@contextmanager
def host(site: Site, shift: timedelta) -> Iterator[Host]:
    """A web server whose host's clock is wrong by so much."""
    (port,) = free_ports(1)
    environment = {
        **site.environment,
        "GUNICORN_CMD_ARGS": "--workers 1",
        "PORT": str(port),
        "BASE_URL": site.settings.base_url,
        "PYTHONPATH": str(Path(__file__).parent / "shifted"),
        "CLOCK_SHIFT_S": str(shift.total_seconds()),
    }
    command = ["-m", "gunicorn", "--config", "config/gunicorn.py", "web.wsgi:app"]
    running = Running.start([sys.executable, *command], environment)
    try:
        wait_for(lambda: running.says("engine ready"), "the other web server")
        found = Host(port)
        wrong = found.clock() - datetime.now(UTC)
        assert abs(wrong - shift) < timedelta(minutes=1), (
            "its clock is not as wrong as it should be"
        )
        yield found
    finally:
        running.destroy()


@pytest.fixture(scope="module")
def hosts(site: Site) -> Iterator[dict[str, Host]]:
    """One for which everything is an hour older, and one for which nothing of the last hour is."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(stack.enter_context, host(site, shift)) for shift in (HOUR, -HOUR)]
        ahead, behind = (each.result() for each in begun)
        yield {"ahead": ahead, "behind": behind, "right": Host(site.settings.port)}


def code(site: Site, left: timedelta) -> Callable[[Host], bool]:
    """A code to sign in with; typed at a host, does it let in?"""
    email = f"code{next(_numbers)}@example.org"
    browser = site.browser()
    asking = browser.page("/sign-in")
    form = {"csrf_token": asking.value("csrf_token"), "next": "", "email": email}
    assert browser.post("/sign-in", form).status == 303
    wait_for(lambda: site.sink.to(email), "the mail with the code")
    found = _CODE.search(text_of(site.sink.to(email)[-1]))
    assert found is not None
    _let_end(site, SignInCode, SignInCode.expires_at, left)

    def opens(host: Host) -> bool:
        there = host.browser(browser)
        page = there.page("/sign-in/code")
        typed = {"csrf_token": page.value("csrf_token"), "next": "", "code": found[0]}
        return there.post("/sign-in/code", typed).status == 303

    return opens


def link(site: Site, left: timedelta) -> Callable[[Host], bool]:
    """A mailed link; does it lead to its page?"""
    board = site.board
    with board.db.write() as session:
        address = links.address_hash(board.settings.secret_key, "reader@example.org")
        sealed = board.vault.seal("reader@example.org")
        token = links.issue(session, links.OWN_DATA, 0, address, sealed=sealed)
    _let_end(site, Link, Link.expires_at, left)
    return lambda host: host.browser().get(f"/data/by-link/{token}").status == 200


def listing(site: Site, left: timedelta) -> Callable[[Host], bool]:
    """A listing on the board; is it found there?"""
    word = f"tente{_letters()}"
    view = site.make.offer(title=f"Je prête une {word}")
    with site.board.db.write() as unit:
        row = unit.get_one(Listing, view.id)
        row.starts_at, row.ends_at = now(unit) - 2 * HOUR, now(unit) + left

    def opens(host: Host) -> bool:
        pages = [f"/listings?q={word}", f"/listings.geojson?q={word}"]
        found = [view.public_id in host.browser().get(page).text for page in pages]
        assert len(set(found)) == 1, "the list and the map say different things"
        return found[0]

    return opens


def session(site: Site, left: timedelta) -> Callable[[Host], bool]:
    """A browser that is signed in; is it still?"""
    browser = site.browser(f"session{next(_numbers)}@example.org")
    _let_end(site, MemberSession, MemberSession.seen_at, left - sessions.IDLE)
    return lambda host: host.browser(browser).get("/me").status == 200


@pytest.mark.parametrize("thing", [code, link, listing, session], ids=lambda each: each.__name__)
@pytest.mark.parametrize("name", ["ahead", "behind"])
def test_P08_the_clock_of_the_database_says_what_is_over(
    site: Site, hosts: dict[str, Host], name: str, thing: Thing
) -> None:
    """Half an hour before its end it opens, and half an hour after it does not."""
    assert thing(site, HALF)(hosts[name])
    assert not thing(site, -HALF)(hosts[name])


def test_P08_a_form_of_one_host_is_taken_by_every_other(
    site: Site, hosts: dict[str, Host], figures: Figures
) -> None:
    """Readers come to another host with each request; what is stored has the database's time."""
    answers = {}
    pairs = [(one, other) for one in hosts for other in hosts if one != other]
    for one, other in pairs:
        browser = hosts[one].browser(site.browser("wanderer@example.org"))
        form = site.offer_form(browser, f"Je traduis {_letters()}")
        answer = hosts[other].browser(browser).post("/listings", form)
        answers[one, other] = answer.status
    figures.add("P8", site.database, hosts=len(hosts), forms_across_hosts=len(answers))
    assert answers == dict.fromkeys(pairs, 303)
    with site.board.db.read() as session:
        newest = session.scalar(sa.select(sa.func.max(Listing.created_at)))
        assert newest is not None
        assert abs(newest - now(session)) < timedelta(minutes=1)


def _let_end(site: Site, model: Any, column: Any, left: timedelta) -> None:
    """Move the end of the newest row to so long after the database's now."""
    with site.board.db.write() as session:
        newest = session.scalars(sa.select(model).order_by(model.id.desc()).limit(1)).one()
        setattr(newest, column.key, now(session) + left)


def _letters() -> str:
    """A word that no other title has."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(next(_numbers)))
