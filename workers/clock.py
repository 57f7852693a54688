"""The clock: puts the periodic jobs of config/schedule.py on the queue. `python -m workers.clock`.

One is enough; two would only ask for the same work twice.
"""

from __future__ import annotations

import logging
import os
import time

import structlog
from redis import Redis, exceptions
from rq import Queue
from rq.cron import CronJob, CronScheduler
from rq.exceptions import SchedulerNotFound
from rq.job import Job
from rq.serializers import JSONSerializer

from board.waking import QUEUE
from config.logging import configure
from config.schedule import SCHEDULE, Periodic
from config.settings import Settings
from workers.queue import connect

#: The last one: the server is back and empty, and knows this clock no more.
_AWAY = (exceptions.ConnectionError, exceptions.TimeoutError, SchedulerNotFound)
_log = structlog.get_logger(__name__)


class PeriodicJob(CronJob):
    """A job that is enqueued by name and in JSON; RQ's own would import and pickle it."""

    def enqueue(self, connection: Redis) -> Job:
        """Put it on the queue once."""
        queue = Queue(self.queue_name, connection=connection, serializer=JSONSerializer)
        return queue.enqueue(self.func_name, **self.job_options)


def make_clock(connection: Redis, schedule: tuple[Periodic, ...] = SCHEDULE) -> CronScheduler:
    """A scheduler that holds these jobs."""
    clock = CronScheduler(connection=connection)
    for periodic in schedule:
        job = PeriodicJob(
            queue_name=QUEUE,
            func_name=periodic.job,
            interval=periodic.every_s,
            # With no worker, the queue holds one of each and not one for every interval.
            ttl=periodic.every_s,
            result_ttl=0,
            failure_ttl=86_400,
        )
        clock.get_jobs().append(job)
    return clock


def tick(clock: CronScheduler) -> None:
    """Ask for each job when its time has come, until told to stop.

    Raises:
        SystemExit: the queue's server went away; the supervisor starts another clock.
    """
    try:
        clock.start()  # type: ignore[no-untyped-call]
    except _AWAY as error:
        raise SystemExit("the queue's server went away") from error


def main() -> None:
    """Tick until told to stop."""
    # Times of day in a schedule are read in local time.
    os.environ["TZ"] = "UTC"
    time.tzset()
    settings = Settings.from_mapping(os.environ)
    configure("clock", production=settings.production)
    logging.getLogger("rq").setLevel(logging.WARNING)
    clock = make_clock(connect(settings))
    _log.info("clock started", jobs=[periodic.job for periodic in SCHEDULE])
    tick(clock)
    _log.info("clock stopped")


if __name__ == "__main__":
    main()
