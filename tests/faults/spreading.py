"""How pytest-xdist spreads these tests: those of one served board go to one process.

A scheduler of ours, since pytest-xdist 3.8 hands its groups over in a field of pytest's that 9.2 no
longer reads (pytest-xdist, issue 1386): it spread them one by one, and each had to start a board.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

from tests.faults.site import POSTGRESQL, SQLITE


class ByBoard(LoadScopeScheduling):
    """Each process gets all tests of a board."""

    def _split_scope(self, nodeid: str) -> str:
        return board_of(nodeid)


def board_of(nodeid: str) -> str:
    """Which board a test is for: P1 kills one of its own meanwhile, one of each database."""
    _, name = nodeid.split("::")
    database = POSTGRESQL if POSTGRESQL in name.partition("[")[2] else SQLITE
    return f"{database}, killed" if name.startswith("test_P01_") else database
