"""A push service under test, and browsers of it: a real HTTP server that can read what it gets."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from board.push_subscriptions import NewSubscription

Answer = Callable[[BaseHTTPRequestHandler], None]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Delivered:
    """One request that the service got."""

    path: str
    #: Names in any case.
    headers: Message
    body: bytes

    @property
    def claims(self) -> dict[str, Any]:
        """What the signature says; fails where it is not that of the key beside it."""
        assert Vapid02.verify(self.headers["Authorization"])
        token = self.headers["Authorization"].partition("t=")[2].partition(",")[0]
        claims = token.split(".")[1]
        read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims + "=="))
        return read

    @property
    def key(self) -> str:
        """The public key of whoever signed."""
        return self.headers["Authorization"].partition("k=")[2]


@dataclass(frozen=True)
class SubscribedBrowser:
    """A browser that subscribed: it alone can read what is sent to it."""

    endpoint: str
    private_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> NewSubscription:
        """What its page would hand to the board."""
        point = self.private_key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return NewSubscription(self.endpoint, _text(point), _text(self.secret))

    def read(self, delivered: Delivered) -> dict[str, str]:
        """What a message says; fails where it was encrypted for another browser."""
        assert delivered.headers["Content-Encoding"] == "aes128gcm"
        content = http_ece.decrypt(
            delivered.body, private_key=self.private_key, auth_secret=self.secret
        )
        message: dict[str, str] = json.loads(content)
        return message


class PushService(ThreadingHTTPServer):
    """A real HTTP server on loopback that takes messages and keeps them.

    `answers` may hold, by path, what the next messages get instead of 201.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.delivered: list[Delivered] = []
        self.answers: dict[str, list[Answer]] = {}
        #: Set when the test is over: what hangs then lets go.
        self.over = threading.Event()

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """One as long as the block lasts."""
        with cls() as service:
            thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield service
            finally:
                service.over.set()
                service.shutdown()
                thread.join()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def browser(self, name: str = "one") -> SubscribedBrowser:
        """A browser that subscribed here."""
        return SubscribedBrowser(f"{self.origin}/push/{name}")

    def to(self, browser: SubscribedBrowser) -> list[Delivered]:
        """What was sent to this browser, oldest first."""
        path = browser.endpoint.removeprefix(self.origin)
        return [each for each in self.delivered if each.path == path]

    def will(self, browser: SubscribedBrowser, *answers: Answer) -> None:
        """Answer the next messages to this browser so."""
        self.answers[browser.endpoint.removeprefix(self.origin)] = list(answers)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast(PushService, self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.delivered.append(Delivered(self.path, self.headers, body))
        waiting = server.answers.get(self.path, [])
        (waiting.pop(0) if waiting else status(201))(self)

    def do_GET(self) -> None:
        """Whoever follows a redirect comes by GET."""
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


def status(code: int, **headers: str) -> Answer:
    """An answer of this status; `Retry_After` is the header Retry-After."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def hanging(handler: BaseHTTPRequestHandler) -> None:
    """No answer, until the test is over."""
    cast(PushService, handler.server).over.wait(30)


def broken(handler: BaseHTTPRequestHandler) -> None:
    """The connection ends without an answer."""
    handler.connection.close()
    handler.close_connection = True
