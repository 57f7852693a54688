"""Doubles: a waker that remembers, an SMTP server that keeps its mails; a count of statements."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from aiosmtpd.controller import Controller

from board import dispatching, outbox
from board.codes import ALPHABET
from board.context import Board


class FakeWaker:
    """Remembers which rows it was asked to wake, and what processes say of themselves."""

    def __init__(self) -> None:
        self.woken: list[int] = []
        self.kept: dict[str, str] = {}
        self.away = False

    def wake(self, outbox_ids: Iterable[int]) -> bool:
        self.woken += outbox_ids
        return True

    def waiting(self) -> int | None:
        return None if self.away else len(self.woken)

    def report(self, process: str, text: str) -> bool:
        self.kept[process] = text
        return not self.away

    def reports(self) -> dict[str, str]:
        return {} if self.away else dict(self.kept)

    def close(self) -> None:
        """Nothing to close."""


class _Listener(Controller):
    """A controller that takes any free port: the library's own checks the port it asked for."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


def text_of(message: EmailMessage) -> str:
    """What a mail says in plain text, whether or not there is HTML beside it."""
    body = message.get_body(("plain",))
    assert body is not None, "every mail can be read as plain text"
    return str(body.get_content())


def html_of(message: EmailMessage) -> str:
    """The HTML of a mail; "" where there is none."""
    body = message.get_body(("html",))
    return "" if body is None else str(body.get_content())


class MailSink:
    """An SMTP server on a free port of loopback.

    `answers` may hold replies (such as "451 later") that the next mails get instead of 250;
    `refused` those that these recipients get.
    """

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        #: Envelope senders.
        self.senders: list[str] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self._controller = _Listener(self, hostname="127.0.0.1", port=0)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Take a recipient, or answer what the test asked for."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep one mail, or answer what the test asked for."""
        if self.answers:
            return self.answers.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        self.senders.append(envelope.mail_from)
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._controller.port}"

    def to(self, address: str) -> list[EmailMessage]:
        """The mails that this address got, oldest first."""
        return [
            message
            for message, recipients in zip(self.messages, self.recipients, strict=True)
            if recipients == [address]
        ]

    def token(self, address: str, path: str = "links") -> str:
        """The token of the newest link mailed to this address."""
        for message in reversed(self.to(address)):
            found = re.search(rf"/{path}/(\S+)", text_of(message))
            if found:
                return found[1]
        raise AssertionError(f"no mail to {address} holds a link to /{path}/")

    def code(self, address: str) -> str:
        """The newest code mailed to this address, as it is written: ABCD-EFGH."""
        signs = f"[{ALPHABET}]{{4}}"
        for message in reversed(self.to(address)):
            found = re.search(rf"\b{signs}-{signs}\b", text_of(message))
            if found:
                return found[0]
        raise AssertionError(f"no mail to {address} holds a code")

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()


def work_off(board: Board) -> int:
    """Dispatch what is due until nothing is; returns how many rows that were."""
    done = 0
    while due := outbox.due_ids(board.db):
        for row_id in due:
            dispatching.dispatch(board, row_id)
            done += 1
    return done


@contextmanager
def counting(board: Board) -> Iterator[list[str]]:
    """The statements that the database gets meanwhile."""
    statements: list[str] = []

    def count(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    sa.event.listen(board.db.engine, "before_cursor_execute", count)
    yield statements
    sa.event.remove(board.db.engine, "before_cursor_execute", count)
