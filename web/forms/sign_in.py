"""The two forms of signing in: the address, then the code that was mailed to it."""

from __future__ import annotations

from flask_babel import lazy_gettext

from web.forms.base import PageForm, TextField


class AddressForm(PageForm):
    """Where the code is sent."""

    email = TextField(lazy_gettext("Your e-mail address"))
    credential = TextField(lazy_gettext("Passkey"))
    next = TextField()


class CodeForm(PageForm):
    """The code of the mail."""

    code = TextField(lazy_gettext("The code of the mail"))
    next = TextField()
