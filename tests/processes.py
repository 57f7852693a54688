"""Processes under test: starting them, reading what they print, finding what they leave."""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from config.settings import ROOT

#: Enough for a machine that does ten other things.
PATIENCE_S = 180
STOP_S = 30
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def wait_for(condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds; fail with its name when it does not."""
    begun = time.monotonic()
    while not condition():
        waited = time.monotonic() - begun
        assert waited < patience_s, f"not within {patience_s} s: {what}"
        # A look at processes takes milliseconds, which those that are waited for may need.
        threading.Event().wait(min(0.05 + waited / 20, 0.25))


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nothing listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """In a new process, before its program: on Linux, send it this signal when ours is killed."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, number)


@dataclass
class Running:
    """A process under test, what it printed, and all that it ever started."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    seen: set[psutil.Process] = field(default_factory=set)
    reader: threading.Thread = field(init=False)

    @classmethod
    def start(cls, command: list[str], environment: dict[str, str]) -> Running:
        """Start it and collect its lines."""
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent,
        )
        running = cls(process)
        running.reader = threading.Thread(target=running._read, daemon=True)
        running.reader.start()
        return running

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                self.lines.append(line.rstrip("\n"))

    def says(self, text: str, times: int = 1) -> bool:
        """Whether it printed so many lines with this text."""
        return sum(text in line for line in self.lines) >= times

    def children(self) -> list[psutil.Process]:
        """All processes below it now."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        self.seen.update(found)
        return found

    def find(self, *words: str) -> list[psutil.Process]:
        """The processes below it whose command holds all these words, oldest first."""

        def matches(process: psutil.Process) -> bool:
            try:
                command = " ".join(process.cmdline())
            except psutil.Error:
                return False
            return all(word in command for word in words)

        return sorted(filter(matches, self.children()), key=psutil.Process.create_time)

    def alive(self) -> list[psutil.Process]:
        """What is left of all that was ever seen below it."""
        return [
            process
            for process in self.seen
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        ]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit status."""
        self.children()
        self.process.send_signal(number)
        return self.process.wait(timeout=STOP_S)

    def destroy(self) -> None:
        """End everything, whatever state a test left it in."""
        # Suspended first, so that nothing is restarted between the look and the kill.
        for supervisor in self.find("supervisor.supervisord"):
            supervisor.suspend()
        self.children()
        for process in self.alive():
            process.kill()
        self.process.kill()
        self.process.wait()
        self.reader.join(timeout=STOP_S)
        # Shown by pytest beside a failure.
        print(*self.lines, sep="\n")
