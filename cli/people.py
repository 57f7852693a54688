"""People: administrators and partners whom the operator vouches for."""

from __future__ import annotations

import click

from board import partners
from board.context import Board
from board.organisations import Kind
from cli.errors import load_settings


@click.group("admin", epilog="Example: entraide admin add admin@example.org")
def admin_group() -> None:
    """Administrators of the installation."""


@admin_group.command("add", epilog="Example: entraide admin add admin@example.org")
@click.argument("email")
def add_administrator(email: str) -> None:
    """Grant the right of an administrator to EMAIL."""
    new = partners.add_administrator(Board.open(load_settings()), email)
    click.echo("administrator added" if new else "this address is an administrator already")


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
    new = partners.add_partner(Board.open(load_settings()), email, country, name, kind)
    code = country.strip().upper()
    click.echo(
        f"partner added for {code}" if new else f"this address is a partner for {code} already"
    )
