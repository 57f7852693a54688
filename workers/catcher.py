"""The mail catcher: an SMTP server that keeps every message and sends none on.

`python -m workers.catcher`. It runs only where no mail server is configured and listens on this
machine only; the pages under /dev/mail read what it keeps.
"""

from __future__ import annotations

import asyncio
import os
import signal

import structlog
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

from config.logging import configure
from config.settings import Settings

_log = structlog.get_logger(__name__)
HOST = "127.0.0.1"


async def serve(settings: Settings) -> None:
    """Take mails into the Maildir of the settings until told to stop.

    A kept message names its envelope in X-MailFrom and X-RcptTo.
    """
    keeper = Mailbox(settings.mail_dir)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(
        lambda: SMTP(keeper, hostname="localhost", ident="catcher", enable_SMTPUTF8=True),
        HOST,
        settings.catcher_port,
    )
    async with server:
        _log.info("mail catcher started", port=settings.catcher_port)
        await stopped.wait()


def main() -> None:
    """Run the catcher."""
    settings = Settings.from_mapping(os.environ)
    configure("catcher", production=settings.production)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
