"""Starts the servers that some tests need, on Debian: `make services` and `make services-stop`.

PostgreSQL with PostGIS and Redis run on free ports of 127.0.0.1, under a user without rights, with
data that is thrown away. What the tests must know stands in var/services.env.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENV_FILE = ROOT / "var" / "services.env"
STATE_FILE = ROOT / "var" / "services.json"
HOST = "127.0.0.1"
DATABASE, OWNER, PROGRAM = "entraide_test", "entraide_owner", "entraide_program"

# Nothing here outlives a test run, so nothing waits for the disk.
POSTGRESQL_CONF = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
timezone = 'UTC'
"""
# PostGIS is in the template, since only a superuser may add it and tests make databases. Emptying
# append-only tables between tests needs their triggers off.
ROLES = """
CREATE ROLE {owner} LOGIN CREATEDB PASSWORD '{owner_password}';
CREATE ROLE {program} LOGIN PASSWORD '{program_password}';
GRANT SET ON PARAMETER session_replication_role TO {owner};
CREATE EXTENSION postgis;
"""


class ServicesError(Exception):
    """A server cannot be installed or started; the text says which and why."""


@dataclass
class Services:
    """What runs, as noted in var/."""

    #: Folder of the data, removed at the end.
    folder: str
    #: Who runs the servers.
    user: str
    #: Folder of PostgreSQL's programs.
    postgresql: str
    postgresql_port: int
    redis_port: int
    redis_pid: int
    passwords: dict[str, str]
    chromium: str

    @classmethod
    def load(cls) -> Services | None:
        """What an earlier `make services` noted; None when there is nothing."""
        if not (ENV_FILE.is_file() and STATE_FILE.is_file()):
            return None
        return cls(**json.loads(STATE_FILE.read_text()))

    def save(self) -> None:
        """Note it for the tests and for the next call; passwords are for our eyes only."""
        lines = "".join(f"{name}={value}\n" for name, value in self.environment().items())
        for path, text in ((STATE_FILE, json.dumps(vars(self))), (ENV_FILE, lines)):
            path.touch(mode=0o600)
            path.write_text(text)

    def environment(self) -> dict[str, str]:
        """The variables of the tests."""

        def url(role: str) -> str:
            credentials = f"{role}:{self.passwords[role]}"
            return f"postgresql://{credentials}@{HOST}:{self.postgresql_port}/{DATABASE}"

        return {
            "TEST_DATABASE_URL": url(PROGRAM),
            "TEST_MIGRATION_DATABASE_URL": url(OWNER),
            "TEST_REDIS_URL": f"redis://{HOST}:{self.redis_port}/0",
            "TEST_CHROMIUM": self.chromium,
        }

    def answer(self) -> bool:
        """Whether all of them can be reached."""
        ports = (self.postgresql_port, self.redis_port)
        return Path(self.chromium).exists() and all(map(listens, ports))


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = 30) -> None:
    """Wait for a condition.

    Raises:
        ServicesError: it does not come about.
    """
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise ServicesError(f"{what} does not answer after {patience_s:.0f} s")
        time.sleep(0.05)


def identity(user: str) -> dict[str, Any]:
    """Arguments for subprocess that make a command run as this user."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def run(user: str, *command: str, env: dict[str, str] | None = None, text: str = "") -> None:
    """Run a command as this user; its output is shown when it fails."""
    # A file and not a pipe: a server that the command leaves behind would hold the pipe open.
    with tempfile.TemporaryFile("w+") as output:
        result = subprocess.run(
            command,
            input=text,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(env or {})},
            cwd="/",
            check=False,
            **identity(user),
        )
        if result.returncode:
            output.seek(0)
            raise ServicesError(f"{output.read().strip()}\n(from: {' '.join(command)})")


def postgresql_programs() -> str | None:
    """Folder of the newest PostgreSQL here that has PostGIS."""
    # The library, not postgis.control: that comes with a package of scripts of its own.
    for library in sorted(Path("/usr/lib/postgresql").glob("*/lib/postgis-*.so")):
        programs = library.parents[1] / "bin"
        if (programs / "initdb").exists():
            return str(programs)
    return None


def install() -> None:
    """Install what is missing, with apt-get."""
    needed = {
        "postgresql-15": postgresql_programs(),
        "postgresql-15-postgis-3": postgresql_programs(),
        "redis-server": shutil.which("redis-server"),
        "chromium": shutil.which("chromium"),
    }
    missing = [package for package, found in needed.items() if not found]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise ServicesError(f"this is not Debian; install {', '.join(missing)} by hand")
    become_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    print(f"services: installing {', '.join(missing)} …", flush=True)
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes"]
    for command in (["update"], ["install", "--no-install-recommends", *missing]):
        result = subprocess.run(
            [*apt, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise ServicesError(f"apt-get {command[0]}: {(result.stderr or result.stdout).strip()}")


def choose_user() -> str:
    """Ourselves, or for root somebody without rights: initdb refuses root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def make_folder(user: str) -> Path:
    """A folder of this user: under var/ or, where the user cannot enter that, under /tmp."""
    folder = ROOT / "var" / "services"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        shutil.chown(folder, user)
        enters = subprocess.run(["test", "-w", str(folder)], check=False, **identity(user))
        if enters.returncode:
            folder.rmdir()
            folder = Path(tempfile.mkdtemp(prefix="entraide-services-"))
            shutil.chown(folder, user)
    return folder


