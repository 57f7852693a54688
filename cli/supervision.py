"""Running several processes as one: supervisord behind a plain function.

supervisord restarts what dies, waits longer each time when it dies at once, and stops whole
process groups. This module writes its configuration, gives each process a pipe, and prints what
comes out of the pipes with the name of the process before each line.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import selectors
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: A process that dies sooner counts as one that cannot start, and the waits grow.
START_S = 5
#: Time to finish before a process is killed, first for the processes, then for their servers.
STOP_S = 4
SERVER_STOP_S = 3

_PR_SET_PDEATHSIG = 1
_SHELL = frozenset(";|&<>$`")


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running."""

    name: str
    command: tuple[str, ...]
    #: Servers that the others need: started first and stopped last.
    is_server: bool = False


def read_procfile(path: Path) -> list[Program]:
    """The programs of a Procfile: `name: command`, one a line, run without a shell.

    Raises:
        ValueError: a line is none of that.
    """
    programs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, command = line.partition(":")
        plain = command.strip() and not set(command) & _SHELL
        if not colon or not name.isidentifier() or not plain:
            raise ValueError(f"{path.name}, line {number}: accepted: name: command")
        programs.append(Program(name, tuple(shlex.split(command))))
    return programs


def configuration(programs: Sequence[Program], outputs: Mapping[str, int]) -> str:
    """The text of supervisord's configuration file.

    Args:
        programs: what to run.
        outputs: for each program's name, the descriptor of supervisord that takes its output.
    """
    user = pwd.getpwuid(os.getuid()).pw_name
    sections = [
        "[supervisord]\nnodaemon=true\nnocleanup=true\nloglevel=warn\n"
        "logfile=/dev/null\nlogfile_maxbytes=0\n"
        f"minfds=256\nminprocs=64\nuser={user}\npidfile=%(here)s/supervisord.pid"
    ]
    for program in programs:
        command = " ".join(map(shlex.quote, program.command)).replace("%", "%%")
        stop_s = SERVER_STOP_S if program.is_server else STOP_S
        sections.append(
            f"[program:{program.name}]\ncommand={command}\nautorestart=true\nredirect_stderr=true\n"
            f"startsecs={START_S}\nstartretries=1000000\nstopwaitsecs={stop_s}\nstopasgroup=true\n"
            f"priority=1\nstdout_logfile=/dev/fd/{outputs[program.name]}\nstdout_logfile_maxbytes=0"
        )
    # Groups are stopped one after the other, the members of a group all at once.
    members = ",".join(program.name for program in programs if not program.is_server)
    sections.append(f"[group:entraide]\nprograms={members}\npriority=2")
    return "\n\n".join(sections) + "\n"


def supervise(
    programs: Sequence[Program],
    *,
    folder: Path,
    cwd: Path,
    environment: Mapping[str, str],
    prefixed: bool = True,
    started: Callable[[], None] = lambda: None,
) -> int:
    """Run the programs until this process is told to stop; then stop them all.

    Args:
        programs: what to run.
        folder: where the configuration and the process id of supervisord are kept.
        cwd: folder that the programs start in.
        environment: their environment.
        prefixed: whether the name of a process stands before its lines.
        started: called once supervisord runs.

    Returns:
        0 when stopped by a signal, 1 when supervisord ended by itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _pipes([*(program.name for program in programs), "up"]) as (readers, writers):
        conf = folder / "supervisord.conf"
        conf.write_text(configuration(programs, writers), encoding="utf-8")
        supervisor = _start(conf, cwd, environment, readers, writers)
        while writers:
            os.close(writers.popitem()[1])
        with _stopping(supervisor) as stopped:
            started()
            _print_lines(readers, prefixed=prefixed)
            supervisor.wait()
    return 0 if stopped else 1


def _start(
    conf: Path,
    cwd: Path,
    environment: Mapping[str, str],
    readers: Mapping[str, int],
    writers: Mapping[str, int],
) -> subprocess.Popen[bytes]:
    # It gets the reading ends too: were we killed, its last words would otherwise meet a broken
    # pipe, and it would end before it has stopped the processes.
    return subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(conf)],
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=writers["up"],
        stderr=writers["up"],
        pass_fds=(*readers.values(), *writers.values()),
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    """On Linux, ask for a SIGTERM when our parent ends, even by a SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def _pipes(names: Sequence[str]) -> Iterator[tuple[dict[str, int], dict[str, int]]]:
    readers: dict[str, int] = {}
    writers: dict[str, int] = {}
    try:
        for name in names:
            readers[name], writers[name] = os.pipe()
        yield readers, writers
    finally:
        for descriptor in (*readers.values(), *writers.values()):
            os.close(descriptor)


@contextmanager
def _stopping(supervisor: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Pass signals to stop on to the supervisor; gives the list of those that came."""
    stopped: list[int] = []

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        supervisor.terminate()

    numbers = [signal.SIGTERM, signal.SIGINT]
    # Under nohup a closed terminal is no reason to stop.
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_lines(readers: Mapping[str, int], *, prefixed: bool) -> None:
    """Print whole lines from all pipes until the last is closed."""
    width = max(map(len, readers))
    rest = dict.fromkeys(readers, b"")
    with selectors.DefaultSelector() as selector:
        for name, descriptor in readers.items():
            selector.register(descriptor, selectors.EVENT_READ, name)
        while selector.get_map():
            for key, _ in selector.select():
                chunk = os.read(key.fd, 65_536)
                *lines, rest[key.data] = (rest[key.data] + chunk).split(b"\n")
                if not chunk:
                    selector.unregister(key.fd)
                    lines.append(rest[key.data])
                prefix = f"{key.data:{width}} | ".encode() if prefixed else b""
                text = b"".join(prefix + line + b"\n" for line in lines if line.strip())
                sys.stdout.buffer.write(text)
                sys.stdout.buffer.flush()
