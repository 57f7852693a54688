"""Forms whose hidden field a script fills with what a passkey answers."""

from __future__ import annotations

from flask_babel import lazy_gettext

from web.forms.base import PageForm, TextField


class PasskeyForm(PageForm):
    """A new passkey and what to call it."""

    credential = TextField(lazy_gettext("Passkey"))
    name = TextField(lazy_gettext("What to call it"))


class SecondFactorForm(PageForm):
    """The answer of a passkey, or a recovery code."""

    credential = TextField(lazy_gettext("Passkey"))
    code = TextField(lazy_gettext("A recovery code"))
    next = TextField()
