"""The board of this worker process, opened at its first job and kept."""

from __future__ import annotations

import os
from functools import lru_cache

from board.context import Board
from config.settings import Settings


@lru_cache(maxsize=1)
def board() -> Board:
    """The board that the environment names."""
    return Board.open(Settings.from_mapping(os.environ))
