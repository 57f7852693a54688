"""P3: a worker dies in the middle of a job."""

from __future__ import annotations

from tests.faults.figures import LONG, Figures
from tests.faults.interrupting import Interrupted, interrupt
from tests.faults.site import Site
from tests.processes import wait_for

LIMIT_S = 60.0
TIMES = 4 if LONG else 0


def test_P03_another_one_resumes_within_a_minute(
    site: Site, interrupted: Interrupted, figures: Figures
) -> None:
    """The mail server held the letter when the worker was killed: the letter comes, once."""
    resumed = [_resumed(site, interrupted)]
    resumed += [_resumed(site, interrupt(site)) for _ in range(TIMES)]
    figures.add("P3", site.database, kills=len(resumed), resumed_after_s_at_most=max(resumed))
    assert max(resumed) <= LIMIT_S


def _resumed(site: Site, one: Interrupted) -> float:
    """Seconds from the kill to the mail."""
    patience_s = LIMIT_S + 10
    wait_for(lambda: site.kept(one.promise), "the mail of the dead worker", patience_s)
    assert len(site.sink.came(one.promise.volunteer, one.promise.public_id)) == 1
    return site.arrived(one.promise) - one.killed_at
