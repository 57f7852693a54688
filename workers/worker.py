"""The worker: takes jobs from the queue, one after the other. `python -m workers.worker`."""

from __future__ import annotations

import os

import structlog
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from board.waking import QUEUE
from config.logging import configure
from config.settings import Settings
from workers.queue import connect

_log = structlog.get_logger(__name__)


class DispatchWorker(SimpleWorker):
    """A worker that runs jobs in its own process, so that the index is loaded once."""

    #: Seconds between two tries while the queue's server is away; RQ waits a minute.
    max_connection_wait_time = 5.0


def make_worker(settings: Settings) -> DispatchWorker:
    """A worker for the one queue.

    It looks after jobs of dead workers every 30 s, where RQ does so every ten minutes.
    """
    connection = connect(settings)
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    return DispatchWorker(
        [queue],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=60,
        maintenance_interval=30,
        job_monitoring_interval=5,
        log_job_description=False,
    )


def main() -> None:
    """Work until told to stop; a running job is finished first."""
    settings = Settings.from_mapping(os.environ)
    configure("worker", production=settings.production)
    worker = make_worker(settings)
    # Loaded once there are logs to tell what it finds. The jobs use the same board.
    from board import processes, warming
    from workers.parts import board

    warming.start(board())
    processes.start(board(), "worker")
    _log.info("worker started", queue=QUEUE)
    worker.work(logging_level="WARNING")
    _log.info("worker stopped")


if __name__ == "__main__":
    main()
