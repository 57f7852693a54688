"""P6: jobs that always fail are set aside, keep nobody waiting, and can be tried again."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from board import outbox
from board.outbox import OutboxRow
from config.settings import Settings
from tests.commands import entraide
from tests.faults.figures import Figures
from tests.faults.site import Site
from tests.processes import wait_for

pytestmark = pytest.mark.usefixtures("doomed")
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


def test_P06_an_operator_sees_it_and_has_it_tried_again(site: Site, figures: Figures) -> None:
    """The cause is mended for one of them: that one is sent, the others stay set aside."""
    wait_for(
        lambda: {row.status for row in site.doomed_rows()} == {outbox.DEAD},
        "the end of what always fails",
        _SET_ASIDE_S,
    )
    mended, *others = [row.id for row in site.doomed_rows()]
    listed = _listed(site)
    assert {each["id"] for each in listed} >= {mended, *others}
    with site.board.db.write() as session:
        letter = {"email": "mended@example.org", "token": "a-token"}
        session.get_one(OutboxRow, mended).payload = site.board.vault.seal(json.dumps(letter))
    done = entraide(_settings(site), "outbox", "retry", mended)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: site.sink.to("mended@example.org"), "the mail that was tried again")
    wait_for(lambda: mended not in {each["id"] for each in _listed(site)}, "one less in the list")
    assert {each["id"] for each in _listed(site)} >= set(others)
    figures.add("P6", site.database, seen_by_the_operator=len(listed), retried_and_sent=1)


def _listed(site: Site) -> list[dict[str, Any]]:
    """What `entraide outbox list` shows, which names nobody."""
    shown = entraide(_settings(site), "outbox", "list", "--json", "--limit", 10_000)
    assert shown.returncode == 0, shown.stderr
    assert "@" not in shown.stdout
    return [json.loads(line) for line in shown.stdout.splitlines()]


def _settings(site: Site) -> dict[str, str]:
    return {k: v for k, v in site.environment.items() if k in Settings.variables()}
