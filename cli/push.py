"""Push messages: the key that signs them."""

from __future__ import annotations

import click


@click.command("push-keys", epilog="Example: entraide push-keys >> /etc/entraide.env")
def push_keys() -> None:
    """Print a fresh pair of keys for push messages, as a line for the environment.

    The public key is made from the private one, and stands in a comment. With another key than
    before, every browser has to be asked again.
    """
    from board.push_keys import new_key, public_of

    key = new_key()
    click.echo(f"# The public key is {public_of(key)}")
    click.echo(f"VAPID_PRIVATE_KEY={key}")
