"""The form of the settings: when and how often somebody is told."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from flask_babel import lazy_gettext

from board.i18n import N_
from board.preferences import MOST_A_WEEK_BOUNDS, NewPreferences, Preferences
from board.validation import Refused
from web import dates
from web.forms.base import PageForm, SwitchField, TextField

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class PreferencesForm(PageForm):
    """What a member may choose; the board judges it."""

    FIRST: ClassVar = ("by_email", "by_push", "most_a_week", "time_zone", "quiet_from", "quiet_to")

    by_email = SwitchField(lazy_gettext("Mails"))
    by_push = SwitchField(lazy_gettext("Notifications"))
    most_a_week = TextField(lazy_gettext("At most so many mails a week"))
    time_zone = TextField(lazy_gettext("Your time zone"))
    quiet_from = TextField(lazy_gettext("Quiet from"))
    quiet_to = TextField(lazy_gettext("Quiet until"))
    urgent_passes = SwitchField(lazy_gettext("What is urgent"))
    paused_until = TextField(lazy_gettext("Pause until"))

    @classmethod
    def of(cls, chosen: Preferences) -> PreferencesForm:
        """The form as things stand now."""
        begin, end = chosen.quiet or (None, None)
        return cls(
            formdata=None,
            data={
                "by_email": chosen.by_email,
                "by_push": chosen.by_push,
                "most_a_week": str(chosen.most_a_week),
                "time_zone": chosen.time_zone,
                "quiet_from": clock_words(begin),
                "quiet_to": clock_words(end),
                "urgent_passes": chosen.urgent_passes,
                "paused_until": _day(chosen.paused_until, chosen),
            },
        )

    def read(self, *, push: bool) -> NewPreferences | None:
        """What was typed as the board takes it, or None with the problems on the fields.

        `push`: whether the page asked about push messages.
        """
        begin, end = self._minute("quiet_from"), self._minute("quiet_to")
        most = self.number("most_a_week", *MOST_A_WEEK_BOUNDS)
        if most is not None and most != int(most):
            least, greatest = MOST_A_WEEK_BOUNDS
            message = N_("A whole number from %(least)d to %(most)d is accepted.")
            self.refuse("most_a_week", message, least=least, most=greatest)
        until = None
        if (self.paused_until.data or "").strip():
            try:
                until = dates.parse_day(self.paused_until.data)
            except Refused as refusal:
                self.refuse("paused_until", refusal.message, **refusal.params)
        if self.refused or most is None:
            return None
        return NewPreferences(
            time_zone=self.time_zone.data or "",
            quiet_from=begin,
            quiet_to=end,
            urgent_passes=self.urgent_passes.data,
            most_a_week=int(most),
            paused_until=until,
            by_email=self.by_email.data,
            by_push=self.by_push.data if push else None,
        )

    def _minute(self, field: str) -> int | None:
        """The minute of the day that was typed; None for nothing, and where it is refused."""
        typed = str(self._fields[field].data or "").strip()
        found = _CLOCK.fullmatch(typed)
        if typed and found is None:
            self.refuse(field, N_("A time such as 21:30 is accepted."))
        return int(found[1]) * 60 + int(found[2]) if found else None


def clock_words(minute: int | None) -> str:
    """A minute of the day as a field of a form holds it: 21:30; "" for none."""
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def _day(moment: datetime | None, chosen: Preferences) -> str:
    return "" if moment is None else moment.astimezone(chosen.zone).date().isoformat()
