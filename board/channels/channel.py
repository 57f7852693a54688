"""What a channel is: a way on which a row of the outbox reaches somebody."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol, TypeVar

from board import outbox
from board.loader import Loader

if TYPE_CHECKING:
    from board.context import Board


Parcel = TypeVar("Parcel")


class Channel(Protocol[Parcel]):
    """Turns a claimed row into a parcel, and hands the parcel over.

    The two are apart because the first reads the database and the second talks to a server: no
    connection to the database is held while sending. Both may run several times for one row, which
    is why what `once` names must be known again by whoever receives it.
    """

    @property
    def name(self) -> str:
        """What `OutboxRow.channel` holds; at most eight letters."""
        ...

    @property
    def purposes(self) -> Collection[str]:
        """The purposes of rows that it carries."""
        ...

    def prepare(self, loader: Loader, held: outbox.Claim) -> Parcel | None:
        """What this row sends as things stand now; None when nobody should get it any more.

        The row is one of the loader's.
        Raises `Later` where its reader has quiet hours, and `Dropped` where the row says why.
        """
        ...

    def send(self, board: Board, held: outbox.Claim, parcel: Parcel) -> None:
        """Hand it over; raises `delivery.Temporary` or `delivery.Refused`."""
        ...
