"""Checks that every door shares: forms, imports, the command line.

Each check returns the cleaned value or raises `Refused`, which names what is accepted.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from board.errors import Invalid, Problem
from board.i18n import N_

#: Longest address that SMTP can carry in a path (RFC 5321, 4.5.3.1.3, without the brackets).
EMAIL_MAX = 254
TITLE_MAX = 120
TEXT_MAX = 4000
URL_MAX = 500
PHONE_MAX = 32

#: Characters that reverse or isolate the direction of what follows: they can disguise a text.
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PHONE_SIGNS = frozenset("0123456789 +-()./")
#: What stands where bytes were sent that are no UTF-8.
_UNREADABLE = "\ufffd"
#: The most characters that NFC makes one of.
_NFC_SHRINKS = 4
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


class Refused(ValueError):
    """A value that is not accepted; `message` is an English msgid with `params`."""

    def __init__(self, message: str, **params: object) -> None:
        self.message = message
        self.params: Mapping[str, object] = params
        super().__init__(message % params if params else message)


def clean_text(value: object, *, max_length: int, multiline: bool = False) -> str:
    """The text in NFC, trimmed, bounded.

    Refuses NUL and other control characters, lone surrogates and direction overrides. Line ends
    become "\\n" where `multiline`, and are refused elsewhere.
    """
    if not isinstance(value, str):
        raise Refused(N_("This is not a text."))
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    # Normalising takes time quadratic in a run of combining marks: not of what is too long anyway.
    if len(text) <= _NFC_SHRINKS * max_length:
        text = unicodedata.normalize("NFC", text)
    if len(text) > max_length:
        raise Refused(
            N_("This is %(length)d characters long; at most %(max)d are accepted."),
            length=len(text),
            max=max_length,
        )
    allowed = "\n\t" if multiline else ""
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or character == _UNREADABLE:
            raise Refused(N_("This text holds half a character; type it again."))
        if category == "Cc" and character not in allowed:
            raise Refused(N_("This text holds a control character or a line break; remove it."))
        if character in _DIRECTION_OVERRIDES:
            raise Refused(N_("This text holds a mark that reverses writing; remove it."))
    return text


def required_text(value: object, *, max_length: int, multiline: bool = False) -> str:
    """As `clean_text`, and with something to see in it."""
    text = clean_text(value, max_length=max_length, multiline=multiline)
    if all(unicodedata.category(character)[0] in "CMZ" for character in text):
        raise Refused(N_("Write something here."))
    return text


def finite(value: object, *, least: float, most: float) -> float:
    """A finite number in [least, most], from a number or from plain decimal digits."""
    accepted = {"least": least, "most": most}
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Refused(N_("A number from %(least)g to %(most)g is accepted."), **accepted)
    if isinstance(value, str) and not _DECIMAL.fullmatch(value.strip()):
        raise Refused(N_("A number from %(least)g to %(most)g is accepted."), **accepted)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or not least <= number <= most:
        raise Refused(N_("A number from %(least)g to %(most)g is accepted."), **accepted)
    return number


def email_address(value: object) -> str:
    """Exactly one address, normalised, in lower case, an international domain in its ASCII form.

    A local part beyond ASCII is refused: hardly any server takes mail for one.

    Mailboxes that differ only by case are one person's in practice, and one address must be
    one member.
    """
    text = clean_text(value, max_length=EMAIL_MAX)
    if not text:
        raise Refused(N_("Give your e-mail address, for example name@example.org."))
    try:
        if "=?" in text:
            # Encoded text (RFC 2047): a mail header would name another mailbox than this one.
            raise EmailNotValidError
        checked = validate_email(
            text, check_deliverability=False, strict=True, allow_smtputf8=False
        )
    except EmailNotValidError:
        raise Refused(
            N_("This is not one e-mail address; one like name@example.org is accepted.")
        ) from None
    # Without SMTPUTF8 the address has a form that every mail server takes.
    return str(checked.ascii_email).lower()


def https_address(value: str) -> str:
    """An https address whose host is what it seems, or ""; raises Refused."""
    text = clean_text(value, max_length=URL_MAX)
    if not text:
        return ""
    message = N_("An address that begins with https:// is accepted.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Refused(message) from None
    host = parts.hostname or ""
    plain = text.isascii() and not any(sign in text for sign in " \\\"'<>")
    named = "." in host.strip(".") and not host.replace(".", "").isdigit() and ":" not in host
    # A name and password before the host would show another host than the one that answers.
    if parts.scheme != "https" or not named or not plain or "@" in parts.netloc or port == 0:
        raise Refused(message)
    return text


def phone_number(value: str) -> str:
    """A telephone number as people write it, or ""; raises Refused."""
    text = clean_text(value, max_length=PHONE_MAX)
    digits = [sign for sign in text if sign.isdigit()]
    if text and (set(text) - _PHONE_SIGNS or not 2 <= len(digits) <= 18):
        raise Refused(N_("A telephone number with its country code is accepted."))
    return text


def aware(moment: object) -> datetime:
    """The moment in UTC, in whole seconds as the engine counts; a naive one is refused."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise Refused(N_("A date and time with its time zone is accepted."))
    return moment.astimezone(UTC).replace(microsecond=0)


class Checks:
    """Collects the problems of a form, so that all are told at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    @contextmanager
    def field(self, name: str) -> Iterator[None]:
        """Turn a refusal inside the block into a problem of the field `name`."""
        try:
            yield
        except Refused as refusal:
            self.problems.append(Problem(name, refusal.message, refusal.params))

    def refuse(self, name: str, message: str, **params: object) -> None:
        self.problems.append(Problem(name, message, params))

    def done(self) -> None:
        """Raise `Invalid` when anything was refused."""
        if self.problems:
            raise Invalid(self.problems)


def fold(text: str) -> str:
    """The text as words are searched: NFKD, accents stripped, lower case, letters and digits only.

    Everything else becomes a space, so that every database cuts it into the same words.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = (
        character if character.isalnum() else " "
        for character in unicodedata.normalize("NFKD", decomposed)
        if not unicodedata.combining(character)
    )
    return " ".join("".join(kept).split())
