"""The forms of a profile: what one tells of oneself, and a coarse place."""

from __future__ import annotations

from flask_babel import lazy_gettext

from board.profiles import Profile
from web.forms.base import ChoicesField, PageForm, TextField
from web.forms.place import PlaceForm


class ProfileForm(PageForm):
    """Everything but the places; the board judges it."""

    display_name = TextField(lazy_gettext("What may people call you?"))
    languages = ChoicesField(lazy_gettext("Languages you speak"))
    time_zone = TextField(lazy_gettext("Your time zone"))
    helps_with = ChoicesField(lazy_gettext("What can you help with?"))

    @classmethod
    def of(cls, profile: Profile) -> ProfileForm:
        """The form as the profile stands now."""
        return cls(
            formdata=None,
            data={
                "display_name": profile.display_name,
                "languages": profile.languages,
                "time_zone": profile.time_zone,
                "helps_with": profile.helps_with,
            },
        )

    def read(self) -> Profile:
        """What was typed as the board takes it."""
        return Profile(
            display_name=self.display_name.data or "",
            languages=tuple(self.languages.data),
            time_zone=self.time_zone.data or "",
            helps_with=tuple(self.helps_with.data),
        )


class ProfilePlaceForm(PlaceForm):
    """Where somebody lives, or comes from."""
