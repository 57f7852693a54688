"""The key by which push services know this board again (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

if TYPE_CHECKING:
    from config.settings import Settings

#: How long a signature counts; services refuse more than a day.
_SIGNED_FOR: Final = timedelta(hours=12)


def new_key() -> str:
    """A fresh private key, as VAPID_PRIVATE_KEY holds it."""
    key = Vapid02()
    key.generate_keys()
    number = key.private_key.private_numbers().private_value
    return _text(number.to_bytes(32, "big"))


def public_key(settings: Settings) -> str | None:
    """What browsers subscribe with, in base64url; None where there are no push messages."""
    return None if settings.push_key is None else public_of(settings.push_key)


@lru_cache(maxsize=4)
def public_of(private_key: str) -> str:
    """The public key that belongs to a private one, both in base64url."""
    point = _pair(private_key).public_key
    return _text(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def signature(settings: Settings, endpoint: str, moment: datetime) -> dict[str, str]:
    """The header by which the service of this endpoint knows who sends.

    Raises ValueError without a key.
    """
    if settings.push_key is None:
        raise ValueError("there is no key to sign push messages with")
    service = urlsplit(endpoint)
    claims = {
        "aud": f"{service.scheme}://{service.netloc}",
        "exp": int((moment + _SIGNED_FOR).timestamp()),
        "sub": f"mailto:{parseaddr(settings.mail_from)[1]}",
    }
    signed: dict[str, str] = _pair(settings.push_key).sign(claims)
    return signed


@lru_cache(maxsize=4)
def _pair(private_key: str) -> Vapid02:
    return Vapid02.from_raw(private_key.encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
