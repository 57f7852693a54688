"""A worker that waits between claiming a mail and writing it.

It is the product's worker in all else. At each mail of a listing it makes a file named for the row
in the folder GATE, and goes on when that file is gone.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from board import channels, outbox
from board.channels import Channel
from workers import worker

_PATIENCE_S = 60.0
_of = channels.of


def wait_and_choose(held: outbox.Claim) -> Channel:
    """The channel of a row, later: it prepares and sends what it finds by then."""
    if held.purpose == outbox.MATCH:
        gate = Path(os.environ["GATE"], str(held.id))
        gate.touch()
        end = time.monotonic() + _PATIENCE_S
        while gate.exists() and time.monotonic() < end:
            time.sleep(0.005)
    return _of(held)


if __name__ == "__main__":
    channels.of = wait_and_choose
    worker.main()
