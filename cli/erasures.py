"""The ledger of erasures: apply it after a restore."""

from __future__ import annotations

from contextlib import closing

import click

from cli.errors import load_settings
from config.settings import Settings


@click.group("erasures", epilog="Example: entraide erasures apply")
def erasures() -> None:
    """Who was erased stays erased, whatever backup is put back."""


@erasures.command("apply", epilog="Example: entraide erasures apply")
def apply() -> None:
    """Erase again whom the database still knows; safe to run again.

    `entraide up` and `entraide migrate` do it by themselves.
    """
    click.echo(f"{apply_ledger(load_settings())} people erased again")


def apply_ledger(settings: Settings) -> int:
    """Compare the ledger's file with its table, and erase whom a restore has brought back."""
    from board import erasure
    from board.context import Board

    with closing(Board.open(settings)) as board:
        return erasure.apply(board)
