"""The command `entraide`: finds the module of a subcommand and loads only that one."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from cli import errors

#: Subcommand: the module that defines it, and one line for the overview.
COMMANDS = {
    "up": ("cli.run", "Start everything and keep it running."),
    "migrate": ("cli.run", "Bring the database to the schema of this program."),
    "warm": ("cli.upkeep", "Compile the engine, and write a snapshot of its index."),
    "worker": ("cli.run", "Run one worker: it sends what is to be sent."),
    "clock": ("cli.run", "Run the clock: it asks the workers for periodic work."),
    "mailin": ("cli.run", "Run the mail listener: it takes answers to conversations."),
    "catcher": ("cli.run", "Run the local mail catcher."),
    "import": ("cli.listings", "Read listings from a CSV or GeoJSON file."),
    "match": ("cli.listings", "Print ranked counterparts."),
    "demo": ("cli.listings", "Fill the board with demonstration listings, or remove them."),
    "grant": ("cli.people", "Give somebody a role: relay, moderator or administrator."),
    "revoke": ("cli.people", "Take a role away."),
    "partner": ("cli.people", "Let somebody publish official information."),
    "outbox": ("cli.outbox", "List what was given up, and try it again."),
    "erasures": ("cli.erasures", "Erase again whom a restored backup has brought back."),
    "recovery": ("cli.people", "Print recovery codes for somebody's second factor."),
    "push-keys": ("cli.push", "Print a pair of keys for push messages."),
}


class LazyGroup(click.Group):
    """A group whose overview needs none of its commands loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, from its module."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        try:
            loaded = import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise errors.Refusal(cmd_name, "is not part of this installation", "--help") from error
        for value in vars(loaded).values():
            if isinstance(value, click.Command) and value.name == cmd_name:
                return value
        raise errors.Refusal(cmd_name, "is not part of this installation", "--help")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog="Example: entraide up")
def cli() -> None:
    """Entraide: a notice board that ranks who can help whom, near and far.

    Settings are environment variables; README.md lists them.
    """


def main() -> None:
    """Run a command; a refusal is a line and status 2, never a traceback."""
    try:
        status = cli.main(prog_name="entraide", standalone_mode=False)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader, `head` for one, has seen enough. Nothing is left to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        if not errors.is_refusal(error):
            raise
        errors.report(error)
        sys.exit(errors.STATUS)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
