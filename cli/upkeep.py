"""Commands for who looks after an installation: warm."""

from __future__ import annotations

import shutil
import time

import click

from cli.errors import load_settings
from config.settings import Settings


@click.command(epilog="Example: entraide warm")
def warm() -> None:
    """Compile the engine, and write a snapshot of its index.

    The first question after an update then waits for neither. Safe to run again, and beside
    running processes.
    """
    settings = load_settings()
    seconds = compile_kernels()
    click.echo(f"the engine is ready after {seconds:.1f} s")
    revision = _snapshot(settings)
    click.echo(f"the snapshot of the index has revision {revision}")


def compile_kernels() -> float:
    """Compile what is in no cache yet; drop the kernels of other versions; how long it took."""
    from board.reference import load_taxonomy
    from matcher import warm_up
    from matcher.compiled import KERNELS

    start = time.perf_counter()
    warm_up(load_taxonomy())
    if KERNELS is not None:
        for folder in KERNELS.parent.glob("kernels-*"):
            if folder != KERNELS:
                shutil.rmtree(folder, ignore_errors=True)
    return time.perf_counter() - start


def _snapshot(settings: Settings) -> int:
    from board.context import Board

    board = Board.open(settings)
    try:
        return board.index.save(board.db)
    finally:
        board.close()
