"""P2: the queue's server is emptied and killed while everything waits in it."""

from __future__ import annotations

import re
import time

from board.waking import QUEUE
from tests.faults.figures import LONG, Figures
from tests.faults.site import Site
from tests.processes import wait_for

LIMIT_S = 60.0
WAITING = 200 if LONG else 20
#: Mails that keep the worker busy meanwhile; it lets go of each after twenty seconds.
BLOCKING = 10 if LONG else 1


def test_P02_all_that_is_pending_goes_out_within_a_minute(site: Site, figures: Figures) -> None:
    """The worker is busy, its queue is full, and then there is neither queue nor journal."""
    town = site.town(volunteers=1)
    with site.sink.fault(f"^{re.escape(town.volunteers[0])}$", holds=True) as fault:
        for _ in range(BLOCKING):
            site.promise(town)
        wait_for(lambda: fault.held == 1, "a worker that is busy")
        promises = [site.promise(site.town(volunteers=1)) for _ in range(WAITING)]
        with site.queue() as connection:
            assert connection.llen(f"rq:queue:{QUEUE}") >= WAITING
            connection.flushall()
            site.kill_redis()
        lost = time.monotonic()
    wait_for(lambda: all(map(site.kept, promises)), "all mails", LIMIT_S)
    last = max(site.arrived(each) for each in promises)
    figures.add("P2", site.database, pending=WAITING, all_out_after_s=last - lost)
    assert last - lost <= LIMIT_S
