"""One's passkeys and recovery codes: listed, added, removed."""

from __future__ import annotations

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from board import passkeys
from board.errors import Invalid, NotAllowed, PasskeyRefused
from web.forms.passkey import PasskeyForm
from web.guards import Guard, GuardedBlueprint, signed_in, to_second_factor
from web.words import current_board

blueprint = GuardedBlueprint("passkeys", __name__, guard=Guard.MEMBER, url_prefix="/me/passkeys")


@blueprint.get("")
def index() -> str:
    """The list, and the form that adds one."""
    return _render(PasskeyForm(formdata=None))


@blueprint.post("/options")
def options() -> ResponseReturnValue:
    """What the browser needs to make a passkey."""
    try:
        return json_text(passkeys.registration_options(current_board(), signed_in()))
    except NotAllowed:
        return json_text("{}"), 403


@blueprint.post("")
def add() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    form = PasskeyForm(request.form)
    try:
        passkeys.register(
            current_board(), signed_in(), form.credential.data or "", form.name.data or ""
        )
    except NotAllowed:
        return to_second_factor(url_for("passkeys.index"))
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(form), 422
    except PasskeyRefused:
        form.refuse("credential", passkeys.REFUSED)
        return _render(form), 422
    return redirect(url_for("passkeys.index"), 303)


@blueprint.post("/<int:passkey_id>/remove")
def remove(passkey_id: int) -> ResponseReturnValue:
    """Forget one's own passkey."""
    try:
        passkeys.remove(current_board(), signed_in(), passkey_id)
    except NotAllowed:
        return to_second_factor(url_for("passkeys.index"))
    return redirect(url_for("passkeys.index"), 303)


@blueprint.post("/recovery")
def recovery_codes() -> ResponseReturnValue:
    """A new list of recovery codes, shown on this page and never again."""
    try:
        codes = passkeys.new_recovery_codes(current_board(), signed_in())
    except NotAllowed:
        return to_second_factor(url_for("passkeys.index"))
    return render_template("passkeys/recovery.html", codes=codes)


def json_text(body: str) -> Response:
    """JSON that the board has written, kept by nobody."""
    return Response(body, mimetype="application/json", headers={"Cache-Control": "no-store"})


def _render(form: PasskeyForm) -> str:
    overview = passkeys.overview(current_board(), signed_in())
    return render_template("passkeys/index.html", form=form, overview=overview)
