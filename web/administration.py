"""The administrators' console: what waits, and who holds which role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Flask, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import administration, roles, words
from board.errors import Invalid, NotAllowed
from board.i18n import N_
from board.roles import Role
from web.forms.role import RoleForm
from web.guards import Guard, GuardedBlueprint, reader, signed_in
from web.words import current_board

blueprint = GuardedBlueprint(
    "administration", __name__, guard=Guard.ADMINISTRATOR, url_prefix="/admin"
)

#: What is said after a role was given or taken away.
_DONE: Final = {
    "given": N_("The role is given. A mail about it is on its way."),
    "had": N_("This person has this role already: nothing has changed."),
    "taken": N_("The role is taken away. A mail about it is on its way."),
    "gone": N_("This person does not have this role: nothing has changed."),
}


@blueprint.get("")
def index() -> str:
    """What waits, and the ways to it."""
    overview = administration.overview(current_board(), signed_in().member_id)
    return render_template("administration/index.html", overview=overview)


@blueprint.get("/people")
def people() -> str:
    """Who has a role that is given to a person, and the form that gives one or takes it away."""
    return _render(RoleForm(formdata=None))


@blueprint.post("/people")
def give() -> ResponseReturnValue:
    """Give somebody a role; or give the form back as it was."""
    return _change(roles.grant, "given", "had")


@blueprint.post("/people/take-away")
def take_away() -> ResponseReturnValue:
    """Take a role away; or give the form back as it was."""
    return _change(roles.revoke, "taken", "gone")


def _change(deed: Callable[..., bool], done: str, unchanged: str) -> ResponseReturnValue:
    form = RoleForm(request.form)
    g.page_address = url_for("administration.people")
    try:
        email, role = form.email.data or "", form.role.data or ""
        changed = deed(current_board(), email, role, by=signed_in().member_id)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(form), 422
    except NotAllowed:
        abort(404)
    return _done(done if changed else unchanged)


def _done(what: str) -> ResponseReturnValue:
    return redirect(url_for("administration.people", done=what), 303)


def _render(form: RoleForm) -> str:
    done = _DONE.get(request.args.get("done", ""))
    return render_template(
        "administration/people.html",
        form=form,
        done=gettext(done) if done else "",
        holders=administration.holders(current_board()),
        own_id=signed_in().member_id,
    )


def may_administer() -> bool:
    """Whether the reader has the role, so that pages can lead to the console."""
    found = reader()
    return found is not None and Role.ADMINISTRATOR in found.roles


def role_name(role: str) -> str:
    """What a role is called, in the reader's language."""
    return str(gettext(words.ROLES[role]))


def init_administration(app: Flask) -> None:
    """Give the names to templates."""
    app.jinja_env.globals.update(may_administer=may_administer, role_name=role_name)
