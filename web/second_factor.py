"""The second factor: a passkey, or a recovery code where no passkey is at hand."""

from __future__ import annotations

from typing import Final

from flask import make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from board import passkeys, recovery
from board.errors import CodeRefused, PasskeyRefused
from board.i18n import N_
from web.forms.passkey import SecondFactorForm
from web.guards import Guard, GuardedBlueprint, keep_session, safe_next, signed_in
from web.passkeys import json_text
from web.sign_in import OWN_SPACE
from web.words import current_board

blueprint = GuardedBlueprint(
    "second_factor", __name__, guard=Guard.MEMBER, url_prefix="/second-factor"
)

_WRONG: Final = N_("This is none of your recovery codes, or it was used already.")


@blueprint.get("")
def ask() -> str:
    """The two ways, and where one goes afterwards."""
    back = safe_next(request.args.get("next"), OWN_SPACE)
    return _render(SecondFactorForm(formdata=None, data={"next": back}))


@blueprint.post("/options")
def options() -> ResponseReturnValue:
    """What the browser needs to prove a passkey of this member."""
    return json_text(passkeys.second_factor_options(current_board(), signed_in()))


@blueprint.post("/passkey")
def with_passkey() -> ResponseReturnValue:
    """Take the answer of a passkey."""
    form = SecondFactorForm(request.form)
    try:
        answer = form.credential.data or ""
        token = passkeys.give_second_factor(current_board(), signed_in(), answer)
    except PasskeyRefused:
        form.refuse("credential", passkeys.REFUSED)
        return _render(form), 422
    return _go_on(form, token)


@blueprint.post("/recovery")
def with_code() -> ResponseReturnValue:
    """Take a recovery code, once."""
    form = SecondFactorForm(request.form)
    try:
        token = recovery.give_second_factor(current_board(), signed_in(), form.code.data or "")
    except CodeRefused:
        form.refuse("code", _WRONG)
        form.code.data = ""
        return _render(form), 422
    return _go_on(form, token)


def _go_on(form: SecondFactorForm, token: str) -> ResponseReturnValue:
    back = safe_next(form.next.data, OWN_SPACE)
    return keep_session(make_response(redirect(back, 303)), token)


def _render(form: SecondFactorForm) -> str:
    overview = passkeys.overview(current_board(), signed_in())
    return render_template("second_factor/ask.html", form=form, overview=overview)
