"""P5: a mail server that is slow, refuses or cuts the line keeps nobody from posting."""

from __future__ import annotations

import itertools
import random
import re
import sqlite3
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from typing import Any

import pytest
import sqlalchemy as sa

from board import outbox
from board.outbox import OutboxRow
from tests.faults.clients import Browser
from tests.faults.figures import LONG, Figures
from tests.faults.interrupting import Interrupted
from tests.faults.site import LEASE_S, Site
from tests.processes import wait_for

REFUSALS: dict[str, dict[str, Any]] = {
    "421": {"at_rcpt": "421 4.3.2 closing"},
    "452": {"at_rcpt": "452 4.2.2 mailbox full"},
    "550": {"at_rcpt": "550 5.1.1 no such mailbox"},
    "451 after DATA": {"at_data": "451 4.3.0 later"},
    "reset after DATA": {"resets": True},
}
MODES: dict[str, dict[str, Any]] = {**REFUSALS, "slow": {"slow_s": 60.0}}
#: Looks at the database while the mail server holds a mail.
LOOKS = 100
#: Half of the time after which the lease is renewed, in one short unit of work.
_UNDISTURBED_S = LEASE_S / 6
#: Of so many posts the 99th percentile is the third slowest: of fewer it is chance.
ROUNDS, POSTS, CLIENTS = 5, 250, 2
WORSE = 1.2
_numbers = itertools.count(1)


def test_P05_each_refusal_is_heard_and_what_may_pass_is_tried_again(
    site: Site, figures: Figures, interrupted: Interrupted
) -> None:
    """550 is final; all else comes when the server is well again, and once."""
    towns = {name: site.town(volunteers=1) for name in REFUSALS}
    with ExitStack() as stack:
        faults = {
            name: stack.enter_context(site.sink.fault(_only(towns[name].volunteers[0]), **how))
            for name, how in REFUSALS.items()
        }
        promises = {name: site.promise(town) for name, town in towns.items()}
        wait_for(lambda: all(fault.met for fault in faults.values()), "a first try of each")
        assert not any(map(site.kept, promises.values()))
    refused = promises.pop("550")
    wait_for(lambda: site.hasten() and all(map(site.kept, promises.values())), "what was put off")
    came = [len(site.sink.came(each.volunteer, each.public_id)) for each in promises.values()]
    figures.add("P5", site.database, put_off_and_sent=len(came), refused_for_good=1)
    assert set(came) == {1}
    assert not site.kept(refused)
    assert [row.status for row in site.rows_of(refused)] == [outbox.DEAD]


def test_P05_no_connection_to_the_database_is_held_while_a_mail_is_sent(
    site: Site, figures: Figures
) -> None:
    """The worker is in the middle of a letter, and asks the database nothing."""
    town = site.town(volunteers=1)
    with site.sink.fault(_only(town.volunteers[0]), holds=True) as fault:
        promise = site.promise(town)
        wait_for(lambda: fault.held == 1, "a worker in the middle of a mail")
        busy = _busy_on_postgresql if site.postgresql else _busy_on_sqlite
        looks, end = [], time.monotonic() + _UNDISTURBED_S
        while len(looks) < LOOKS and time.monotonic() < end:
            looks.append(busy(site))
        assert fault.held == 1
    wait_for(lambda: site.kept(promise), "the mail")
    figures.add("P5", site.database, looks=len(looks), held=sum(looks))
    assert looks
    assert not any(looks)


def _busy_on_postgresql(site: Site) -> bool:
    """Whether any connection of the worker is in a transaction."""
    assert site.postgresql is not None
    ports = {connection.laddr.port for connection in site.worker().net_connections("tcp")}
    rows = site.postgresql.ask(
        "SELECT client_port, state FROM pg_stat_activity WHERE client_port IS NOT NULL"
    )
    ours = [state for port, state in rows if port in ports]
    assert ours, "the worker has no connection at all"
    return any(state != "idle" for state in ours)


def _busy_on_sqlite(site: Site) -> bool:
    """Whether anybody reads or writes: the journal can be emptied only where nobody does."""
    path = site.settings.home / "entraide.sqlite"
    with sqlite3.connect(path, isolation_level=None, timeout=0) as database:
        (busy, _, _) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    database.close()
    return bool(busy)


@pytest.mark.skipif(not LONG, reason="times are compared in `make faults` alone")
def test_P05_posting_is_as_quick_as_ever(site: Site, figures: Figures) -> None:
    """Median of the 99th percentiles of several rounds, beside those without a fault."""
    chance = random.Random(5)
    percentiles: dict[str, list[float]] = {name: [] for name in ("well", *MODES)}
    for _ in range(ROUNDS):
        for name in chance.sample(list(percentiles), len(percentiles)):
            how = MODES.get(name)
            sick = nullcontext() if how is None else site.sink.fault("^p5-", **how)
            with sick:
                percentiles[name].append(_percentile(site))
                _give_up(site)
            # The worker has nothing left of this round when the next one is measured.
            wait_for(site.worker_rests, "a worker at rest")
    medians = {name: statistics.median(found) for name, found in percentiles.items()}
    well = medians.pop("well")
    ratios = {name: median / well for name, median in medians.items()}
    figures.add("P5", site.database, p99_well_s=well, p99_over_that=ratios)
    assert max(ratios.values()) <= WORSE


def _percentile(site: Site) -> float:
    """The 99th percentile of the seconds that a post takes."""

    def post(number: int) -> float:
        browser = Browser(site.settings.port)
        form = {**site.offer_form(browser, "Je fais vos courses"), "email": _address(number)}
        answer = browser.post("/listings", form)
        assert answer.status == 303
        return answer.seconds

    with ThreadPoolExecutor(CLIENTS) as pool:
        seconds = sorted(pool.map(post, itertools.islice(_numbers, POSTS)))
    return seconds[-(-99 * POSTS // 100) - 1]


def _address(number: int) -> str:
    return f"p5-{number}@example.org"


def _give_up(site: Site) -> None:
    """Leave nothing for the next round: only listings of these rounds have such mails."""
    with site.board.db.write() as session:
        session.execute(
            sa.update(OutboxRow)
            .where(OutboxRow.purpose == outbox.CONFIRM_LISTING, OutboxRow.status == outbox.PENDING)
            .values(status=outbox.DROPPED, payload=None)
        )


def _only(address: str) -> str:
    return f"^{re.escape(address)}$"
