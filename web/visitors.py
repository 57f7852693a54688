"""Who sends an anonymous form, as far as limits need to know: a network, and a proof of work."""

from __future__ import annotations

from typing import Final

from flask import request

from board import proofs
from board.limits import Visitor
from web.words import current_board

#: A field that people do not see and programs fill in.
TRAP: Final = "homepage"
#: Field of the solution, as the widget names it.
PROOF: Final = "altcha"


def current_visitor() -> Visitor:
    """The visitor of this request; a proof that came with the form is used up."""
    return Visitor(
        address=request.remote_addr,
        proven=proofs.spend(current_board(), request.form.get(PROOF)),
    )


def is_trapped() -> bool:
    """Whether the field that nobody sees was filled in: the answer is then as usual, without deed.

    A program that is told nothing learns nothing.
    """
    return bool(request.form.get(TRAP))
