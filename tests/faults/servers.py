"""Servers of a test's own, made to be killed: a PostgreSQL cluster and a Redis."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from redis import Redis as Client
from redis import RedisError

from scripts import services
from tests.processes import die_with_parent, wait_for

#: What `make services` turns off because nothing dies there. Whoever runs a board has it on.
_DURABLE = "\nfsync = on\nsynchronous_commit = on\nfull_page_writes = on\n"


@dataclass
class Process:
    """A server that we start, kill outright with all that it started, and start again."""

    command: tuple[str, ...]
    user: str
    log: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
                **services.identity(self.user),
            )

    def kill(self) -> None:
        if self.running is None:
            return
        below: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            below = psutil.Process(self.running.pid).children(recursive=True)
        self.running.kill()
        for process in below:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self.running.wait()
        psutil.wait_procs(below, timeout=10)
        self.running = None


@dataclass
class PostgreSQL:
    """A cluster with our roles and one empty database."""

    known: services.Services
    process: Process

    def kill(self) -> None:
        self.process.kill()

    def start(self) -> None:
        self.process.start()

    def answers(self) -> bool:
        try:
            with psycopg.connect(self.urls["DATABASE_URL"], connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    @property
    def urls(self) -> dict[str, str]:
        """DATABASE_URL and that of the schema's owner."""
        there = self.known.environment()
        return {
            "DATABASE_URL": there["TEST_DATABASE_URL"],
            "MIGRATION_DATABASE_URL": there["TEST_MIGRATION_DATABASE_URL"],
        }

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a question that a superuser asks."""
        with psycopg.connect(
            host=services.HOST,
            port=self.known.postgresql_port,
            user="postgres",
            password=self.known.passwords["postgres"],
            dbname=services.DATABASE,
        ) as connection:
            return connection.execute(query.encode()).fetchall()


@dataclass
class Redis:
    """A Redis that keeps nothing on disk: killed, it is empty."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"redis://{services.HOST}:{self.port}/0"

    def kill(self) -> None:
        self.process.kill()

    def start(self) -> None:
        self.process.start()

    def answers(self) -> bool:
        with Client.from_url(self.url, socket_timeout=2) as connection:
            try:
                return bool(connection.ping())
            except RedisError:
                return False


@contextmanager
def folder_of(user: str) -> Iterator[Path]:
    """A folder that this user owns and can reach, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="entraide-faults-"))
    shutil.chown(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A running cluster; killed at the end."""
    user, programs = services.choose_user(), services.postgresql_programs()
    assert programs is not None, "the PostgreSQL half needs `make services`"
    with folder_of(user) as folder:
        known = services.Services(
            folder=str(folder),
            user=user,
            postgresql=programs,
            postgresql_port=services.free_port(),
            redis_port=0,
            redis_pid=0,
            passwords={
                role: secrets.token_hex(16)
                for role in ("postgres", services.OWNER, services.PROGRAM)
            },
            chromium="",
        )
        data = folder / "postgresql"
        services.start_postgresql(known)
        stop = ("stop", "--wait", "--mode=fast", f"--pgdata={data}")
        services.run(user, f"{programs}/pg_ctl", *stop)
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(_DURABLE)
        command = (f"{programs}/postgres", "-D", str(data))
        cluster = PostgreSQL(known, Process(command, user, folder / "log"))
        cluster.start()
        try:
            wait_for(cluster.answers, "PostgreSQL")
            yield cluster
        finally:
            cluster.kill()


@contextmanager
def redis() -> Iterator[Redis]:
    """A running Redis; killed at the end."""
    user = services.choose_user()
    with folder_of(user) as folder:
        port = services.free_port()
        at = ("--bind", services.HOST, "--port", str(port), "--dir", str(folder))
        command = ("redis-server", *at, "--save", "", "--appendonly", "no")
        server = Redis(port, Process(command, user, folder / "log"))
        server.start()
        try:
            wait_for(server.answers, "Redis")
            yield server
        finally:
            server.kill()
