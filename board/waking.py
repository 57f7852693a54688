"""The queue's server: wake-ups for the workers, and what processes say of themselves.

The one module that knows RQ. A wake-up that fails is no loss, the sweeper finds the row; so nothing
here raises because the server is away, and nothing waits long for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

#: The one queue. A worker that listens to several can lose a job when it is killed.
QUEUE = "dispatch"
JOB = "workers.dispatch.dispatch"
#: Jobs that go to the queue in one exchange: its answer must come within a second.
_BATCH = 200
#: Rows of one job: it is fetched and ended once for all of them, and they share a mail session.
TOGETHER: Final = 20
#: A hash: name of a process → moment in seconds of the server's clock, a space, and its report.
_REPORTS: Final = "reports"
#: A report that is older is of a process that is no more, or that hangs.
REPORT_LASTS_S: Final = 20
_AWAY: Final = (RedisError, OSError)
_log = structlog.get_logger(__name__)


class Waker:
    """Puts jobs on the queue."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url, socket_connect_timeout=0.3, socket_timeout=1.0, retry=None
        )
        self._queue = Queue(QUEUE, connection=self._redis, serializer=JSONSerializer)

    def wake(self, outbox_ids: Iterable[int]) -> bool:
        """Ask for these rows to be dispatched now; False when the queue cannot be reached."""
        ids = list(outbox_ids)
        jobs = [
            Queue.prepare_data(
                JOB, tuple(ids[start : start + TOGETHER]), result_ttl=0, failure_ttl=86_400
            )
            for start in range(0, len(ids), TOGETHER)
        ]
        try:
            for start in range(0, len(jobs), _BATCH):
                self._queue.enqueue_many(jobs[start : start + _BATCH])
        except _AWAY as error:
            _log.warning("wake-up failed, the sweeper will find it", error=type(error).__name__)
            return False
        return True

    def waiting(self) -> int | None:
        """How many jobs wait; None while the server is away."""
        try:
            return int(self._queue.count)
        except _AWAY:
            return None

    def report(self, process: str, text: str) -> bool:
        """Keep what a process says of itself for `REPORT_LASTS_S`; False when it cannot be."""
        try:
            self._redis.hset(_REPORTS, process, f"{self._time()} {text}")
            self._redis.expire(_REPORTS, REPORT_LASTS_S)
        except _AWAY:
            return False
        return True

    def reports(self) -> dict[str, str]:
        """Process → its report, of those that live; none while the server is away."""
        try:
            oldest = self._time() - REPORT_LASTS_S
            kept = cast(dict[bytes, bytes], self._redis.hgetall(_REPORTS))
            parts = {name.decode(): text.decode().split(" ", 1) for name, text in kept.items()}
            over = [name for name, (moment, _) in parts.items() if int(moment) < oldest]
            if over:
                self._redis.hdel(_REPORTS, *over)
        except _AWAY:
            return {}
        return {name: text for name, (_, text) in parts.items() if name not in over}

    def _time(self) -> int:
        """The server's clock, which is one for all hosts, in seconds."""
        return int(self._redis.time()[0])

    def close(self) -> None:
        self._redis.close()
