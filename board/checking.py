"""What a listing may say: every field judged at once, whatever door it came through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from board import places
from board.i18n import LOCALES, N_
from board.listings import ListingFields
from board.validation import (
    TEXT_MAX,
    TITLE_MAX,
    Checks,
    Refused,
    aware,
    clean_text,
    finite,
    required_text,
)
from matcher.areas import AreaError, AreaFault, parse_polygon
from matcher.place import Place, PlaceError
from matcher.taxonomy import Kind, Reach, UnknownCategory

if TYPE_CHECKING:
    from board.context import Board

MAX_CATEGORIES = {Kind.REQUEST: 1, Kind.OFFER: 5, Kind.INFO: 5}
#: What is said of another number of categories.
HOW_MANY = {
    Kind.REQUEST: N_("Choose one category."),
    Kind.OFFER: N_("Choose from 1 to %(most)d categories."),
    Kind.INFO: N_("Choose from 1 to %(most)d categories."),
}
MAX_LANGUAGES = 8
#: What is said of an area that is refused.
AREA_FAULTS = {
    AreaFault.TYPE: N_("This is not a GeoJSON polygon."),
    AreaFault.EMPTY: N_("This is not a GeoJSON polygon."),
    AreaFault.POSITION: N_("This is not a GeoJSON polygon."),
    AreaFault.NUMBER: N_(
        "A coordinate is a longitude from −180 to 180, followed by a latitude from −90 to 90."
    ),
    AreaFault.TOO_FEW: N_("An outline is closed and has at least four points."),
    AreaFault.UNCLOSED: N_("An outline is closed and has at least four points."),
    AreaFault.TOO_MANY: N_("An area has at most 500 points."),
    AreaFault.EDGE: N_("An area that crosses the 180° meridian is cut there into two."),
    AreaFault.INVALID: N_("An outline does not cross or touch itself."),
    AreaFault.TOO_LARGE: N_("An area is smaller than half the globe."),
}
MAX_COUNTRIES = 30
RADIUS_KM = (1.0, 200.0)
PLACES_NEEDED = (1, 50)
LONGEST = timedelta(days=366)


def checked(
    board: Board, fields: ListingFields, moment: datetime, *, past: bool = False
) -> tuple[ListingFields, BaseGeometry | None]:
    """The fields cleaned, with the official area parsed; raises Invalid with every problem.

    `moment` is the database's time. With `past` (imports), the time may be over already.
    """
    checks = Checks()
    clean = _check_words(checks, fields)
    clean = _check_codes(checks, board, clean)
    clean = _check_reach(checks, board, clean)
    clean = _check_window(checks, clean, moment, past)
    area = None
    if clean.kind is Kind.INFO:
        clean, area = _check_area(checks, board, clean)
    checks.done()
    return clean, area


def _check_words(checks: Checks, fields: ListingFields) -> ListingFields:
    title, text, place_name = fields.title, fields.text, fields.place_name
    with checks.field("title"):
        title = required_text(title, max_length=TITLE_MAX)
    with checks.field("text"):
        text = clean_text(text, max_length=TEXT_MAX, multiline=True)
    with checks.field("place"):
        place_name = clean_text(place_name, max_length=200)
    if fields.locale not in LOCALES:
        checks.refuse(
            "locale", N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES)
        )
    return replace(fields, title=title, text=text, place_name=place_name)


def _check_codes(checks: Checks, board: Board, fields: ListingFields) -> ListingFields:
    categories = tuple(dict.fromkeys(fields.categories))
    most = MAX_CATEGORIES[fields.kind]
    if not 1 <= len(categories) <= most:
        checks.refuse("categories", HOW_MANY[fields.kind], most=most)
    for slug in categories:
        try:
            board.taxonomy.id(slug)
        except UnknownCategory:
            checks.refuse("categories", N_("“%(slug)s” is not a category."), slug=slug[:40])
    if isinstance(fields.urgency, bool) or fields.urgency not in (0, 1, 2, 3):
        checks.refuse("urgency", N_("Choose how urgent it is, from 0 to 3."))
    fields = _check_places(checks, fields)
    languages = _known_codes(checks, "languages", fields.languages, board.languages, MAX_LANGUAGES)
    return replace(fields, categories=categories, languages=languages)


def _check_places(checks: Checks, fields: ListingFields) -> ListingFields:
    """Whole people; official information has no places."""
    if fields.kind is Kind.INFO:
        return replace(fields, places_needed=1)
    least, most = PLACES_NEEDED
    given = fields.places_needed
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        message = N_("A whole number from %(least)d to %(most)d is accepted.")
        checks.refuse("places_needed", message, least=least, most=most)
    return fields


def _known_codes(
    checks: Checks, field: str, given: Iterable[str], known: Iterable[str], most: int
) -> tuple[str, ...]:
    codes, accepted = tuple(dict.fromkeys(given)), set(known)
    if len(codes) > most:
        checks.refuse(field, N_("Choose at most %(most)d."), most=most)
    for code in codes:
        if code not in accepted:
            checks.refuse(field, N_("“%(code)s” is not a known code."), code=str(code)[:20])
    return codes


def _check_reach(checks: Checks, board: Board, fields: ListingFields) -> ListingFields:
    if fields.country and fields.country not in board.countries.codes:
        checks.refuse("place", N_("“%(code)s” is not a known code."), code=fields.country[:20])
    if fields.cell is not None:
        with checks.field("place"):
            fields = replace(fields, cell=_kept_cell(board, fields))
    if fields.kind is Kind.INFO:
        return replace(fields, reach=Reach.LOCAL, radius_km=None)
    if fields.reach is Reach.LOCAL:
        if fields.cell is None:
            checks.refuse("place", N_("Choose a place, or help from far away."))
        radius = None
        with checks.field("radius_km"):
            radius = finite(fields.radius_km, least=RADIUS_KM[0], most=RADIUS_KM[1])
        return replace(fields, radius_km=radius)
    if fields.reach is Reach.COUNTRY and not fields.country:
        checks.refuse("place", N_("Choose a place: help in the same country needs to know which."))
    if fields.reach is Reach.LANGUAGE and not fields.languages:
        checks.refuse("languages", N_("Choose a language: help in the same language needs one."))
    return replace(fields, radius_km=None)


def _kept_cell(board: Board, fields: ListingFields) -> int:
    """The cell no finer than people's places may be kept."""
    cell = fields.cell or 0
    if fields.kind is not Kind.INFO:
        return places.kept_cell(board.gazetteer, cell, fields.categories)
    try:
        return Place(cell).cell
    except PlaceError:
        raise Refused(N_("This is not a place on the map.")) from None


