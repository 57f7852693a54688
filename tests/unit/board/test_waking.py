"""The wake-up: every row gets its job, and a queue that is away stops nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from board.waking import JOB, QUEUE, Waker

#: More than go to the queue in one exchange.
ROWS = range(1, 451)


@pytest.fixture
def address() -> Iterator[str]:
    """An empty database of the Redis server of the tests."""
    address = os.environ["TEST_REDIS_URL"].replace("/0", "/8")
    with Redis.from_url(address) as connection:
        connection.flushdb()
        yield address
        connection.flushdb()


@pytest.mark.redis
def test_every_row_gets_one_job_in_their_order(address: str) -> None:
    """By name and in JSON, whatever their number."""
    waker = Waker(address)
    assert waker.wake(ROWS)
    assert waker.wake([])
    waker.close()
    with Redis.from_url(address) as connection:
        jobs = Queue(QUEUE, connection=connection, serializer=JSONSerializer).jobs
    assert [(job.func_name, *job.args) for job in jobs] == [(JOB, row) for row in ROWS]


def test_a_queue_that_is_away_is_no_loss() -> None:
    """The answer says so, and nothing is raised."""
    waker = Waker("redis://127.0.0.1:1/0")
    assert not waker.wake(ROWS)
    waker.close()
