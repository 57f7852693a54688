"""Forms with a reason from a list, and perhaps some words."""

from __future__ import annotations

from flask_babel import lazy_gettext

from web.forms.base import PageForm, SwitchField, TextField


class ReportForm(PageForm):
    """What somebody reports."""

    reason = TextField(lazy_gettext("What is wrong?"))
    text = TextField(lazy_gettext("Anything to add?"))


class AppealForm(PageForm):
    """What somebody says to a ban."""

    text = TextField(lazy_gettext("Why is it a mistake?"))


class RewordForm(PageForm):
    """Other words for a listing."""

    title = TextField(lazy_gettext("In one sentence"))
    text = TextField(lazy_gettext("Tell a little more"))
    health = SwitchField(lazy_gettext("What is told of health"))
