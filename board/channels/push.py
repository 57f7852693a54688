"""By push: one message to all browsers of a member, through the services of their makers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from board import outbox, push_delivery, push_keys, push_messages, push_subscriptions
from board.delivery import Refused, Temporary
from board.loader import Loader
from board.push_delivery import Envelope, Gone
from board.push_subscriptions import Device

if TYPE_CHECKING:
    from board.context import Board

#: Key of the row's payload: numbers of the browsers whose service has taken the message.
_TOLD = "told"


@dataclass(frozen=True, slots=True)
class PushParcel:
    """A message, and the browsers that it is still to go to."""

    envelope: Envelope
    devices: tuple[Device, ...]


@dataclass(slots=True)
class _Outcome:
    """What came of one try, browser by browser."""

    taken: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    later: list[Temporary] = field(default_factory=list)


class PushChannel:
    """Carries what tells of listings."""

    name = outbox.PUSH
    purposes: Collection[str] = push_messages.PURPOSES

    def prepare(self, loader: Loader, held: outbox.Claim) -> PushParcel | None:
        """None too where the member has no browser left, or the board no key."""
        board = loader.board
        if held.member_id is None or push_keys.public_key(board.settings) is None:
            return None
        told = _told(held)
        found = push_subscriptions.devices(loader.session, board, held.member_id)
        waiting = tuple(each for each in found if each.id not in told)
        envelope = push_messages.compose(loader, held) if waiting else None
        return None if envelope is None else PushParcel(envelope, waiting)

    def send(self, board: Board, held: outbox.Claim, parcel: PushParcel) -> None:
        """Once to each browser: what a service has taken is not sent to it at the next try."""
        outcome = _Outcome()
        for device in parcel.devices:
            _try(board, device, parcel.envelope, outcome)
        told = _told(held) | {*outcome.taken}
        with board.db.write() as session:
            push_subscriptions.note_used(session, outcome.taken)
            push_subscriptions.forget(session, outcome.gone)
            if outcome.later and outcome.taken:
                payload = {_TOLD: ",".join(map(str, sorted(told)))}
                outbox.keep(session, board.vault, held, payload)
        if outcome.later:
            waits = [each.wait or timedelta() for each in outcome.later]
            raise Temporary(outcome.later[0].reason, max(waits))
        if not told:
            raise Refused(outcome.refused[0])


def _try(board: Board, device: Device, envelope: Envelope, outcome: _Outcome) -> None:
    try:
        push_delivery.send(board.settings, device, envelope)
    except Temporary as error:
        outcome.later.append(error)
    except Refused as error:
        outcome.refused.append(error.reason)
        if isinstance(error, Gone):
            outcome.gone.append(device.id)
    else:
        outcome.taken.append(device.id)


def _told(held: outbox.Claim) -> set[int]:
    return {int(number) for number in held.payload.get(_TOLD, "").split(",") if number}
