"""The form that gives somebody a role."""

from __future__ import annotations

from flask_babel import lazy_gettext

from web.forms.base import PageForm, TextField


class RoleForm(PageForm):
    """Whom, and which role; the board judges both."""

    email = TextField(lazy_gettext("E-mail address of this person"))
    role = TextField(lazy_gettext("Which role?"))
