"""A geocoder under test: a real HTTP server on loopback, and a client that asks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast

from board.geocoding import OnlineGeocoder

Answer = Callable[[BaseHTTPRequestHandler], None]


class Geocoder(ThreadingHTTPServer):
    """A real HTTP server on loopback that answers as a test wants and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Answer = status(500)
        self.asked: list[tuple[str, dict[str, str]]] = []
        #: Set when the test is over: what hangs then lets go.
        self.over = threading.Event()

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """One that answers 500 until told otherwise, as long as the block lasts."""
        with cls() as geocoder:
            thread = threading.Thread(target=geocoder.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield geocoder
            finally:
                geocoder.over.set()
                geocoder.shutdown()
                thread.join()

    @property
    def domain(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = cast(Geocoder, self.server)
        server.asked.append((self.path, dict(self.headers)))
        server.answer(self)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


def status(code: int, body: bytes = b"") -> Answer:
    """An answer with this status and body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(code: int, target: str) -> Answer:
    """An answer that points elsewhere."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def features(*found: tuple[float, float, str]) -> Answer:
    """An answer of Photon or BAN: (lat, lng, type) each."""
    listed = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lng, lat]},
            "properties": {"name": "Rue Joffre", "label": "12 Rue Joffre", "type": sort},
        }
        for lat, lng, sort in found
    ]
    body = json.dumps({"type": "FeatureCollection", "features": listed})
    return status(200, body.encode())


def online(server: Geocoder, service: str = "photon", **options: Any) -> OnlineGeocoder:
    """A geocoder of this service on the test's server."""
    options = {"timeout_s": 5, **options}
    return OnlineGeocoder(service, server.domain, scheme="http", **options)
