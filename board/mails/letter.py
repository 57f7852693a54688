"""A mail before it is wrapped into headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, and to whom."""

    #: None for a member without an address: nothing is sent.
    to: str | None
    subject: str
    template: str
    values: dict[str, Any]
    #: Address that ends the subscription by RFC 8058, where there is one.
    unsubscribe_url: str = ""
    #: Whom an answer to this mail reaches; where it is empty, nobody reads one.
    reply_to: str = ""
    #: What all mails of one conversation share, so that mail programs show them together.
    thread: str = ""
    subject_params: dict[str, str] = field(default_factory=dict)
