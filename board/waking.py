"""The wake-up: tells the workers which outbox rows are new. The one module that knows RQ.

A wake-up that fails is no loss, the sweeper finds the row; so it never raises, and waits little.
"""

from __future__ import annotations

from collections.abc import Iterable

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
        jobs = [
            Queue.prepare_data(JOB, (row_id,), result_ttl=0, failure_ttl=86_400)
            for row_id in outbox_ids
        ]
        try:
            for start in range(0, len(jobs), _BATCH):
                self._queue.enqueue_many(jobs[start : start + _BATCH])
        except (RedisError, OSError) as error:
            _log.warning("wake-up failed, the sweeper will find it", error=type(error).__name__)
            return False
        return True

    def close(self) -> None:
        self._redis.close()
