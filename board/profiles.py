"""What a member tells of oneself: a name, languages, two coarse places, what one can help with."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from sqlalchemy.orm import Session

from board import places
from board.i18n import N_
from board.members import Member
from board.validation import Checks, clean_text
from matcher.place import Place
from matcher.taxonomy import UnknownCategory

if TYPE_CHECKING:
    from board.context import Board

NAME_MAX = 60
MAX_LANGUAGES = 8
#: A profile's place is about 6.5 kilometres wide: enough to meet a town, not a street.
RESOLUTION = 6
_NO_ZONE = "UTC"

Where = Literal["here", "there"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A member as the member's own page shows it."""

    display_name: str = ""
    languages: tuple[str, ...] = ()
    #: IANA name.
    time_zone: str = _NO_ZONE
    #: Slugs of the taxonomy.
    helps_with: tuple[str, ...] = ()
    #: Names of the places; "" where none is told.
    here: str = ""
    there: str = ""


@cache
def time_zones() -> tuple[str, ...]:
    """IANA names of regions, and UTC, in order."""
    names = zoneinfo.available_timezones()
    return (_NO_ZONE, *sorted(name for name in names if "/" in name and name[:4] != "Etc/"))


def get(board: Board, member_id: int) -> Profile:
    """The profile as it is now."""
    with board.db.read() as session:
        member = session.get_one(Member, member_id)
        return Profile(
            display_name=member.display_name,
            languages=member.languages,
            time_zone=member.time_zone,
            helps_with=tuple(board.taxonomy.slug(int(code)) for code in member.helps_with),
            here=member.here_name,
            there=member.there_name,
        )


def save(board: Board, member_id: int, profile: Profile) -> None:
    """Keep everything but the places; raises Invalid, and then nothing is written."""
    profile = _checked(board, profile)
    with board.db.write() as session:
        member = session.get_one(Member, member_id)
        member.display_name, member.languages = profile.display_name, profile.languages
        member.time_zone = profile.time_zone
        member.helps_with = tuple(str(board.taxonomy.id(slug)) for slug in profile.helps_with)


def _checked(board: Board, profile: Profile) -> Profile:
    checks = Checks()
    with checks.field("display_name"):
        name = clean_text(profile.display_name, max_length=NAME_MAX)
        profile = replace(profile, display_name=name)
    languages = tuple(dict.fromkeys(profile.languages))
    if len(languages) > MAX_LANGUAGES:
        checks.refuse("languages", N_("Choose at most %(most)d."), most=MAX_LANGUAGES)
    for code in languages:
        if code not in board.languages:
            checks.refuse("languages", N_("“%(code)s” is not a known code."), code=code[:20])
    if profile.time_zone not in time_zones():
        checks.refuse("time_zone", N_("Choose one of the time zones of the list."))
    helps_with = tuple(dict.fromkeys(profile.helps_with))
    for slug in helps_with:
        try:
            board.taxonomy.id(slug)
        except UnknownCategory:
            checks.refuse("helps_with", N_("“%(slug)s” is not a category."), slug=slug[:40])
    checks.done()
    return replace(profile, languages=languages, helps_with=helps_with)


def set_place(board: Board, member_id: int, where: Where, cell: int | None, name: str) -> None:
    """Keep where a member lives ("here") or comes from ("there"), coarsely; None forgets it.

    Who lives somewhere and has told no time zone gets that of the place. Raises Invalid.
    """
    checks = Checks()
    with checks.field("place"):
        name = clean_text(name, max_length=200)
        if cell is not None:
            kept = Place(places.kept_cell(board.gazetteer, cell, ()))
            cell = kept.coarsened(min(RESOLUTION, kept.resolution)).cell
    checks.done()
    with board.db.write() as session:
        member = session.get_one(Member, member_id)
        told = name if cell is not None else ""
        if where == "there":
            member.there_cell, member.there_name = cell, told
            return
        member.here_cell, member.here_name = cell, told
        assume_zone(session, board, member_id, cell)


def assume_zone(session: Session, board: Board, member_id: int, cell: int | None) -> None:
    """Give a member who has told no time zone that of a place of theirs."""
    member = session.get_one(Member, member_id)
    if cell is not None and member.time_zone == _NO_ZONE:
        member.time_zone = places.time_zone(board.gazetteer, cell).key
