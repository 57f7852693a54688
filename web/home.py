"""The first page."""

from __future__ import annotations

from flask import render_template

from web.forms.start import StartForm
from web.guards import Guard, GuardedBlueprint
from web.listings import newest

blueprint = GuardedBlueprint("home", __name__, guard=Guard.PUBLIC)


@blueprint.get("/")
def index() -> str:
    """What the board is, the ways in, and what is new."""
    return render_template("home/index.html", newest=newest(limit=4), form=StartForm(formdata=None))
