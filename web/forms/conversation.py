"""The forms of a conversation."""

from __future__ import annotations

import secrets
from typing import Self

from flask_babel import lazy_gettext

from web.forms.base import PageForm, SwitchField, TextField


class ConversationForm(PageForm):
    """What one side can write; each of its fields is sent by a form of its own."""

    key = TextField()
    text = TextField(lazy_gettext("Your message"))
    health = SwitchField(lazy_gettext("What is told of health"))
    contact = TextField(lazy_gettext("How to reach you directly"))
    thanks = TextField(lazy_gettext("Your thanks"))

    @classmethod
    def empty(cls) -> Self:
        """Fresh forms with a key that sends a message once."""
        return cls(formdata=None, data={"key": secrets.token_urlsafe(16)})


class MessageReportForm(PageForm):
    """What one side reports of the other's messages."""

    message = TextField(lazy_gettext("Which message?"))
    reason = TextField(lazy_gettext("What is wrong?"))
    text = TextField(lazy_gettext("Anything to add?"))

    @classmethod
    def empty(cls) -> Self:
        """The form before anything is chosen."""
        return cls(formdata=None)