def start_postgresql(services: Services) -> None:
    """A new cluster with PostGIS, our two roles and one database."""
    user, programs, data = services.user, services.postgresql, f"{services.folder}/postgresql"
    password = services.passwords["postgres"]
    secret = Path(services.folder, "password")
    secret.touch(mode=0o600)
    secret.write_text(f"{password}\n")
    if os.geteuid() == 0:
        shutil.chown(secret, user)
    initdb = (f"{programs}/initdb", "--no-sync", "--username=postgres", "--auth=scram-sha-256")
    options = ("--encoding=UTF8", "--locale=C.UTF-8", f"--pwfile={secret}")
    run(user, *initdb, *options, f"--pgdata={data}")
    secret.unlink()
    with Path(data, "postgresql.conf").open("a") as conf:
        conf.write(POSTGRESQL_CONF.format(port=services.postgresql_port))
    log = f"--log={services.folder}/postgresql.log"
    run(user, f"{programs}/pg_ctl", "start", "--wait", f"--pgdata={data}", log)
    roles = ROLES.format(
        owner=OWNER,
        owner_password=services.passwords[OWNER],
        program=PROGRAM,
        program_password=services.passwords[PROGRAM],
    )
    psql = (f"{programs}/psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--host={HOST}")
    login = (f"--port={services.postgresql_port}", "--username=postgres")
    env = {"PGPASSWORD": password}
    run(user, *psql, *login, "--dbname=template1", env=env, text=roles)
    create = f"--command=CREATE DATABASE {DATABASE} OWNER {OWNER}"
    run(user, *psql, *login, "--dbname=postgres", create, env=env)


def start_redis(services: Services) -> None:
    """A Redis that keeps nothing on disk."""
    with Path(services.folder, "redis.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("redis-server", "--bind", HOST, "--port", str(services.redis_port)),
                *("--dir", services.folder, "--save", "", "--appendonly", "no"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            **identity(services.user),
        )
    services.redis_pid = process.pid
    wait_until(lambda: listens(services.redis_port), "Redis")


def start() -> None:
    """Start everything, or leave what runs already."""
    known = Services.load()
    if known and known.answer():
        print(f"services: running already; the tests read {ENV_FILE}")
        return
    stop()
    install()
    user = choose_user()
    folder = make_folder(user)
    services = Services(
        folder=str(folder),
        user=user,
        postgresql=postgresql_programs() or "",
        postgresql_port=free_port(),
        redis_port=free_port(),
        redis_pid=0,
        passwords={role: secrets.token_hex(16) for role in ("postgres", OWNER, PROGRAM)},
        chromium=shutil.which("chromium") or "",
    )
    try:
        print("services: starting PostgreSQL …", flush=True)
        start_postgresql(services)
        print("services: starting Redis …", flush=True)
        start_redis(services)
    except ServicesError:
        halt(services)
        raise
    services.save()
    print(f"services: running; the tests read {ENV_FILE}")


def stop() -> None:
    """Stop what an earlier call started, and nothing else."""
    services = Services.load()
    if services:
        halt(services)
    ENV_FILE.unlink(missing_ok=True)
    STATE_FILE.unlink(missing_ok=True)


def halt(services: Services) -> None:
    """End the servers of this folder, then remove it."""
    data = Path(services.folder, "postgresql")
    if runs(postmaster_pid(data), "postgres", str(data)):
        fast = ("stop", "--wait", "--mode=fast", f"--pgdata={data}")
        run(services.user, f"{services.postgresql}/pg_ctl", *fast)
    if runs(services.redis_pid, "redis-server", str(services.redis_port)):
        os.kill(services.redis_pid, signal.SIGTERM)
        wait_until(lambda: not listens(services.redis_port), "the end of Redis")
    shutil.rmtree(services.folder, ignore_errors=True)


def postmaster_pid(data: Path) -> int:
    """Its process as PostgreSQL noted it, or 0; the note outlives a killed server."""
    try:
        return int(Path(data, "postmaster.pid").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return 0


def runs(pid: int, *words: str) -> bool:
    """Whether the process is still the one that we started: numbers are used again."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return all(word.encode() in command for word in words)


def main() -> int:
    """Start or stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("start", "stop"))
    command = parser.parse_args().command
    (ROOT / "var").mkdir(exist_ok=True)
    try:
        start() if command == "start" else stop()
    except (ServicesError, OSError) as error:
        print(f"error: services: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
