"""The outbox: what waits, what was given up, and trying it again."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta

import click

from board import dead_letters
from board.context import Board
from board.outbox import DEAD
from cli.errors import Refusal, load_settings

_COLUMNS = ("id", "purpose", "channel", "status", "attempts", "age", "error")


@click.group("outbox", epilog="Example: entraide outbox list")
def outbox_group() -> None:
    """What the board has to send: never an address, never a text."""


@outbox_group.command("list", epilog="Example: entraide outbox list --status pending --limit 20")
@click.option("--status", type=click.Choice(dead_letters.STATUSES), default=DEAD, show_default=True)
@click.option("--purpose", help="Only rows of this purpose, such as match.")
@click.option("--limit", default=dead_letters.LISTED, show_default=True, help="Rows at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_command(status: str, purpose: str | None, limit: int, as_json: bool) -> None:
    """Print rows of the outbox, oldest first: by default what was given up.

    The error is the class of the last failure, or what the mail server answered.
    """
    with _board() as board:
        letters = dead_letters.look(board, status=status, purpose=purpose, limit=limit)
    if as_json:
        for letter in letters:
            click.echo(json.dumps(_as_json(letter)))
        return
    rows = [tuple(map(str, _as_row(letter))) for letter in letters]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    for row in (_COLUMNS, *rows) if rows else ():
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
    if not rows:
        click.echo("no such row", err=True)


@outbox_group.command("retry", epilog="Example: entraide outbox retry --all --purpose match")
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1, 2**63 - 1))
@click.option("--all", "everything", is_flag=True, help="Everything that was given up.")
@click.option("--purpose", help="With --all: only rows of this purpose.")
def retry_command(ids: tuple[int, ...], everything: bool, purpose: str | None) -> None:
    """Try rows again that were given up, at once and as if for the first time.

    What has lost its content, or its reason, ends as dropped and is not sent.
    """
    if everything == bool(ids):
        raise Refusal("ID", "one of ID and --all is needed", "ids of dead rows, or --all")
    if purpose is not None and not everything:
        raise Refusal("--purpose", "goes with --all only", "ids alone, or --all --purpose NAME")
    with _board() as board:
        if everything:
            count = dead_letters.retry_all(board, purpose=purpose)
        else:
            count = dead_letters.retry(board, ids)
    click.echo(f"{count} of the outbox will be tried again")


def _as_json(letter: dead_letters.Letter) -> dict[str, object]:
    values = {name: getattr(letter, name) for name in _COLUMNS if name != "age"}
    return {**values, "age_s": round(letter.age.total_seconds())}


def _as_row(letter: dead_letters.Letter) -> tuple[object, ...]:
    return (*(getattr(letter, name) for name in _COLUMNS[:5]), _age(letter.age), letter.error)


def _age(age: timedelta) -> str:
    """In the largest unit of which there are two or more."""
    seconds = max(0, round(age.total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _board() -> closing[Board]:
    return closing(Board.open(load_settings()))
