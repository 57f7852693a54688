"""The forms of a relay, and that of the telephone."""

from __future__ import annotations

from typing import ClassVar

from flask_babel import lazy_gettext

from board.i18n import N_
from board.relays import CONSENTS
from web.forms.base import PageForm, TextField
from web.forms.listing import ListingForm


class RelayForm(ListingForm):
    """A listing for somebody else: consent instead of an address."""

    FIRST: ClassVar = ("consent", *ListingForm.FIRST)

    consent = TextField(lazy_gettext("How has this person agreed?"))

    def check_poster(self) -> None:
        """Somebody without internet has no address, but has agreed."""
        if self.consent.data not in CONSENTS:
            self.refuse("consent", N_("Say how the person has agreed."))


class PhoneForm(PageForm):
    """The number and the code that were read out, and what to do."""

    reference = TextField(lazy_gettext("The number (6 digits)"))
    code = TextField(lazy_gettext("The code (8 digits)"))
    deed = TextField(lazy_gettext("What shall be done?"))
