"""How long a page takes over HTTP, against a bare route that returns the same bytes."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.harness import Options, Result, environment, median, seconds
from board import demo
from board.context import Board
from config.settings import ROOT, Settings

PAGES = {"first-page": "/", "listings-page": "/listings"}
_HEADERS = {"Accept-Language": "fr", "Connection": "close"}
_START_S = 60.0


class ServerSilent(Exception):
    """A server did not answer as it should; its last lines are in the message."""


def run(options: Options) -> Iterator[Result]:
    """Each page from the same web server with one worker; the two servers take turns."""
    with environment() as variables:
        board = Board.open(Settings.from_mapping(variables))
        demo.fill(board, count=options.demo_listings)
        board.close()
        with _server("web.wsgi:app", variables) as port:
            for name, path in PAGES.items():
                yield _measured(name, path, port, variables, options)


def _measured(
    name: str, path: str, port: int, variables: dict[str, str], options: Options
) -> Result:
    page = _get(port, path)
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.NamedTemporaryFile(suffix=".html"))
        file.write(page)
        file.flush()
        bare_port = stack.enter_context(
            _server("benchmarks.bare:app", {**variables, "BENCH_PAGE": file.name})
        )
        for _ in range(options.warm_ups):
            _get(port, path), _get(bare_port, path)
        ours, bare = [], []
        for _ in range(options.requests):
            ours.append(seconds(lambda: _get(port, path)))
            bare.append(seconds(lambda: _get(bare_port, path)))
    return {
        "benchmark": name,
        "path": path,
        "listings": options.demo_listings,
        "bytes": len(page),
        "median_ms": round(median(ours) * 1000, 2),
        "worst_ms": round(max(ours) * 1000, 2),
        "bare_flask_median_ms": round(median(bare) * 1000, 2),
        "to_bare_flask": round(median(ours) / median(bare), 2),
        "requests": options.requests,
    }


def _get(port: int, path: str) -> bytes:
    """The body of a page; raises ServerSilent for another status than 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=_HEADERS)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise ServerSilent(f"{path} answered {answer.status}")
    return body


@contextmanager
def _server(application: str, variables: dict[str, str]) -> Iterator[int]:
    """Port of a web server with one worker; it ends with the block."""
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py",
               "--workers", "1", application]  # fmt: skip
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **variables, "PORT": str(port)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _await_answer(process, port, log.fileno())
            yield port
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_answer(process: subprocess.Popen[bytes], port: int, log: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            _get(port, "/")
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            return
    tail = Path(f"/proc/self/fd/{log}").read_bytes()[-1000:].decode(errors="replace")
    raise ServerSilent(f"the web server did not answer within {_START_S:.0f} s: {tail}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
