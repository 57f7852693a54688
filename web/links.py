"""Mailed links: GET shows what would happen and one button, POST does it."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import confirmations, listings
from board.bans import BANNED
from board.errors import Invalid, NotAllowed
from board.i18n import N_
from board.links import (
    CLOSE_LISTING,
    CONFIRM_ALERT,
    CONFIRM_LISTING,
    CONFIRM_MESSAGE,
    CONFIRM_PARTNER,
    CONFIRM_QUESTION,
    EDIT_LISTING,
    EXTEND_LISTING,
    KEEP_TALKING,
    TEST_MAIL,
)
from web.errors import error_response
from web.forms.editing import EditForm
from web.guards import Guard, GuardedBlueprint
from web.me import banned, edit_page, not_allowed
from web.words import current_board

blueprint = GuardedBlueprint("links", __name__, guard=Guard.LINK, url_prefix="/links")

#: Purpose of a link -> title, what happens, the button, what is said when it is done.
TEXTS: Final = {
    CONFIRM_LISTING: (
        N_("Publish your listing"),
        N_("One press, and your listing is on the board. People nearby are told."),
        N_("Publish now"),
        N_("Your listing is on the board."),
    ),
    CLOSE_LISTING: (
        N_("Take your listing down"),
        N_("One press, and nobody sees your listing any more. This cannot be undone."),
        N_("Take it down now"),
        N_("Your listing is off the board."),
    ),
    EDIT_LISTING: (
        N_("Change your listing"),
        "",
        "",
        N_("Your listing is changed. We have mailed you new links."),
    ),
    CONFIRM_ALERT: (
        N_("Start your alert"),
        N_("One press, and we write to you when something you wait for appears."),
        N_("Start the alert"),
        N_("Your alert is on. Every mail has a link that ends it."),
    ),
    EXTEND_LISTING: (
        N_("Keep your listing on the board"),
        N_("One press, and it stays: a request for two weeks more, an offer for two months."),
        N_("Keep it"),
        N_("Your listing stays on the board. We have mailed you new links."),
    ),
    KEEP_TALKING: (
        N_("Keep your conversation open"),
        N_("One press, and the conversation stays open for another month."),
        N_("Keep it open"),
        N_("Your conversation stays open."),
    ),
    TEST_MAIL: (
        N_("The test mail has arrived"),
        N_("One press, and we write to your address again."),
        N_("Write to me again"),
        N_("We write to your address again."),
    ),
    CONFIRM_MESSAGE: (
        N_("Send your message"),
        N_("One press, and your message goes to this person. Your address is not shown."),
        N_("Send it now"),
        N_("Your message is on its way."),
    ),
    CONFIRM_PARTNER: (
        N_("Send your application"),
        N_("One press, and whoever runs the board checks who your organisation is."),
        N_("Send it now"),
        N_("Your application has arrived. We write to you when it is decided."),
    ),
    CONFIRM_QUESTION: (
        N_("Send your question"),
        N_("One press, and the organisation gets your question, without your address."),
        N_("Send it now"),
        N_("Your question is on its way. The answer comes by mail."),
    ),
}


@blueprint.get("/<token>")
def show(token: str) -> str:
    """What the link would do, and its one button or its form. Looking changes nothing."""
    board = current_board()
    deed = confirmations.show(board, token)
    if deed.purpose == EDIT_LISTING:
        if deed.held:
            return render_template("links/held.html", deed=deed)
        view = listings.get(board, deed.public_id or "")
        return edit_page(EditForm.of(view, board), view, url_for("links.act", token=token))
    title, text, button, _ = map(gettext, TEXTS[deed.purpose])
    return render_template(
        "links/show.html", deed=deed, title=title, text=text, button=button, token=token
    )


@blueprint.post("/<token>")
def act(token: str) -> ResponseReturnValue:
    """Do what the link is for, once."""
    board = current_board()
    if confirmations.show(board, token).purpose == EDIT_LISTING:
        return _edit(token)
    try:
        deed = confirmations.act(board, token)
    except NotAllowed as refusal:
        return banned() if refusal.right == BANNED else not_allowed()
    except Invalid as invalid:
        problem = invalid.problems[0]
        return error_response(410, gettext(problem.message) % dict(problem.params))
    if deed.held:
        return render_template("links/held.html", deed=deed)
    if deed.purpose == CONFIRM_LISTING:
        return redirect(url_for("listings.show", public_id=deed.public_id, published=1), 303)
    if deed.conversation_token is not None:
        address = url_for("conversation_links.show", key=deed.conversation_token, sent=1)
        return redirect(address, 303)
    title = gettext(TEXTS[deed.purpose][3])
    return render_template("links/done.html", deed=deed, title=title)


def _edit(token: str) -> ResponseReturnValue:
    """Change the listing of the link; a refused form comes back, and uses nothing up."""
    board = current_board()
    deed = confirmations.show(board, token)
    if deed.held:
        return render_template("links/held.html", deed=deed)
    view = listings.get(board, deed.public_id or "")
    form = EditForm(request.form)
    changes = form.read(view, board)
    if changes is not None:
        try:
            deed = confirmations.act(board, token, changes)
        except Invalid as invalid:
            form.refuse_all(invalid.problems)
        except NotAllowed:
            return not_allowed()
        else:
            if deed.held:
                return render_template("links/held.html", deed=deed)
            title = gettext(TEXTS[EDIT_LISTING][3])
            return render_template("links/done.html", deed=deed, title=title)
    return edit_page(form, view, url_for("links.act", token=token)), 422
