"""The form of an answer to a listing."""

from __future__ import annotations

from flask_babel import lazy_gettext

from web.forms.base import PageForm, SwitchField, TextField


class AnswerForm(PageForm):
    """A message and the address of who writes it; the board judges both."""

    text = TextField(lazy_gettext("Your message"))
    health = SwitchField(lazy_gettext("What is told of health"))
    email = TextField(lazy_gettext("Your e-mail address"))
