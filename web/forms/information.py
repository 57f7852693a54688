"""The form of official information."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import ClassVar, Final

from flask_babel import lazy_gettext

from board.context import Board
from board.information import NewInformation
from board.organisations import OrganisationView
from board.validation import https_address
from matcher.taxonomy import Kind, Reach
from web import dates
from web.forms.base import TextField
from web.forms.listing import OPEN_DAYS, ListingForm
from web.forms.place import find_place

#: What only the posters of requests and offers say.
_OF_POSTERS: Final = ("email", "notify", "health")


class InformationForm(ListingForm):
    """What a partner types; the parts of a listing, and where they can be checked."""

    FIRST: ClassVar = (*ListingForm.FIRST, "source_url")

    source_url = TextField(lazy_gettext("Where it can be checked"))
    supersedes = TextField(lazy_gettext("Does it replace something?"))

    @classmethod
    def for_office(
        cls, office: OrganisationView, board: Board, locale: str, supersedes: str = ""
    ) -> InformationForm:
        """A fresh form with its defaults and a key of its own."""
        day = dates.today(board)
        return cls(
            formdata=None,
            data={
                "key": secrets.token_urlsafe(16),
                "urgency": "0",
                "area_countries": office.countries if len(office.countries) == 1 else (),
                "starts_on": day.isoformat(),
                "ends_on": (day + timedelta(days=OPEN_DAYS[Kind.INFO])).isoformat(),
                "languages": [locale],
                "supersedes": supersedes,
            },
        )

    def read_official(
        self, office: OrganisationView, board: Board, locale: str
    ) -> NewInformation | None:
        """What was typed as the board takes it, or None with the problems on the fields."""
        self.official = True
        settled = find_place(self, board, tuple(self.categories.data), locale)
        starts_at, ends_at = self._window(board, settled)
        values = self._plain_values(Kind.INFO, locale)
        self._check_words(Kind.INFO)
        self.check("source_url", lambda: https_address(self.source_url.data or ""))
        if self.refused:
            return None
        return NewInformation(
            **{name: value for name, value in values.items() if name not in _OF_POSTERS},
            cell=settled.cell if settled else None,
            country=settled.country if settled else "",
            place_name=settled.name if settled else "",
            reach=Reach.LOCAL,
            starts_at=starts_at,
            ends_at=ends_at,
            organisation=office.public_id,
            source_url=self.source_url.data or "",
            supersedes=self.supersedes.data or "",
        )
