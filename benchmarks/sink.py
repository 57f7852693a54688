"""A mail server that takes everything: `python -m benchmarks.sink COUNT`, its port on the output.

It adds one byte to the file COUNT for each mail it has taken. It is as cheap as a server can be in
Python, so that what is measured is who sends.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import BinaryIO, cast

_ANSWERS = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Session(asyncio.Protocol):
    """One connection: commands by line, and mails until a dot alone."""

    def __init__(self, count: BinaryIO) -> None:
        self._count = count
        self._buffer = b""
        self._in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = b"\r\n.\r\n" if self._in_mail else b"\r\n"
        while end in self._buffer:
            line, _, self._buffer = self._buffer.partition(end)
            self._answer(line)
            end = b"\r\n.\r\n" if self._in_mail else b"\r\n"

    def _answer(self, line: bytes) -> None:
        if self._in_mail:
            self._in_mail = False
            self._count.write(b".")
            self._transport.write(b"250 taken\r\n")
            return
        verb = line[:4].upper()
        self._in_mail = verb == b"DATA"
        self._transport.write(_ANSWERS.get(verb, b"250 ok\r\n"))
        if verb == b"QUIT":
            self._transport.close()


async def serve(path: Path) -> None:
    """Take mails until the process is ended."""
    with path.open("ab", buffering=0) as count:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Session(count), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
