"""The processes of a served board: finding them, killing them, taking servers away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
from redis import Redis as Client
from redis import RedisError

from board.context import Board
from board.waking import QUEUE
from config.settings import Settings
from tests.faults.clients import UNKNOWN, Browser
from tests.faults.servers import PostgreSQL, Redis
from tests.processes import Running, wait_for


@dataclass
class Parts:
    """What `entraide up` runs, and servers of our own beside it."""

    settings: Settings
    environment: dict[str, str]
    #: The same board, opened in this process.
    board: Board
    up: Running
    #: Ours to kill and to start again; None where `entraide up` has its own.
    postgresql: PostgreSQL | None
    redis: Redis | None

    def web(self) -> list[psutil.Process]:
        """The web server and its processes, the server first."""
        return self.up.find("gunicorn")

    def worker(self) -> psutil.Process:
        """The worker, once there is one."""
        wait_for(lambda: self.up.find("workers.worker"), "a worker")
        return self.up.find("workers.worker")[0]

    def queue(self) -> Client:
        """The queue's server."""
        return Client.from_url(self.settings.redis_effective_url, socket_timeout=2)

    def queue_answers(self) -> bool:
        with self.queue() as connection:
            try:
                return bool(connection.ping())
            except RedisError:
                return False

    def worker_listens(self) -> bool:
        """Whether a worker that lives has registered."""
        alive = {str(each.pid) for each in self.up.find("workers.worker")}
        with self.queue() as connection:
            try:
                names = connection.smembers("rq:workers")
                pids = {(connection.hget(name, "pid") or b"").decode() for name in names}
            except RedisError:
                return False
        return bool(alive & pids)

    def worker_rests(self) -> bool:
        """Whether no job waits and the worker has none in hand."""
        with self.queue() as connection:
            waiting = connection.llen(f"rq:queue:{QUEUE}")
            states = [connection.hget(name, "state") for name in connection.smembers("rq:workers")]
        return waiting == 0 and set(states) <= {b"idle"}

    def web_answers(self) -> bool:
        """Whether the web server has all its processes, and one of them answers."""
        with suppress(*UNKNOWN):
            if Browser(self.settings.port).get("/health", timeout_s=2).status == 200:
                return len(self.web()) >= 3
        return False

    def is_whole(self) -> bool:
        """Whether everything runs that should."""
        return self.web_answers() and self.worker_listens()

    @contextmanager
    def own_worker_aside(self) -> Iterator[None]:
        """Meanwhile another worker of this test takes the jobs, and that of the site none."""
        worker = self.worker()
        wait_for(self.worker_listens, "a worker that listens")
        with self.queue() as connection:
            (name,) = (
                name.decode()
                for name in connection.smembers("rq:workers")
                if connection.hget(name, "pid") == str(worker.pid).encode()
            )
            wait_for(lambda: self._suspended(worker, connection, name), "a worker at rest")
            # Were its connection kept, the next job would be handed to it.
            self._drop_clients(connection, name.rpartition(":")[2])
        try:
            yield
        finally:
            worker.resume()

    def _suspended(self, worker: psutil.Process, connection: Client, name: str) -> bool:
        """Suspend the worker where it holds nothing of the database; whether that was so."""
        # Nobody else writes to SQLite while we could.
        with self.board.db.write():
            worker.suspend()
            if connection.hget(name, "state") == b"idle":
                return True
            worker.resume()
        return False

    @staticmethod
    def _drop_clients(connection: Client, name: str) -> None:
        for client in connection.client_list():
            if client["name"] == name:
                connection.client_kill_filter(_id=client["id"])

    def kill_web(self, whole: bool = False) -> None:
        """One process of the web server, or all of them at once."""
        wait_for(lambda: len(self.web()) >= 2, "a web server with a process")
        server, *processes = self.web()
        for process in (server, *processes) if whole else processes[:1]:
            end(process)

    def kill_worker(self) -> None:
        end(self.worker())

    def kill_redis(self) -> None:
        """The queue's server; ours comes back empty, that of `entraide up` with its journal."""
        if self.redis is not None:
            self.redis.kill()
            self.redis.start()
            return
        wait_for(lambda: self.up.find("valkey-server"), "the queue's server")
        end(self.up.find("valkey-server")[0])

    @contextmanager
    def redis_away(self) -> Iterator[None]:
        """No queue's server; that of `entraide up` finds no folder to start in."""
        if self.redis is not None:
            self.redis.kill()
            try:
                yield
            finally:
                self.redis.start()
                wait_for(self.queue_answers, "the queue's server again")
            return
        folder = self.settings.home / "valkey"
        hidden = folder.rename(folder.with_name("valkey-away"))
        self.kill_redis()
        try:
            yield
        finally:
            hidden.rename(folder)
            wait_for(self.queue_answers, "the queue's server again")

    def kill_postgresql(self) -> None:
        """Every process of the cluster; it comes back at once."""
        assert self.postgresql is not None
        self.postgresql.kill()
        self.postgresql.start()


def end(process: psutil.Process) -> None:
    """SIGKILL to a process that we started, which may have ended by itself."""
    with suppress(psutil.NoSuchProcess):
        process.kill()
