"""An SMTP server that misbehaves on demand, and notes when each mail came."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import MailSink, text_of

_TOKEN = re.compile(r"/links/(\S+)")
_LISTING = re.compile(r"/listings/([A-Za-z0-9_-]{12})\b")
_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that was answered with 250, as far as faults are judged by it."""

    to: str
    message_id: str
    #: Public ids of the listings that it leads to.
    listings: frozenset[str]
    #: That of its first single-use link; "" where it has none.
    token: str
    #: time.monotonic() of the answer.
    at: float


@dataclass
class Fault:
    """What happens to mails to some addresses, until it is lifted."""

    addresses: re.Pattern[str]
    #: Reply to RCPT or DATA instead of 250; "" for none.
    at_rcpt: str = ""
    at_data: str = ""
    #: The connection is cut once the content is there.
    resets: bool = False
    #: Seconds before the content is answered.
    slow_s: float = 0.0
    #: The content is not answered while this is set.
    holding: threading.Event = field(default_factory=threading.Event)
    #: How many mails met it so far, and how many meet it now.
    met: int = 0
    held: int = 0
    lifted: bool = False


class FaultySink(MailSink):
    """Keeps what it takes; `fault` says for which addresses it takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: list[Arrival] = []
        #: Called once, right after the next 250: what falls between it and our commit.
        self.after_next: Callable[[], None] | None = None
        self._faults: list[Fault] = []

    @contextmanager
    def fault(self, addresses: str, **how: Any) -> Iterator[Fault]:
        """Misbehave towards the addresses that match this pattern."""
        holds = how.pop("holds", False)
        fault = Fault(re.compile(addresses), **how)
        if holds:
            fault.holding.set()
        self._faults.append(fault)
        try:
            yield fault
        finally:
            fault.holding.clear()
            fault.lifted = True
            self._faults.remove(fault)

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take an address, or refuse it as the test asked."""
        fault = self._fault_of(address)
        if fault is not None and fault.at_rcpt:
            fault.met += 1
            return fault.at_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep one mail, or do what the test asked for."""
        fault = self._fault_of(envelope.rcpt_tos[0])
        if fault is not None:
            fault.met += 1
            refusal = await self._misbehave(server, fault)
            if refusal:
                return refusal
        answer = await super().handle_DATA(server, session, envelope)
        if answer.startswith("250"):
            self._note(envelope)
            after, self.after_next = self.after_next, None
            if after is not None:
                # Runs once the answer is written: what the client says next waits for this loop.
                asyncio.get_running_loop().call_soon(after)
        return answer

    async def _misbehave(self, server: Any, fault: Fault) -> str:
        """Let the fault happen; the reply, or "" when the mail is taken after all."""
        if fault.resets:
            server.transport.abort()
            raise asyncio.CancelledError
        end = time.monotonic() + fault.slow_s
        fault.held += 1
        try:
            while fault.holding.is_set() or (time.monotonic() < end and not fault.lifted):
                await asyncio.sleep(_POLL_S)
        finally:
            fault.held -= 1
        return fault.at_data

    def _note(self, envelope: Any) -> None:
        message = self.messages[-1]
        text = text_of(message)
        link = _TOKEN.search(text)
        self.arrivals.append(
            Arrival(
                to=envelope.rcpt_tos[0],
                message_id=message["Message-ID"],
                listings=frozenset(_LISTING.findall(text)),
                token=link[1] if link else "",
                at=time.monotonic(),
            )
        )

    def _fault_of(self, address: str) -> Fault | None:
        return next((each for each in self._faults if each.addresses.search(address)), None)

    def came(self, address: str, listing: str = "") -> list[Arrival]:
        """What this address got, oldest first; about this listing where one is named."""
        return [
            each
            for each in list(self.arrivals)
            if each.to == address and (not listing or listing in each.listings)
        ]
