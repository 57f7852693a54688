"""By e-mail: a message of `board.mails`, over SMTP."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING

from board import bounces, delivery, outbox
from board.loader import Loader
from board.mails import compose
from board.mails.letter import Dropped

if TYPE_CHECKING:
    from board.context import Board


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message, and whose address it goes to."""

    message: EmailMessage
    to: bounces.Recipient


class EmailChannel:
    """Carries everything that is said to anybody."""

    name = outbox.EMAIL
    purposes: Collection[str] = compose.PURPOSES

    def prepare(self, loader: Loader, held: outbox.Claim) -> Addressed | None:
        message = compose.compose(loader, held)
        if message is None:
            return None
        to = loader.recipient(message["To"].addresses[0].addr_spec)
        if to.is_suspended and held.purpose not in bounces.ASKED_FOR:
            raise Dropped(bounces.SUSPENDED)
        return Addressed(message, to)

    def send(self, board: Board, held: outbox.Claim, parcel: Addressed) -> None:
        path = bounces.return_path(board, parcel.to)
        try:
            delivery.send(board.settings, parcel.message, return_path=path)
        except delivery.Refused as error:
            bounces.note_refusal(board, parcel.to, error.of_address)
            raise
