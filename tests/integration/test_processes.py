"""Real processes: `entraide up` serves, restarts what dies, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import smtplib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from mailbox import Maildir
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis, RedisError

from board import migrations, outbox
from board.context import Board
from board.listings import ListingView
from board.outbox import OutboxRow
from board.reference import load_taxonomy
from config.schedule import SCHEDULE
from config.settings import ROOT, Settings
from matcher import warm_up
from tests.factories import Factory
from tests.processes import Running, free_ports, wait_for


@dataclass
class Installation:
    """A board of its own: settings and a way to run commands in it."""

    settings: Settings
    environment: dict[str, str]

    def up(self) -> Running:
        """Start `entraide up` and wait until it says where it serves."""
        running = Running.start([sys.executable, "-m", "cli.main", "up"], self.environment)
        try:
            wait_for(
                lambda: running.says("is served at") or running.process.poll() is not None,
                "the served page",
            )
            assert running.process.poll() is None, "\n".join(running.lines)
        except AssertionError:
            running.destroy()
            raise
        return running

    def redis(self) -> Redis:
        """The queue's server."""
        return Redis.from_url(self.settings.redis_effective_url, socket_timeout=2)

    def is_healthy(self) -> bool:
        """Whether the page's server answers."""
        try:
            address = f"http://127.0.0.1:{self.settings.port}/health"
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def queue_answers(self) -> bool:
        """Whether the queue's server does."""
        with self.redis() as connection:
            try:
                return bool(connection.ping())
            except RedisError:
                return False

    def workers(self) -> set[bytes]:
        """Names of the workers that have registered."""
        with self.redis() as connection:
            return set(connection.smembers("rq:workers"))

    def jobs(self, outcome: str) -> int:
        """How many jobs the workers have ended with this outcome."""
        with self.redis() as connection:
            counts = [connection.hget(name, f"{outcome}_job_count") for name in self.workers()]
        return sum(int(count or 0) for count in counts)


@contextmanager
def installed(folder: Path, gazetteer_path: Path) -> Iterator[Installation]:
    """An empty home folder, with a space in its name, and free ports."""
    home = folder / "a home"
    home.mkdir()
    (home / "gazetteer.sqlite").symlink_to(gazetteer_path)
    port, catcher, mailin = free_ports(3)
    ours = {
        "ENTRAIDE_HOME": str(home),
        "PORT": str(port),
        "MAIL_CATCHER_PORT": str(catcher),
        "MAILIN_PORT": str(mailin),
    }
    others = {k: v for k, v in os.environ.items() if k not in Settings.variables()}
    settings = Settings.from_mapping(ours)
    yield Installation(settings, {**others, **ours})
    # Because of the space the socket lies outside the home.
    assert not settings.valkey_socket.is_relative_to(home)
    shutil.rmtree(settings.valkey_socket.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def compiled() -> None:
    """The engine in its cache, so that no process of these tests takes a minute for it."""
    warm_up(load_taxonomy())


@pytest.fixture
def installation(tmp_path: Path, gazetteer_path: Path, compiled: None) -> Iterator[Installation]:
    """A place for a board of this test's own."""
    with installed(tmp_path, gazetteer_path) as made:
        yield made


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, gazetteer_path: Path, compiled: None
) -> Iterator[tuple[Installation, Running]]:
    """A served board, for tests that only look at it."""
    with installed(tmp_path_factory.mktemp("served"), gazetteer_path) as made:
        running = made.up()
        yield made, running
        running.destroy()


def test_up_serves_a_page_and_keeps_mails_and_a_queue(served: tuple[Installation, Running]) -> None:
    """Everything runs on nothing but the wheels: page, worker, clock, queue and mails."""
    installation, up = served
    settings = installation.settings
    assert up.says(f"is served at http://127.0.0.1:{settings.port}")
    assert installation.is_healthy()
    wait_for(lambda: len(installation.workers()) == 1, "a registered worker")
    wait_for(lambda: up.says("clock started"), "the clock")
    wait_for(lambda: up.says("mail catcher started"), "the mail catcher")
    with smtplib.SMTP("127.0.0.1", settings.catcher_port, timeout=5) as client:
        client.sendmail("a@example.org", ["b@example.org"], b"Subject: hello\r\n\r\nhello\r\n")
    (message,) = Maildir(settings.mail_dir)
    assert (message["Subject"], message["X-RcptTo"]) == ("hello", "b@example.org")


