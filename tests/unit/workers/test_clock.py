"""The clock: what ends it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from redis import exceptions
from rq.cron import CronScheduler
from rq.exceptions import SchedulerNotFound

from workers.clock import tick


class FailingClock:
    """A scheduler that meets this error at its next tick."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def start(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ConnectionError("refused"),
        exceptions.TimeoutError("no answer"),
        exceptions.BusyLoadingError("it reads its journal"),
        SchedulerNotFound("it was emptied"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_is_away_ends_the_clock_with_a_word_and_no_traceback(error: Any) -> None:
    """Whoever keeps it running starts another one."""
    with pytest.raises(SystemExit, match="went away"):
        tick(cast(CronScheduler, FailingClock(error)))


def test_a_defect_of_ours_is_not_taken_for_that() -> None:
    """It is shown as what it is."""
    with pytest.raises(ZeroDivisionError):
        tick(cast(CronScheduler, FailingClock(ZeroDivisionError())))
