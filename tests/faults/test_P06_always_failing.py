"""P6: jobs that always fail are set aside, keep nobody waiting, and can be tried again."""

from __future__ import annotations

import time

from board import outbox
from tests.faults.figures import Figures
from tests.faults.site import Site
from tests.processes import wait_for

TRIES = 3
DELAY_S = 30.0
#: Three tries with the waits between them, each found by the sweep of every ten seconds.
_SET_ASIDE_S = 90.0


def test_P06_it_is_set_aside_after_three_tries_and_others_go_on(
    site: Site, figures: Figures
) -> None:
    """Mails that nobody can write, since before the first test of this file."""
    begun = time.monotonic()
    promise = site.promise(site.town(volunteers=1))
    wait_for(lambda: site.kept(promise), "the mail of somebody else", DELAY_S)
    delay_s = site.arrived(promise) - begun
    wait_for(
        lambda: {row.status for row in site.doomed_rows()} == {outbox.DEAD},
        "the end of what always fails",
        _SET_ASIDE_S,
    )
    rows = site.doomed_rows()
    figures.add("P6", site.database, always_failing=len(rows), others_delayed_s=delay_s)
    assert {(row.attempts, row.error) for row in rows} == {(TRIES, "KeyError")}
    assert all(row.payload for row in rows), "an operator can send it again"
    assert delay_s <= DELAY_S
