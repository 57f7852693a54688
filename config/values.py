"""What a setting may hold: each function returns the value or says what is accepted."""

from __future__ import annotations

import base64
import binascii
import re
from email.utils import getaddresses
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

DATABASES = "sqlite:///PATH (a file) or postgresql://USER:PASSWORD@HOST:PORT/NAME"
SMTP_SERVERS = "smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://[USER:PASSWORD@]HOST[:PORT]"
REDIS_SERVERS = "redis://HOST:PORT/NUMBER, rediss://… or unix:///PATH"
#: What a map says of its tiles must leave room for the map.
CREDIT_LENGTH = 200
CREDITS = f"plain text of at most {CREDIT_LENGTH} signs, such as © OpenStreetMap contributors"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?"
#: Order of the group of P-256 (FIPS 186-5): a private key is a number from 1 to one less.
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def whole_number(value: object) -> object:
    """The text of a port: ASCII digits and nothing else; numbers pass."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,5}", value):
        raise ValueError("is not a whole number")
    return value


def _split(value: str, schemes: tuple[str, ...], accepted: str) -> SplitResult:
    parts = urlsplit(value)
    try:
        valid_port = parts.port is None or parts.port > 0
    except ValueError:
        valid_port = False
    if parts.scheme not in schemes or not valid_port:
        raise ValueError(f"is not an accepted address; accepted: {accepted}")
    return parts


def database(value: str) -> str:
    """An SQLite file with its absolute path, or PostgreSQL with the driver we use."""
    schemes = ("sqlite", "postgres", "postgresql", "postgresql+psycopg")
    parts = _split(value, schemes, DATABASES)
    if parts.scheme == "sqlite":
        path = value.removeprefix("sqlite:///")
        if path == value or not path or path.startswith(":memory:"):
            raise ValueError(f"names no file; accepted: {DATABASES}")
        return f"sqlite:///{Path(path).absolute()}"
    if not parts.path.strip("/"):
        raise ValueError(f"names no database; accepted: {DATABASES}")
    return "postgresql+psycopg" + value[len(parts.scheme) :]


def redis(value: str) -> str:
    """The address of a Redis or Valkey server."""
    parts = _split(value, ("redis", "rediss", "unix"), REDIS_SERVERS)
    if not (parts.path.startswith("/") if parts.scheme == "unix" else parts.hostname):
        raise ValueError(f"names no server; accepted: {REDIS_SERVERS}")
    return value


def smtp(value: str) -> str:
    """The address of a mail server."""
    if not _split(value, ("smtp", "smtps"), SMTP_SERVERS).hostname:
        raise ValueError(f"names no host; accepted: {SMTP_SERVERS}")
    return value


def web_address(value: str) -> str:
    """The address of a site, without a closing slash."""
    accepted = "http://HOST[:PORT] or https://HOST[:PORT]"
    parts = _split(value, ("http", "https"), accepted)
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f"is not a bare web address; accepted: {accepted}")
    return value.rstrip("/")


def one_mailbox(value: str) -> str:
    """Exactly one sender, since a comma would make two of one."""
    mailboxes = getaddresses([value])
    one_line = value.isprintable()
    if not one_line or len(mailboxes) != 1 or not re.fullmatch(r"[^@\s]+@[^@\s]+", mailboxes[0][1]):
        raise ValueError("is not one address; accepted: NAME@DOMAIN or Some Name <NAME@DOMAIN>")
    return value


def contact(value: str) -> str:
    """Where reports of weaknesses go, as a web address: of https, or of one mailbox."""
    accepted = "NAME@DOMAIN or https://HOST/PATH"
    plain = value.isascii() and value.isprintable() and " " not in value
    if plain and value.startswith("https://") and urlsplit(value).hostname:
        return value
    address = value.removeprefix("mailto:")
    if not plain or not re.fullmatch(r"[\w.+-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", address):
        raise ValueError(f"is not one contact; accepted: {accepted}")
    return f"mailto:{address}"


def mail_domain(value: str) -> str:
    """The part of an address that follows the @."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", value):
        raise ValueError("is not a domain; accepted: DOMAIN, such as board.example.org")
    return value.lower()


def listening_address(value: str) -> str:
    """An address that a server can listen on."""
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("is not an address; accepted: one such as 127.0.0.1 or ::") from None


def token(value: str) -> str:
    """What a program shows in a header instead of a password."""
    if not re.fullmatch(r"[!-~]{32,200}", value):
        raise ValueError("is too short or has other signs; accepted: 32 to 200 visible characters")
    return value


def host(value: str) -> str:
    """A host, with or without a port."""
    if not re.fullmatch(_HOST, value):
        raise ValueError("is not a host; accepted: HOST or HOST:PORT, without https://")
    return value


def push_key(value: str) -> str:
    """A private key of P-256 as `entraide push-keys` prints it: 32 bytes in base64url."""
    try:
        key = base64.b64decode(value + "=", altchars="-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32 or not 0 < int.from_bytes(key, "big") < _P256_ORDER:
        raise ValueError("is no key; accepted: the 43 characters that `entraide push-keys` prints")
    return value


def origins(value: str) -> str:
    """Origins parted by commas: scheme, host and port, and nothing behind."""
    accepted = "http://HOST:PORT, several parted by commas"
    for origin in value.split(","):
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
            raise ValueError(f"is not a list of origins; accepted: {accepted}")
    return value


def tile_url(value: str) -> str:
    """Where the pictures of a map are, on one host whatever the placeholders stand for."""
    accepted = (
        "https://HOST/…/{z}/{x}/{y}.png: a fixed host, each of {z}, {x} and {y}, perhaps {r} for "
        "dense screens, no other placeholder, no user or password"
    )
    if not re.fullmatch(rf"https?://{_HOST}/[!-~]*", value) or "#" in value:
        raise ValueError(f"is no address of tiles; accepted: {accepted}")
    _split(value, ("http", "https"), accepted)
    needed = all(name in value for name in ("{z}", "{x}", "{y}"))
    if not needed or re.search(r"[{}]", re.sub(r"\{[zxyr]\}", "", value)):
        raise ValueError(f"has not the placeholders of tiles; accepted: {accepted}")
    return value


def credit(value: str) -> str:
    """Whose pictures a map shows, in plain text: markup would be shown as it is written."""
    markup = re.search(r"[<>]|&#?\w+;", value)
    if markup or not value.isprintable() or not value.strip() or len(value) > CREDIT_LENGTH:
        raise ValueError(f"is no line of plain text; accepted: {CREDITS}")
    return value.strip()


def folder(value: Path) -> Path:
    """A folder, independent of where the process was started."""
    return value.expanduser().absolute()