def test_the_clock_asks_and_the_worker_does(served: tuple[Installation, Running]) -> None:
    """Periodic jobs go from one process through the queue to the other."""
    installation, up = served
    wait_for(lambda: installation.jobs("successful") >= len(SCHEDULE), "the periodic jobs")
    assert installation.jobs("failed") == 0, "\n".join(up.lines)


def test_one_process_tells_of_all(served: tuple[Installation, Running]) -> None:
    """Two processes of pages, the worker and the mail listener report; their copies do not lag."""
    installation, _ = served

    def told() -> dict[str, list[float]]:
        address = f"http://127.0.0.1:{installation.settings.port}/metrics"
        with urllib.request.urlopen(address, timeout=10) as answer:
            text = answer.read().decode()
        found: dict[str, list[float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = sample.name + sample.labels.get("role", "")
                found.setdefault(key, []).append(sample.value)
        return found

    everybody = {"web": [2.0], "worker": [1.0], "mailin": [1.0]}
    wait_for(
        lambda: {role: told().get(f"entraide_processes{role}") for role in everybody} == everybody,
        "the reports of all processes",
    )
    wait_for(lambda: told().get("entraide_index_lag_revisions") == [0.0] * 3, "three copies")
    assert told()["entraide_queue_up"] == told()["entraide_database_up"] == [1.0]
    assert len(told()["process_resident_memory_bytes"]) == 4


@pytest.mark.redis
def test_up_uses_the_configured_redis_and_starts_none(installation: Installation) -> None:
    """With REDIS_URL the queue is there, and no server of ours runs."""
    address = os.environ["TEST_REDIS_URL"].replace("/0", "/9")
    with Redis.from_url(address) as connection:
        connection.flushdb()
    environment = {**installation.environment, "REDIS_URL": address}
    settings = installation.settings.model_copy(update={"redis_url": address})
    board = Installation(settings, environment)
    running = board.up()
    try:
        wait_for(lambda: board.jobs("successful") >= len(SCHEDULE), "the periodic jobs")
        assert running.find("valkey-server") == []
        assert running.stop() == 0
    finally:
        running.destroy()


def test_what_is_killed_comes_back_and_what_is_stopped_is_gone(installation: Installation) -> None:
    """The worker, the web server and the queue's server, each killed outright.

    And then SIGTERM leaves no process behind, and the same command can start again.
    """
    up = installation.up()
    try:
        kill_and_wait(installation, up)
        assert len(up.children()) >= 7
        assert up.stop() == 0
        wait_for(lambda: not up.alive(), "the end of all processes", patience_s=2)
    finally:
        up.destroy()
    again = installation.up()
    try:
        assert again.stop() == 0
    finally:
        again.destroy()


def kill_and_wait(installation: Installation, up: Running) -> None:
    """Kill each kind of process and wait for its successor."""
    wait_for(lambda: len(installation.workers()) == 1, "a registered worker")
    (before,) = installation.workers()
    up.find("workers.worker")[0].kill()
    wait_for(lambda: installation.workers() - {before}, "another worker")

    up.find("gunicorn")[0].kill()
    wait_for(lambda: up.says("Listening at", times=2), "another web server")
    wait_for(installation.is_healthy, "the page, served again")

    with installation.redis() as connection:
        connection.set("kept", "yes")
        connection.execute_command("BGREWRITEAOF")
        up.find("valkey-server")[0].kill()
    wait_for(lambda: up.says("exited: valkey"), "the end of the queue's server")
    wait_for(installation.queue_answers, "the queue's server, again")
    with installation.redis() as connection:
        assert connection.get("kept") == b"yes"


def test_a_second_up_says_that_the_port_is_taken(served: tuple[Installation, Running]) -> None:
    """One line that names the variable and an example; the first goes on serving."""
    installation, _ = served
    command = [sys.executable, "-m", "cli.main", "up"]
    second = subprocess.run(
        command, cwd=ROOT, env=installation.environment, capture_output=True, text=True, timeout=30
    )
    assert second.returncode == 2
    port = installation.settings.port
    assert second.stderr == (
        f"error: PORT: port {port} is taken; accepted: a free port, for example PORT={port + 1}\n"
    )
    assert installation.is_healthy()


def test_a_second_up_of_the_same_home_on_another_port_is_refused(
    served: tuple[Installation, Running],
) -> None:
    """Two queue servers and two schedulers over one folder would disturb each other."""
    installation, up = served
    port, catcher, mailin = free_ports(3)
    environment = {
        **installation.environment,
        "PORT": str(port),
        "MAIL_CATCHER_PORT": str(catcher),
        "MAILIN_PORT": str(mailin),
    }
    command = [sys.executable, "-m", "cli.main", "up"]
    second = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30
    )
    assert second.returncode == 2
    assert second.stderr.startswith("error: ENTRAIDE_HOME: ")
    assert f"(process {up.process.pid})" in second.stderr


def test_a_queue_server_that_was_left_running_makes_way(installation: Installation) -> None:
    """After `up` and its supervisor were killed outright, the next start takes over the folder."""
    first = installation.up()
    try:
        (orphan,) = first.find("valkey-server")
        (supervisor,) = first.find("supervisor.supervisord")
        left = first.children()
        supervisor.kill()
        first.process.kill()
        first.process.wait()
        for process in left:
            if process not in (orphan, supervisor):
                process.kill()
        wait_for(lambda: first.alive() == [orphan], "the queue server alone")
        second = installation.up()
        try:
            assert second.says("stopped a queue server that was left running")
            assert second.find("valkey-server") != [orphan]
            assert installation.queue_answers()
        finally:
            second.destroy()
    finally:
        first.destroy()


@pytest.fixture
def filled(installation: Installation) -> Iterator[tuple[Installation, Board, ListingView]]:
    """A migrated board with a request, an offer that it matches, and an alert that it hits."""
    migrations.upgrade(installation.settings)
    board = Board.open(installation.settings)
    make = Factory(board)
    make.alert()
    make.offer()
    yield installation, board, make.open()
    board.close()


def test_what_runs_is_ready_before_it_is_asked(
    filled: tuple[Installation, Board, ListingView],
) -> None:
    """Both web processes and the worker; afterwards no question loads or compiles anything."""
    installation, board, request = filled
    installation.environment["NUMBA_DEBUG_CACHE"] = "1"
    up = installation.up()
    try:
        wait_for(lambda: up.says("engine ready", times=3), "three processes that are ready")
        assert up.says("listings=2", times=3)
        before = kernels(up)
        address = f"http://127.0.0.1:{installation.settings.port}/listings/{request.public_id}"
        for _ in range(20):
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert "engine;dur=" in answer.headers["Server-Timing"]
        wait_for(lambda: told(board, request.id), "the work of the worker")
        assert kernels(up) == before
        assert len(before) > 100
    finally:
        up.destroy()


def kernels(up: Running) -> list[str]:
    """The lines that tell which kernels were loaded or compiled."""
    return [line for line in up.lines if "[cache] data " in line]


def told(board: Board, listing_id: int) -> bool:
    """Whether somebody is told of a listing."""
    with board.db.read() as session:
        rows = session.query(OutboxRow).filter_by(purpose=outbox.MATCH, listing_id=listing_id)
        return rows.count() > 0


def test_a_web_server_answers_while_the_engine_is_compiled(
    filled: tuple[Installation, Board, ListingView], tmp_path: Path
) -> None:
    """The probe of health and the styles of a page do not wait, nor does its end."""
    installation, _, _ = filled
    environment = {**installation.environment, "NUMBA_CACHE_DIR": str(tmp_path / "empty")}
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "web.wsgi:app"]
    web = Running.start(command, environment)
    try:
        wait_for(installation.is_healthy, "the page's server")
        address = f"http://127.0.0.1:{installation.settings.port}/"
        with urllib.request.urlopen(address, timeout=10) as answer:
            style = re.search(r'href="/([^"]+\.css[^"]*)"', answer.read().decode())
            assert style is not None
        with urllib.request.urlopen(address + style[1], timeout=10) as answer:
            assert answer.headers.get_content_type() == "text/css"
        assert not web.says("engine ready")
        assert web.stop() == 0
    finally:
        web.destroy()
    assert not web.says("Traceback")
