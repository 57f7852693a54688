"""Handing a push message to the service of a browser (RFC 8030), encrypted for it (RFC 8291)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import requests
from pywebpush import WebPusher

from board import push_keys, push_services
from board.delivery import Refused, Temporary
from board.push_subscriptions import Device

if TYPE_CHECKING:
    from config.settings import Settings

TIMEOUT_S: Final = 10.0
#: A service that asks for a longer wait is asked again after this one.
LONGEST_WAIT: Final = timedelta(days=1)
_GONE: Final = (404, 410)
_BUSY: Final = 429


class Gone(Refused):
    """The browser of this endpoint wants nothing more; it can be forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message for one person, and how its services are to treat it."""

    #: What the service worker reads; it has room for 3,993 bytes (RFC 8291, 4).
    content: bytes
    #: So long a service keeps it for a browser that is away.
    ttl: timedelta
    #: As RFC 8030, 5.3 names it.
    urgency: str
    #: Takes the place of an undelivered message of the same name (RFC 8030, 5.4).
    topic: str
    #: What the signatures are dated from.
    moment: datetime


class _Unled(requests.Session):
    """Connects to the host that it was given: no redirect is followed, no proxy or name is asked.

    Of an answer nothing is read but its head.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, *given: Any, **options: Any) -> requests.Response:
        options |= {"allow_redirects": False, "stream": True}
        return super().request(*given, **options)


def send(settings: Settings, device: Device, envelope: Envelope) -> None:
    """Hand the message over; raises Temporary, Gone or Refused."""
    if push_services.service_of(device.endpoint, settings) is None:
        raise Gone("push host")
    headers = {
        **push_keys.signature(settings, device.endpoint, envelope.moment),
        "TTL": str(round(envelope.ttl.total_seconds())),
        "Urgency": envelope.urgency,
        "Topic": envelope.topic,
        "Content-Type": "application/octet-stream",
    }
    browser = {
        "endpoint": device.endpoint,
        "keys": {"p256dh": device.p256dh, "auth": device.auth},
    }
    try:
        with _Unled() as http:
            pusher = WebPusher(browser, requests_session=http)
            answer = pusher.send(envelope.content, headers, timeout=TIMEOUT_S)
            answer.close()
    except requests.RequestException as error:
        raise Temporary(f"push {type(error).__name__}") from error
    _judge(answer)


def _judge(answer: requests.Response) -> None:
    """Raise what the status says: gone, too much or away for now, or refused for good."""
    code = answer.status_code
    reason = f"push {code}"
    if 200 <= code < 300:
        return
    if code in _GONE:
        raise Gone(reason)
    if code == _BUSY or code >= 500:
        raise Temporary(reason, _wait(answer))
    raise Refused(reason)


def _wait(answer: requests.Response) -> timedelta | None:
    """The wait that Retry-After asks for (RFC 9110, 10.2.3); None without one.

    A date is measured from that of the answer: no clock of ours has to agree with it.
    """
    asked = answer.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(timedelta(seconds=int(asked[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(asked)
        wait = until - parsedate_to_datetime(answer.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)
