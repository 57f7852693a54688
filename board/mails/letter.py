"""A mail before it is wrapped into headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from board.errors import BoardError


class Later(BoardError):
    """Nothing may be sent before `until`: its reader has quiet hours."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"not before {until}")


class Dropped(BoardError):
    """Nothing is sent, and nothing will be; `reason` is a class of reason, never an address."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


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
    #: Whether there is an HTML template of the same name beside the text.
    has_html: bool = False
    subject_params: dict[str, str] = field(default_factory=dict)
