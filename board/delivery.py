"""Delivery by SMTP, a real conversation each time."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from board import outbox
from board.errors import BoardError, Unavailable

if TYPE_CHECKING:
    from board.context import Board
    from config.settings import Settings

TIMEOUT_S = 20.0
_RENEW_EVERY_S = outbox.LEASE.total_seconds() / 3


class Temporary(BoardError):
    """Not delivered now; `reason` is a class of failure, never an address.

    `wait` is how long the server asks us to wait, where it does.
    """

    def __init__(self, reason: str, wait: timedelta | None = None) -> None:
        self.reason, self.wait = reason, wait
        super().__init__(reason)


class Refused(BoardError):
    """The server will never take this mail."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def send(settings: Settings, message: EmailMessage) -> None:
    """Hand the message to the mail server; raises Temporary or Refused."""
    url = settings.smtp_effective_url
    if url is None:
        raise Temporary("no mail server")
    try:
        with _connection(url) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        _refuse(max(code for code, _ in error.recipients.values()))
    except smtplib.SMTPResponseException as error:
        _refuse(error.smtp_code)
    except (smtplib.SMTPException, OSError) as error:
        raise Temporary(type(error).__name__) from error


def _refuse(code: int) -> None:
    """5xx is final, all else may pass (RFC 5321, 4.2.1)."""
    if 500 <= code < 600:
        raise Refused(f"smtp {code}")
    raise Temporary(f"smtp {code}")


@contextlib.contextmanager
def _connection(url: str) -> Iterator[smtplib.SMTP]:
    """A session with the server of smtp:// (STARTTLS where offered) or smtps://."""
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=TIMEOUT_S, context=context
        )
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_S)
    try:
        if parts.scheme == "smtp" and _offers_tls(server):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server
    finally:
        _leave(server)


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; whatever the server answers to that, it has taken the mail or refused it."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


def _offers_tls(server: smtplib.SMTP) -> bool:
    server.ehlo_or_helo_if_needed()
    return server.has_extn("starttls")


@contextlib.contextmanager
def renewing(board: Board, held: outbox.Claim) -> Iterator[None]:
    """Keep the row's lease while the block runs, so that a slow server causes no second mail."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(_RENEW_EVERY_S):
            with contextlib.suppress(Unavailable):
                if not outbox.renew(board.db, held):
                    return

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
