"""People: roles given and taken away, and the second factor of those who cannot begin alone."""

from __future__ import annotations

from contextlib import closing
from typing import Final

import click

from board import recovery, roles
from board.context import Board
from board.roles import Role
from cli.errors import load_settings

_ROLES: Final = click.Choice([role.value for role in Role])


@click.command("grant", epilog="Example: entraide grant consulate@example.org partner --country CM")
@click.argument("address")
@click.argument("role", type=_ROLES)
@click.option("--country", default="", metavar="CC", help="Two-letter code: of a partner's right.")
@click.option("--name", default="", help="Name of the partner's organisation, shown to readers.")
def grant(address: str, role: str, country: str, name: str) -> None:
    """Give the member of ADDRESS a ROLE; whoever is new becomes a member.

    Partners, moderators and administrators need a second factor: print recovery codes for them
    with "entraide recovery", and hand these over by another way than mail.
    """
    with _board() as board:
        new = roles.grant(board, address, role, country=country, organisation=name)
    click.echo(f"{role} granted" if new else f"this address is {role} already")


@click.command("revoke", epilog="Example: entraide revoke consulate@example.org partner")
@click.argument("address")
@click.argument("role", type=_ROLES)
@click.option("--country", default="", metavar="CC", help="Only for this country.")
def revoke(address: str, role: str, country: str) -> None:
    """Take a ROLE away from the member of ADDRESS, at once; without --country, everywhere."""
    with _board() as board:
        count = roles.revoke(board, address, role, country=country)
    click.echo(f"{role} revoked" if count else f"this address is no {role}")


@click.command("recovery", epilog="Example: entraide recovery moderator@example.org")
@click.argument("address")
def recovery_codes(address: str) -> None:
    """Print a new list of recovery codes for the member of ADDRESS; the old list ends.

    Each code is good once as the second factor, where no passkey is at hand.
    """
    with _board() as board:
        codes = recovery.issue_for(board, address)
    click.echo("\n".join(codes))


def _board() -> closing[Board]:
    return closing(Board.open(load_settings()))
