"""The form that a script fills with what a browser subscribed to."""

from __future__ import annotations

from flask_babel import lazy_gettext

from board.push_subscriptions import NewSubscription
from web.forms.base import PageForm, TextField


class PushForm(PageForm):
    """The address of a push service, and the keys of the browser; the board judges them."""

    endpoint = TextField(lazy_gettext("Notifications on your device"), id="push")
    p256dh = TextField()
    auth = TextField()

    def read(self) -> NewSubscription:
        return NewSubscription(
            endpoint=self.endpoint.data or "",
            p256dh=self.p256dh.data or "",
            auth=self.auth.data or "",
        )
