"""`python -m board.gazetteer PATH` builds the gazetteer."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from pathlib import Path

from board.gazetteer.building import build


def main() -> int:
    """Build the gazetteer to the path of the first argument; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m board.gazetteer",
        description="Compile the offline gazetteer into one SQLite file.",
        epilog="example: python -m board.gazetteer var/gazetteer.sqlite",
    )
    parser.add_argument("path", type=Path, help="where to write it; an older one is replaced")
    path = parser.parse_args().path
    try:
        build(path, _show)
    except (OSError, sqlite3.Error) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    return 0


def _show(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\rplaces: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
