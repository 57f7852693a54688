"""P12: what is withdrawn just before it is sent is not sent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from board import outbox
from tests.faults.figures import Figures
from tests.faults.site import Promise, Site
from tests.faults.withdrawing import WAYS
from tests.processes import Running, wait_for

#: Nobody withdraws the first: its mail must come, or nothing would be proved.
CASES = (None, *WAYS)


@pytest.mark.usefixtures("doomed")
def test_P12_what_is_withdrawn_between_its_row_and_its_mail_is_not_sent(
    site: Site, figures: Figures
) -> None:
    """The mail server asks to come again later, and meanwhile the reason goes."""
    with site.sink.fault("volunteer", at_data="451 4.3.0 later") as fault:
        promises = [site.promise() for _ in CASES]
        wait_for(lambda: fault.met >= len(CASES), "a first try of each")
        for withdraw, each in zip(CASES, promises, strict=True):
            wait_for(lambda each=each: _waits(site, each), "a row that waits")  # type: ignore[misc]
            if withdraw is not None:
                withdraw(site, each)
    wait_for(
        lambda: site.hasten() and all(_is_over(site, each) for each in promises),
        "no row that waits",
    )
    sent = [site.kept(each) for each in promises]
    figures.add("P12", site.database, withdrawn_before_the_claim=len(WAYS), mails=sum(sent[1:]))
    assert sent == [True] + [False] * len(WAYS)


def test_P12_what_is_withdrawn_between_claim_and_letter_is_not_sent(
    site: Site, figures: Figures, gated: Path
) -> None:
    """The worker holds the row already."""
    sent = []
    for withdraw in CASES:
        each = site.promise()
        wait_for(lambda: list(gated.iterdir()), "a worker that has claimed the mail")
        (gate,) = gated.iterdir()
        (row,) = site.rows_of(each)
        assert (gate.name, row.status, row.lease is None) == (str(row.id), outbox.PENDING, False)
        if withdraw is not None:
            withdraw(site, each)
        gate.unlink()
        wait_for(lambda each=each: _is_over(site, each), "the end of the row")  # type: ignore[misc]
        sent.append(site.kept(each))
    figures.add("P12", site.database, withdrawn_after_the_claim=len(WAYS), mails=sum(sent[1:]))
    assert sent == [True] + [False] * len(WAYS)


def _waits(site: Site, each: Promise) -> bool:
    return [(row.status, row.lease) for row in site.rows_of(each)] == [(outbox.PENDING, None)]


def _is_over(site: Site, each: Promise) -> bool:
    """Whether the row is done with, or went with whom it was for."""
    return all(row.status != outbox.PENDING for row in site.rows_of(each))


@pytest.fixture
def gated(site: Site, tmp_path: Path) -> Iterator[Path]:
    """The gates of a worker that takes the place of the site's own."""
    environment = {**site.environment, "GATE": str(tmp_path)}
    with site.own_worker_aside():
        command = [sys.executable, "-m", "tests.faults.gated_worker"]
        worker = Running.start(command, environment)
        try:
            wait_for(lambda: worker.says("engine ready"), "the other worker")
            yield tmp_path
        finally:
            worker.destroy()
