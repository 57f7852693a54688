"""The wake-up: every row gets its job, and a queue that is away stops nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from board.waking import JOB, QUEUE, REPORT_LASTS_S, TOGETHER, Waker

#: More than go to the queue in one exchange.
ROWS = range(1, 451)


@pytest.fixture
def address(worker_id: str) -> Iterator[str]:
    """An empty database of the Redis server of the tests, one for each process of tests."""
    number = 8 if worker_id == "master" else 10 + int(worker_id.removeprefix("gw")) % 6
    address = os.environ["TEST_REDIS_URL"].replace("/0", f"/{number}")
    with Redis.from_url(address) as connection:
        connection.flushdb()
        yield address
        connection.flushdb()


@pytest.mark.redis
def test_every_row_stands_in_one_job_in_their_order(address: str) -> None:
    """By name and in JSON, some rows in each, whatever their number."""
    waker = Waker(address)
    assert waker.wake(ROWS)
    assert waker.wake([])
    waker.close()
    with Redis.from_url(address) as connection:
        jobs = Queue(QUEUE, connection=connection, serializer=JSONSerializer).jobs
    assert {job.func_name for job in jobs} == {JOB}
    assert [row for job in jobs for row in job.args] == [*ROWS]
    assert {len(job.args) for job in jobs} == {TOGETHER, len(ROWS) % TOGETHER}


def test_a_queue_that_is_away_is_no_loss() -> None:
    """The answer says so, and nothing is raised."""
    waker = Waker("redis://127.0.0.1:1/0")
    assert not waker.wake(ROWS)
    waker.close()


@pytest.mark.redis
def test_reports_of_processes_are_kept_for_a_while(address: str) -> None:
    """The newest of each; one that is too old is forgotten."""
    waker = Waker(address)
    assert waker.report("web-1", "first") and waker.report("web-1", "the second")
    assert waker.report("worker-2", "{}")
    assert waker.reports() == {"web-1": "the second", "worker-2": "{}"}
    with Redis.from_url(address) as connection:
        assert 0 < connection.ttl("reports") <= REPORT_LASTS_S
        moment = connection.time()[0] - REPORT_LASTS_S - 1
        connection.hset("reports", "worker-2", f"{moment} {{}}")
        assert waker.reports() == {"web-1": "the second"}
        assert connection.hkeys("reports") == [b"web-1"]
        connection.flushdb()
    assert waker.reports() == {}
    waker.close()


@pytest.mark.redis
def test_jobs_that_wait_are_counted(address: str) -> None:
    """All that no worker has taken."""
    waker = Waker(address)
    assert waker.waiting() == 0
    waker.wake(ROWS)
    assert waker.waiting() == -(-len(ROWS) // TOGETHER)
    waker.close()


def test_a_server_that_is_away_knows_of_no_process() -> None:
    """Nothing is raised."""
    waker = Waker("redis://127.0.0.1:1/0")
    assert waker.waiting() is None
    assert not waker.report("web-1", "text")
    assert waker.reports() == {}
    waker.close()
