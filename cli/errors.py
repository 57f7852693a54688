"""How a command says that it refuses: one line for each field, and status 2."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import click
from pydantic import ValidationError

from config.settings import Settings, SettingsError

STATUS = 2


class Refusal(Exception):
    """A command cannot be done as asked.

    Attributes:
        field: the option or variable at fault.
        wrong: what was wrong with it.
        accepted: what would have been accepted.
    """

    def __init__(self, field: str, wrong: str, accepted: str) -> None:
        self.field = field
        self.wrong = wrong
        self.accepted = accepted
        super().__init__(f"{field}: {wrong}; accepted: {accepted}")


def load_settings() -> Settings:
    """The settings of this process's environment."""
    return Settings.from_mapping(os.environ)


def lines(error: Exception) -> Iterator[str]:
    """What to print for a refusal."""
    if isinstance(error, SettingsError):
        yield from (f"{name}: {message}" for name, message in error.problems)
    elif isinstance(error, ValidationError):
        for detail in error.errors():
            place = ".".join(str(part) for part in detail["loc"]) or error.title
            yield f"{place}: {detail['msg']}"
    else:
        yield from map(str, getattr(error, "problems", None) or (error,))


def is_refusal(error: Exception) -> bool:
    """Whether the error is one that a person can mend, and no fault of the program."""
    return isinstance(error, SettingsError | ValidationError | Refusal) or _is_of_the_board(error)


def report(error: Exception) -> None:
    """Print a refusal on standard error."""
    for line in lines(error):
        click.echo(f"error: {' '.join(line.split())}", err=True)


def _is_of_the_board(error: Exception) -> bool:
    # Not imported: only a board that is loaded can have raised, and loading one takes a second.
    errors = sys.modules.get("board.errors")
    return errors is not None and isinstance(error, errors.BoardError)
