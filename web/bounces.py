"""Mails to the reader's address came back: what that means, and a test mail that ends it."""

from __future__ import annotations

from typing import Final

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import bounces
from board.delivery_status import Reason
from board.errors import Invalid
from board.i18n import N_
from web.guards import Guard, GuardedBlueprint, signed_in
from web.words import current_board

blueprint = GuardedBlueprint("bounces", __name__, guard=Guard.MEMBER, url_prefix="/me/bounces")

#: What the mail system that refused our mails said of the address.
REASONS: Final = {
    Reason.ADDRESS: N_("It says that there is no such mailbox."),
    Reason.DOMAIN: N_("It says that the part after the @ takes no mail."),
    Reason.MAILBOX: N_("It says that the mailbox was switched off."),
}


@blueprint.get("")
def show() -> str:
    """Whether mails are sent to the reader; if not, since when, and what can be done."""
    return _page(is_sent="sent" in request.args)


@blueprint.post("")
def send() -> ResponseReturnValue:
    """Have a test mail sent."""
    try:
        bounces.send_test(current_board(), signed_in().member_id)
    except Invalid as invalid:
        g.page_address = url_for("bounces.show")
        return _page(refused=invalid.problems[0].message), 429
    return redirect(url_for("bounces.show", sent=1), 303)


def _page(*, is_sent: bool = False, refused: str = "") -> str:
    state = bounces.state(current_board(), signed_in().member_id)
    return render_template(
        "bounces/show.html", state=state, reasons=REASONS, is_sent=is_sent, refused=refused
    )
