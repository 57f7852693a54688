"""The channels, by the name that rows of the outbox carry.

Another way to reach people is one more module here with one more line below: whoever writes rows
names the channel, and `board.dispatching` asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from board import outbox
from board.channels.channel import Channel as Channel
from board.channels.email import EmailChannel
from board.channels.push import PushChannel
from board.errors import BoardError

_CHANNELS: Final[tuple[Channel[Any], ...]] = (EmailChannel(), PushChannel())
#: Name → channel.
ALL: Final[Mapping[str, Channel[Any]]] = {channel.name: channel for channel in _CHANNELS}


class NotCarried(BoardError):
    """No channel of this name carries this purpose: the row is of another version."""


def of(held: outbox.Claim) -> Channel[Any]:
    """The channel of a row; raises NotCarried."""
    channel = ALL.get(held.channel)
    if channel is None or held.purpose not in channel.purposes:
        raise NotCarried(f"{held.purpose} by {held.channel}")
    return channel
