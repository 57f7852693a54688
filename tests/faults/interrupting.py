"""A worker killed while the mail server holds what it was just given."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from tests.faults.site import Promise, Site
from tests.processes import wait_for


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A mail whose worker died, and when (time.monotonic())."""

    promise: Promise
    killed_at: float


def interrupt(site: Site) -> Interrupted:
    """Let the worker get as far as the content of a mail, and kill it there."""
    town = site.town(volunteers=1)
    with site.sink.fault(f"^{re.escape(town.volunteers[0])}$", holds=True) as fault:
        promise = site.promise(town)
        wait_for(lambda: fault.held == 1, "a worker in the middle of a mail")
        assert [row.lease is None for row in site.rows_of(promise)] == [False]
        site.kill_worker()
        killed_at = time.monotonic()
        wait_for(lambda: fault.held == 0, "the end of its connection")
    assert not site.kept(promise)
    return Interrupted(promise, killed_at)
