"""My space: one's listings, alerts and profile."""

from __future__ import annotations

from flask import render_template

from web.guards import Guard, GuardedBlueprint

blueprint = GuardedBlueprint("me", __name__, guard=Guard.MEMBER, url_prefix="/me")


@blueprint.get("")
def index() -> str:
    """Everything of one's own at a glance."""
    return render_template("me/index.html")
