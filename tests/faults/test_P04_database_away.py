"""P4: the database is away, and comes back under the same processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import sqlalchemy as sa

from board.listings import Listing
from tests.faults.clients import Answer, Browser
from tests.faults.figures import LONG, Figures
from tests.faults.site import Site
from tests.processes import wait_for

AWAY_S = 30.0 if LONG else 5.0
ANSWERED_S, BACK_S = 2.0, 5.0
_LOCKING = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def away(site: Site) -> Iterator[None]:
    """PostgreSQL is killed and not started; SQLite is locked by another process."""
    if site.postgresql is not None:
        site.postgresql.kill()
        try:
            yield
        finally:
            site.postgresql.start()
            wait_for(site.postgresql.answers, "PostgreSQL again")
        return
    path = str(site.settings.home / "entraide.sqlite")
    command = [sys.executable, "-c", _LOCKING, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as holder:  # type: ignore[call-overload]
        try:
            assert holder.stdout.readline() == "held\n"
            yield
        finally:
            holder.kill()


def test_P04_the_board_says_so_at_once_and_is_back_at_once(site: Site, figures: Figures) -> None:
    """503 with Retry-After within two seconds, nothing acknowledged, no process started anew."""
    browser = site.browser("patient@example.org")
    form = site.offer_form(browser, "Je garde votre chat")
    before = [process.pid for process in site.web()]
    with away(site), ThreadPoolExecutor(2) as pool:
        end = time.monotonic() + AWAY_S
        readers = pool.submit(_ask_until, end, lambda: browser.get("/listings"))
        posted = _ask_until(end, lambda: browser.post("/listings", form))
        read = readers.result()
    back = time.monotonic()
    wait_for(lambda: _stored(browser, form), "a listing that is stored", BACK_S)
    back_s = time.monotonic() - back
    figures.add(
        "P4",
        site.database,
        away_s=AWAY_S,
        posts_answered_503=len(posted),
        slowest_s=max(answer.seconds for answer in posted),
        pages_read=len(read),
        slowest_page_s=max(answer.seconds for answer in read),
        back_after_s=back_s,
    )
    assert {answer.status for answer in posted} == {503}
    # Others go on reading SQLite while one writes; where PostgreSQL is away, nobody reads.
    assert {answer.status for answer in read} == ({503} if site.postgresql else {200})
    for answer in (*posted, *read):
        assert answer.seconds <= ANSWERED_S
        assert answer.status != 503 or int(answer.headers["Retry-After"]) > 0
    assert back_s <= BACK_S
    assert [process.pid for process in site.web()] == before
    with site.board.db.read() as session:
        same = sa.select(sa.func.count(Listing.id)).where(Listing.title == form["title"])
        assert session.scalar(same) == 1


def _ask_until(end: float, ask) -> list[Answer]:  # type: ignore[no-untyped-def]
    """One request after another until then."""
    answers = []
    while time.monotonic() < end:
        answers.append(ask())
    return answers


def _stored(browser: Browser, form: dict[str, object]) -> bool:
    return browser.post("/listings", form).status == 303
