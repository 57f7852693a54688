"""By e-mail: a message of `board.mails`, over SMTP."""

from __future__ import annotations

from collections.abc import Collection
from email.message import EmailMessage
from typing import TYPE_CHECKING

from board import delivery, outbox
from board.mails import compose

if TYPE_CHECKING:
    from board.context import Board


class EmailChannel:
    """Carries everything that is said to anybody."""

    name = outbox.EMAIL
    purposes: Collection[str] = compose.PURPOSES

    def prepare(self, board: Board, held: outbox.Claim) -> EmailMessage | None:
        return compose.compose(board, held)

    def send(self, board: Board, held: outbox.Claim, parcel: EmailMessage) -> None:
        delivery.send(board.settings, parcel)
