"""What the secret key is used for: encrypted payloads and tokens that need no row."""

from __future__ import annotations

import base64
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from board.errors import BoardError

_REPLY_BYTES = 24
#: In the address that a mail comes back to: a member, and the hour of the mail since 1970.
_MEMBER_BYTES, _HOUR_BYTES = 8, 3


class Unreadable(BoardError):
    """What was sealed with another key, or is no sealed text at all."""


class Vault:
    """Encrypts payloads and signs tokens with keys derived from one secret."""

    def __init__(self, secret_key: str) -> None:
        self._secret = secret_key.encode()
        self._fernet = Fernet(base64.urlsafe_b64encode(self._derive(b"outbox payload")))
        self._signing = self._derive(b"unsubscribe token")
        self._replying = self._derive(b"reply address")
        self._coming_back = AESSIV(self._derive(b"bounce address"))
        self._knowing_again = self._derive(b"what may come once")
        self._hiding = self._derive(b"number in a reply address")

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

    def reply_token(self, conversation_id: int, member_id: int) -> str:
        """What a reply address of this pair holds: always the same, and made by nobody else.

        128 bits of HMAC, then the conversation's number, hidden by what the HMAC alone decides.
        In lower case, since mail servers may change the case of an address.
        """
        mac = self._reply_mac(conversation_id, member_id)
        hidden = (conversation_id ^ self._pad(mac)).to_bytes(8, "big")
        return base64.b32encode(mac + hidden).decode().rstrip("=").lower()

    def reply_conversation(self, token: str) -> int | None:
        """The number in a reply address; who made it up is told by `is_reply_token`."""
        try:
            data = base64.b32decode(token.upper() + "=")
        except (ValueError, UnicodeError):
            return None
        if len(data) != _REPLY_BYTES:
            return None
        number = int.from_bytes(data[16:], "big") ^ self._pad(data[:16])
        # Beyond what a column holds it is the number of no conversation.
        return number if number < 2**63 else None

    def is_reply_token(self, token: str, conversation_id: int, member_id: int) -> bool:
        """Whether this is the reply address of the pair, in any case."""
        expected = self.reply_token(conversation_id, member_id).encode()
        return hmac.compare_digest(token.lower().encode("utf-8", "replace"), expected)

    def bounce_token(self, member_id: int, hour: int) -> str:
        """What the address holds that a mail of this hour comes back to: 44 small letters, digits.

        Encrypted and authenticated (RFC 5297): nobody else reads it, or makes one. The same
        member and hour give the same address.
        """
        plain = member_id.to_bytes(_MEMBER_BYTES, "big") + hour.to_bytes(_HOUR_BYTES, "big")
        sealed = self._coming_back.encrypt(plain, None)
        return base64.b32encode(sealed).decode().rstrip("=").lower()

    def bounced(self, token: str) -> tuple[int, int] | None:
        """The member and the hour of a token that `bounce_token` made, in any case; else None."""
        try:
            sealed = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
            plain = self._coming_back.decrypt(sealed, None)
        except (ValueError, InvalidTag):
            return None
        return (
            int.from_bytes(plain[:_MEMBER_BYTES], "big"),
            int.from_bytes(plain[_MEMBER_BYTES:], "big"),
        )

    def once(self, *parts: object) -> str:
        """A keyed hash by which something that comes twice is known again."""
        text = "\0".join(map(str, parts)).encode("utf-8", "replace")
        return hmac.digest(self._knowing_again, text, "sha256").hex()

    def _reply_mac(self, conversation_id: int, member_id: int) -> bytes:
        pair = f"{conversation_id}:{member_id}".encode()
        return hmac.digest(self._replying, pair, "sha256")[:16]

    def _pad(self, mac: bytes) -> int:
        return int.from_bytes(hmac.digest(self._hiding, mac, "sha256")[:8], "big")

    def _mac(self, subject: str) -> str:
        digest = hmac.digest(self._signing, subject.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")

    def _derive(self, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(self._secret)
