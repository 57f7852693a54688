"""What the secret key is used for: encrypted payloads and tokens that need no row."""

from __future__ import annotations

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from board.errors import BoardError


class Unreadable(BoardError):
    """What was sealed with another key, or is no sealed text at all."""


class Vault:
    """Encrypts payloads and signs tokens with keys derived from one secret."""

    def __init__(self, secret_key: str) -> None:
        self._secret = secret_key.encode()
        self._fernet = Fernet(base64.urlsafe_b64encode(self._derive(b"outbox payload")))
        self._signing = self._derive(b"unsubscribe token")

    def key(self, purpose: str) -> bytes:
        """A key of 256 bits for one purpose, the same in every process."""
        return self._derive(purpose.encode())

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The sealed text; raises Unreadable."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise Unreadable("this was sealed with another key") from None

    def sign(self, subject: str) -> str:
        """`subject` followed by 128 bits that only the holder of the key can make."""
        return f"{subject}.{self._mac(subject)}"

    def verify(self, token: str) -> str | None:
        """The subject of a token made by `sign`; None for any other text."""
        subject, _, mac = token.rpartition(".")
        expected = self._mac(subject)
        given = mac.encode("utf-8", "replace")
        return subject if hmac.compare_digest(given, expected.encode()) else None

    def _mac(self, subject: str) -> str:
        digest = hmac.digest(self._signing, subject.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(self._secret)
