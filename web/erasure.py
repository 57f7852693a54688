"""Erasing oneself: what goes and what stays, a code by mail, and the deed."""

from __future__ import annotations

from flask import current_app, g, redirect, render_template, request, url_for
from flask import session as flask_session
from flask.typing import ResponseReturnValue

from board import erasure
from board.errors import CodeRefused, NotAllowed
from web.forms.sign_in import CodeForm
from web.guards import Guard, GuardedBlueprint, drop_session, signed_in, to_second_factor
from web.locale import current_locale
from web.sign_in import REFUSED, code_cookie, keep_code
from web.words import current_board

blueprint = GuardedBlueprint("erasure", __name__, guard=Guard.MEMBER, url_prefix="/me/erase")


@blueprint.get("")
def ask() -> ResponseReturnValue:
    """What is erased; the second factor is asked for first, where one is needed."""
    try:
        erasure.require_proof(current_board(), signed_in())
    except NotAllowed:
        return to_second_factor(url_for("erasure.ask"))
    return _render(CodeForm(formdata=None))


@blueprint.post("/code")
def send() -> ResponseReturnValue:
    """Mail a code, bound to this browser."""
    try:
        browser = erasure.ask_for_code(current_board(), signed_in(), current_locale())
    except NotAllowed:
        return to_second_factor(url_for("erasure.ask"))
    return keep_code(redirect(url_for("erasure.ask", sent=1), 303), browser)


@blueprint.post("")
def erase() -> ResponseReturnValue:
    """Erase everything; or give the form back where the code is wrong."""
    form = CodeForm(request.form)
    g.page_address = url_for("erasure.ask", sent=1)
    browser = request.cookies.get(code_cookie(current_app.config["SETTINGS"]), "")
    try:
        erasure.erase(current_board(), signed_in(), browser, form.code.data or "")
    except NotAllowed:
        return to_second_factor(url_for("erasure.ask"))
    except CodeRefused as refusal:
        form.refuse("code", REFUSED[refusal.reason])
        form.code.data = ""
        return _render(form, asked=True), 422
    flask_session.clear()
    return drop_session(redirect(url_for("data.erased"), 303))


def _render(form: CodeForm, *, asked: bool = False) -> str:
    asked = asked or request.args.get("sent") == "1"
    return render_template("erasure/ask.html", form=form, asked=asked)