def _check_window(
    checks: Checks, fields: ListingFields, moment: datetime, past: bool
) -> ListingFields:
    starts_at, ends_at = fields.starts_at, fields.ends_at
    before = len(checks.problems)
    with checks.field("from"):
        starts_at = aware(starts_at)
    with checks.field("until"):
        ends_at = aware(ends_at)
    if len(checks.problems) > before:
        return fields
    if ends_at <= starts_at:
        checks.refuse("until", N_("The end must be after the beginning."))
    elif not past and ends_at <= moment:
        checks.refuse("until", N_("The end must be in the future."))
    elif ends_at - (starts_at if past else max(starts_at, moment)) > LONGEST:
        checks.refuse("until", N_("A listing lasts a year at most."))
    elif not past and starts_at - moment > LONGEST:
        checks.refuse("from", N_("A listing begins within a year."))
    return replace(fields, starts_at=starts_at, ends_at=ends_at)


def _check_area(
    checks: Checks, board: Board, fields: ListingFields
) -> tuple[ListingFields, BaseGeometry | None]:
    countries = _known_codes(
        checks, "area_countries", fields.area_countries, board.countries.codes, MAX_COUNTRIES
    )
    if not countries:
        checks.refuse("area_countries", N_("Choose the country or countries it is about."))
    if not fields.text.strip():
        checks.refuse("text", N_("Write something here."))
    area = None
    if fields.area is not None:
        try:
            area = parse_polygon(fields.area)
        except AreaError as error:
            checks.refuse("area", AREA_FAULTS[error.code])
    return replace(fields, area_countries=countries), area
