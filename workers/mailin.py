"""The mail listener: an SMTP server for the reply addresses of conversations, and for bounces.

`python -m workers.mailin`. A mail is answered with 250 only when what it says is committed. Every
address that is none of ours is answered alike.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from board import mailin, processes
from board.context import Board
from board.errors import Unavailable
from config.logging import configure
from config.settings import Settings

_log = structlog.get_logger(__name__)

#: A mail to a conversation has one recipient; a few more are a misunderstanding, many an attack.
RECIPIENTS_MAX = 5
#: A client that says nothing for so long is let go.
TIMEOUT_S = 60
CONNECTIONS_MAX = 100

UNKNOWN = "550 5.1.1 There is no such address here"
LATER = "451 4.3.0 Please try again later"
TOO_MANY = "452 4.5.3 Too many recipients"
BUSY = "421 4.3.2 Too many connections; please try again later"
TAKEN = "250 2.0.0 Taken"


class Handler:
    """What the server asks at each step of the dialogue."""

    def __init__(self, board: Board) -> None:
        self._board = board

    async def handle_RCPT(  # noqa: N802 (names of aiosmtpd)
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        """Take an address that is a side of a conversation or that mails come back to."""
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return TOO_MANY
        try:
            known = await asyncio.to_thread(mailin.is_known, self._board, address)
        except Unavailable:
            return LATER
        if not known:
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Pass the mail on; 250 only after the commit, so that nothing is lost."""
        try:
            taken = await asyncio.to_thread(self._take, envelope)
        except Unavailable as error:
            _log.warning("mail not taken", part=error.part)
            return LATER
        except Exception:
            _log.exception("mail not taken")
            return LATER
        return TAKEN if taken else UNKNOWN

    def _take(self, envelope: Envelope) -> bool:
        """Whether any recipient took it; one that took it before takes it once."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        return_path = (envelope.mail_from or "").strip("<>")
        taken = [
            mailin.take(self._board, address, raw, return_path=return_path)
            for address in envelope.rcpt_tos
        ]
        return any(taken)


class Server(SMTP):
    """A server that lets go of who waits too long and of who is one too many."""

    #: Longer than RFC 5321 allows, since programs send such lines all the same.
    line_length_limit = 64 * 1024
    open_connections = 0
    _admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Server.open_connections += 1
        if Server.open_connections > CONNECTIONS_MAX and isinstance(transport, asyncio.Transport):
            transport.write(f"{BUSY}\r\n".encode())
            transport.close()
            return
        self._admitted = True
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        Server.open_connections -= 1
        if self._admitted:
            super().connection_lost(error)


def make_server(board: Board, **options: Any) -> Server:
    """The server's side of one connection."""
    return Server(
        Handler(board),
        hostname=board.settings.mail_domain,
        ident="Entraide",
        data_size_limit=mailin.SIZE_MAX,
        timeout=TIMEOUT_S,
        enable_SMTPUTF8=False,
        **options,
    )


async def serve(board: Board) -> None:
    """Take mails until told to stop."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    settings = board.settings
    server = await loop.create_server(
        lambda: make_server(board, loop=loop), settings.mailin_host, settings.mailin_port
    )
    async with server:
        _log.info("mail listener started", port=settings.mailin_port)
        await stopped.wait()
    _log.info("mail listener stopped")


def main() -> None:
    """Run the listener."""
    settings = Settings.from_mapping(os.environ)
    configure("mailin", production=settings.production)
    board = Board.open(settings)
    processes.start(board, "mailin")
    try:
        asyncio.run(serve(board))
    finally:
        board.close()


if __name__ == "__main__":
    main()
