"""The form of an answer to a listing."""

from __future__ import annotations

from flask_babel import lazy_gettext

from web.forms.base import PageForm, TextField


class AnswerForm(PageForm):
    """A message and the address of who writes it; the board judges both."""

    text = TextField(lazy_gettext("Your message"))
    email = TextField(lazy_gettext("Your e-mail address"))
