"""Getting a process ready before anybody asks: the engine compiled or loaded, its copy filled."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from board.errors import Unavailable
from matcher import warm_up

if TYPE_CHECKING:
    from board.context import Board

_log = structlog.get_logger(__name__)


def start(board: Board) -> threading.Thread:
    """Warm this process in the background; call it after the last fork.

    Meanwhile the process answers: a question that comes early waits for what it needs of this.
    """
    thread = threading.Thread(target=warm, args=(board,), name="warming", daemon=True)
    thread.start()
    return thread


def warm(board: Board) -> bool:
    """Ready every kernel and the copy of the board; whether both are.

    What fails is logged, and is tried again by the first question.
    """
    begun = time.perf_counter()
    try:
        warm_up(board.taxonomy)
        with board.index.asking(board.db) as copies:
            revision, listings = copies.revision, len(copies.index)
    except Unavailable as error:
        _log.warning("engine not ready", reason=str(error))
        return False
    except Exception:
        _log.exception("engine not ready")
        return False
    seconds = round(time.perf_counter() - begun, 3)
    _log.info("engine ready", seconds=seconds, revision=revision, listings=listings)
    return True
