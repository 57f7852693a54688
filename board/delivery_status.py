"""What a refusal says of an address: SMTP replies, and reports of delivery. Pure: bytes in.

Only the codes of RFC 3463 are read, never words that somebody wrote. A refusal for good counts when
its code speaks of the recipient's address; one that speaks of the message, of the sender, of a full
mailbox or of nothing in particular does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why no mail arrives at an address, as the system that refused it says."""

    #: There is no such mailbox.
    ADDRESS = "address"
    #: The domain takes no mail, or does not exist.
    DOMAIN = "domain"
    #: The mailbox was switched off.
    MAILBOX = "mailbox"


#: Subject and detail of a code of class 5 (RFC 3463, 3; 5.1.10 is of RFC 7505) → what it says.
#: X.1.7 to X.1.9 speak of the sender, X.2.2 of a full mailbox, X.7 of a policy: none counts.
REASONS: Final = {
    (1, 1): Reason.ADDRESS,
    (1, 3): Reason.ADDRESS,
    (1, 4): Reason.ADDRESS,
    (1, 6): Reason.ADDRESS,
    (1, 2): Reason.DOMAIN,
    (1, 10): Reason.DOMAIN,
    (4, 4): Reason.DOMAIN,
    (2, 1): Reason.MAILBOX,
}
#: "5.0.0" says that something failed for good, and not what.
_UNDEFINED: Final = (0, 0)
_STATUS: Final = re.compile(r"\s*5\.(\d{1,3})\.(\d{1,3})(?![\d.])", re.ASCII)
_REPLY: Final = re.compile(r"\s*smtp\s*;\s*5\d\d[ -](?=5\.)", re.ASCII | re.IGNORECASE)
#: A report has three parts; mail systems that add words wrap it once more.
_DEPTH_MAX, _PARTS_MAX = 2, 10
#: Recipients of one report: our mails have one, which may lead to a few others.
_RECIPIENTS_MAX = 20


def of_reply(code: int, text: bytes) -> Reason | None:
    """What an SMTP reply to a recipient or a message says of the address.

    Without an enhanced code (RFC 2034) at its beginning, nothing.
    """
    return _reason(text[:32].decode("ascii", "replace")) if 500 <= code < 600 else None


def of_report(raw: bytes) -> Reason | None:
    """What a mail says of the address that it is about; None for whatever is no clear report.

    A report (RFC 3464) counts when each recipient in it was refused for good and for a reason of
    the address. Whatever the form of the mail, this raises nothing.
    """
    try:
        # The plain policy reads headers as they are; the modern one fails on some.
        reports = list(_reports(message_from_bytes(raw, policy=policy.compat32)))
        if len(reports) != 1:
            return None
        reasons = [_of_recipient(each) for each in _recipients(reports[0])]
    except Exception:
        # The library's parser meets what nobody wrote a test for: such a mail is no report for us.
        return None
    known = [reason for reason in reasons if reason is not None]
    return known[0] if known and len(known) == len(reasons) <= _RECIPIENTS_MAX else None


def _reports(message: Message, depth: int = 0) -> Iterator[Message]:
    """The machine-readable parts; not those of a mail that is sent back inside."""
    if message.get_content_type() == "message/delivery-status":
        yield message
    elif message.get_content_maintype() == "multipart" and depth < _DEPTH_MAX:
        for part in _parts(message)[:_PARTS_MAX]:
            yield from _reports(part, depth + 1)


def _recipients(report: Message) -> list[Message]:
    """The groups of fields about one recipient each, without the one about the report itself."""
    return [each for each in _parts(report) if "Final-Recipient" in each or "Action" in each]


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    return [each for each in payload if isinstance(each, Message)] if message.is_multipart() else []


def _of_recipient(fields: Message) -> Reason | None:
    action, status = _only(fields, "Action"), _only(fields, "Status")
    if action.partition("(")[0].strip().lower() != "failed":
        return None
    found = _STATUS.match(status)
    if found is not None and _numbers(found) == _UNDEFINED:
        # Some systems say no more here, and pass on what the other one answered (RFC 3464, 2.3.6).
        answered = _only(fields, "Diagnostic-Code")
        reply = _REPLY.match(answered)
        return None if reply is None else _reason(answered[reply.end() :])
    return _reason(status)


def _only(fields: Message, name: str) -> str:
    """The value of a field that is there once; "" for others."""
    values = fields.get_all(name, [])
    return str(values[0]) if len(values) == 1 else ""


def _reason(status: str) -> Reason | None:
    found = _STATUS.match(status)
    return None if found is None else REASONS.get(_numbers(found))


def _numbers(status: re.Match[str]) -> tuple[int, int]:
    return int(status[1]), int(status[2])
