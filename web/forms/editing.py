"""The form that changes a listing: its words, its urgency, its end."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from flask_babel import lazy_gettext

from board.context import Board
from board.editing import Changes
from board.i18n import N_
from board.listings import ListingView
from board.validation import Refused
from matcher.place import Place
from web import dates
from web.forms.base import PageForm, SwitchField, TextField
from web.forms.listing import URGENCIES


class EditForm(PageForm):
    """What an owner may change; the board judges it."""

    RENAMED: ClassVar = {"until": "ends_on"}

    title = TextField(lazy_gettext("In one sentence"))
    text = TextField(lazy_gettext("Tell a little more"))
    urgency = TextField(lazy_gettext("How urgent is it?"))
    health = SwitchField(lazy_gettext("What is told of health"))
    ends_on = TextField(lazy_gettext("Until, this day included"))

    @classmethod
    def of(cls, view: ListingView, board: Board) -> EditForm:
        """The form as the listing stands now."""
        return cls(
            formdata=None,
            data={
                "title": view.title,
                "text": view.text,
                "urgency": str(view.urgency),
                "ends_on": _last_day(view, board).isoformat(),
            },
        )

    def read(self, view: ListingView, board: Board) -> Changes | None:
        """What was typed as the board takes it, or None with the problems on the fields."""
        ends_at = self._ends_at(view, board)
        urgency = self.urgency.data or ""
        if urgency not in URGENCIES:
            self.refuse("urgency", N_("Choose one of the four answers."))
        if ends_at is None or self.refused:
            return None
        return Changes(
            title=self.title.data or "",
            text=self.text.data or "",
            urgency=int(urgency),
            ends_at=ends_at,
            health=self.health.data,
        )

    def _ends_at(self, view: ListingView, board: Board) -> datetime | None:
        """The end of the day that was typed; the very end of before where the day is the same."""
        try:
            day = dates.parse_day(self.ends_on.data)
            if day == _last_day(view, board):
                return view.ends_at
            return dates.end_of(day, dates.zone_of(board, _cell(view)))
        except Refused as refusal:
            self.refuse("ends_on", refusal.message, **refusal.params)
            return None


def _cell(view: ListingView) -> int | None:
    return None if view.cell is None else Place.from_hex(view.cell).cell


def _last_day(view: ListingView, board: Board) -> date:
    zone = dates.zone_of(board, _cell(view))
    return (view.ends_at - timedelta(seconds=1)).astimezone(zone).date()
