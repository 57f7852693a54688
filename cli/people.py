"""People: roles given and taken away, partners, and second factors that begin by hand."""

from __future__ import annotations

from contextlib import closing
from typing import Final

import click

from board import partners, recovery, roles
from board.context import Board
from board.organisations import Kind
from board.roles import BY_ORGANISATION, Role
from cli.errors import load_settings

#: Partners get theirs through an organisation.
_ROLES: Final = click.Choice([role.value for role in Role if role not in BY_ORGANISATION])


@click.command("grant", epilog="Example: entraide grant admin@example.org administrator")
@click.argument("address")
@click.argument("role", type=_ROLES)
def grant(address: str, role: str) -> None:
    """Give the member of ADDRESS a ROLE; whoever is new becomes a member. A mail tells them.

    Partners, moderators and administrators need a second factor: print recovery codes for them
    with "entraide recovery", and hand these over by another way than mail.
    """
    with _board() as board:
        new = roles.grant(board, address, role)
    click.echo(f"{role} granted" if new else f"this address is {role} already")


@click.command("revoke", epilog="Example: entraide revoke admin@example.org administrator")
@click.argument("address")
@click.argument("role", type=_ROLES)
def revoke(address: str, role: str) -> None:
    """Take a ROLE away from the member of ADDRESS, at once. A mail tells them."""
    with _board() as board:
        was_held = roles.revoke(board, address, role)
    click.echo(f"{role} revoked" if was_held else f"this address is no {role}")


@click.command("recovery", epilog="Example: entraide recovery moderator@example.org")
@click.argument("address")
def recovery_codes(address: str) -> None:
    """Print a new list of recovery codes for the member of ADDRESS; the old list ends.

    Each code is good once as the second factor, where no passkey is at hand.
    """
    with _board() as board:
        codes = recovery.issue_for(board, address)
    click.echo("\n".join(codes))


@click.group("partner", epilog="Example: entraide partner add consulat@example.org --country CM")
def partner_group() -> None:
    """Partners, who publish official information."""


@partner_group.command(
    "add", epilog="Example: entraide partner add consulat@example.org --country CM"
)
@click.argument("email")
@click.option("--country", required=True, metavar="CC", help="Two-letter code, such as CM.")
@click.option("--name", default="", help="Name of the organisation, shown beside its information.")
@click.option(
    "--kind",
    type=click.Choice([str(kind) for kind in Kind]),
    default=str(Kind.ASSOCIATION),
    show_default=True,
    help="What sort of organisation it is.",
)
def add_partner(email: str, country: str, name: str, kind: str) -> None:
    """Let EMAIL publish official information for one country, as a verified organisation."""
    with _board() as board:
        new = partners.add_partner(board, email, country, name, kind)
    code = country.strip().upper()
    click.echo(
        f"partner added for {code}" if new else f"this address is a partner for {code} already"
    )


def _board() -> closing[Board]:
    return closing(Board.open(load_settings()))
