"""Delivery by SMTP: a session for each mail, or one for the mails of a job."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from board import outbox
from board.delivery_status import Reason, of_reply
from board.errors import BoardError, Unavailable

if TYPE_CHECKING:
    from board.context import Board
    from config.settings import Settings

TIMEOUT_S = 20.0
#: Replies (RFC 5321, 4.2.3).
_OK, _CLOSING = 250, 421
#: How often a lease is renewed in the time that it lasts.
_RENEWALS = 3


class Temporary(BoardError):
    """Not delivered now; `reason` is a class of failure, never an address.

    `wait` is how long the server asks us to wait, where it does.
    """

    def __init__(self, reason: str, wait: timedelta | None = None) -> None:
        self.reason, self.wait = reason, wait
        super().__init__(reason)


class Refused(BoardError):
    """The server will never take this mail; `of_address` says so where its address is at fault."""

    def __init__(self, reason: str, of_address: Reason | None = None) -> None:
        self.reason, self.of_address = reason, of_address
        super().__init__(reason)


class _Line(threading.local):
    """The session of one thread; between mails there is one only inside `keeping`."""

    is_kept: bool = False
    url: str = ""
    server: smtplib.SMTP | None = None


_line = _Line()


@contextlib.contextmanager
def keeping() -> Iterator[None]:
    """Send what this thread sends in the block in one session with the mail server.

    No session is shared by threads, and none is left open when the block ends.
    """
    outermost = not _line.is_kept
    _line.is_kept = True
    try:
        yield
    finally:
        if outermost:
            _line.is_kept = False
            _hang_up()


def send(settings: Settings, message: EmailMessage, *, return_path: str | None = None) -> None:
    """Hand the message to the mail server; raises Temporary or Refused.

    `return_path` is the envelope sender; by default that of the header.
    """
    url = settings.smtp_effective_url
    if url is None:
        raise Temporary("no mail server")
    try:
        _hand_over(url, message, return_path)
    except smtplib.SMTPRecipientsRefused as error:
        # There is one.
        code, text = max(error.recipients.values())
        _refuse(code, of_reply(code, text))
    except smtplib.SMTPDataError as error:
        _refuse(error.smtp_code, of_reply(error.smtp_code, _bytes(error.smtp_error)))
    except smtplib.SMTPResponseException as error:
        _refuse(error.smtp_code)
    except (smtplib.SMTPException, OSError) as error:
        raise Temporary(type(error).__name__) from error


def _refuse(code: int, of_address: Reason | None = None) -> None:
    """5xx is final, all else may pass (RFC 5321, 4.2.1)."""
    if 500 <= code < 600:
        raise Refused(f"smtp {code}", of_address)
    raise Temporary(f"smtp {code}")


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _hand_over(url: str, message: EmailMessage, return_path: str | None) -> None:
    """Send it in the session that is kept, or in a new one."""
    while True:
        server, is_new = _session(url)
        try:
            server.send_message(message, from_addr=return_path)
        except smtplib.SMTPSenderRefused as error:
            _hang_up()
            # A server may end a session after so many mails: it has taken nothing of this one.
            if is_new or error.smtp_code != _CLOSING:
                raise
        except BaseException:
            _hang_up()
            raise
        else:
            if not _line.is_kept:
                _hang_up()
            return


def _session(url: str) -> tuple[smtplib.SMTP, bool]:
    """A session with this server, and whether it is new."""
    if _line.server is not None:
        if _line.url == url and _answers(_line.server):
            return _line.server, False
        _hang_up()
    _line.server, _line.url = _connected(url), url
    return _line.server, True


def _answers(server: smtplib.SMTP) -> bool:
    """Whether the other side is still there, and ready for another mail."""
    try:
        return server.noop()[0] == _OK
    except (smtplib.SMTPException, OSError):
        return False


def _connected(url: str) -> smtplib.SMTP:
    """A new session with the server of smtp:// (STARTTLS where offered) or smtps://."""
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
    except BaseException:
        _leave(server)
        raise
    return server


def _hang_up() -> None:
    """End this thread's session, where it has one."""
    server, _line.server = _line.server, None
    if server is not None:
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
def renewing(board: Board, rows: Sequence[outbox.Claim]) -> Iterator[None]:
    """Keep the rows' lease while the block runs, so that a slow server causes no second mail."""
    done = threading.Event()
    every_s = min(held.lasts for held in rows).total_seconds() / _RENEWALS

    def renew() -> None:
        while not done.wait(every_s):
            with contextlib.suppress(Unavailable):
                if not outbox.renew(board.db, rows):
                    return

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
