"""Names of the board's codes in the reader's language, for views and templates."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import h3.api.basic_int as h3
from babel.dates import get_timezone_gmt
from babel.units import format_unit
from flask import Flask, current_app
from flask_babel import format_date, format_datetime, format_decimal, format_time, gettext

from board import places, words
from board.context import Board
from board.gazetteer import GazetteerPlace
from board.listings import ListingView
from board.matching import Counterpart
from board.places import FINEST, SettledPlace
from board.rhythms import Rhythm
from board.validation import fold
from matcher.place import Place
from matcher.taxonomy import Kind, Reach, Urgency
from web.dates import zone_of
from web.forms.place import PRECISIONS
from web.locale import current_locale, measuring_locale

#: Languages offered as tiles before the list of the others; the reader's own comes first.
_COMMON_LANGUAGES = ("fr", "en", "ar", "es", "pt")

KIND_SLUGS = {Kind.REQUEST: "request", Kind.OFFER: "offer", Kind.INFO: "info"}


def current_board() -> Board:
    """The board that this application shows."""
    board: Board = current_app.config["BOARD"]
    return board


def kind_name(kind: int) -> str:
    return str(gettext(words.KINDS[Kind(kind)]))


def kind_slug(kind: int) -> str:
    """The kind as addresses and style classes name it."""
    return KIND_SLUGS[Kind(kind)]


def category_name(slug: str) -> str:
    return str(gettext(words.CATEGORIES[slug]))


def category_group(slug: str) -> str:
    """The group that a category belongs to: it gives the colour."""
    groups = {each.slug: each.group for each in current_board().taxonomy.categories}
    return groups[slug]


def urgency_name(urgency: int) -> str:
    return str(gettext(words.URGENCIES[Urgency(urgency)]))


def reach_name(reach: int) -> str:
    return str(gettext(words.REACHES[Reach(reach)]))


def rhythm_name(rhythm: str) -> str:
    return str(gettext(words.RHYTHMS[Rhythm(rhythm)]))


def language_name(code: str) -> str:
    """The language, as it begins a line."""
    name = words.language_name(code, current_locale())
    return name[:1].upper() + name[1:]


def language_names(codes: Iterable[str]) -> list[str]:
    return [language_name(code) for code in codes]


def other_language(view: ListingView) -> str:
    """The language that a listing was written in; "" where that is the reader's."""
    return "" if view.locale == current_locale() else language_name(view.locale)


def country_name(code: str) -> str:
    """The country in the reader's language; "" for none."""
    return current_board().countries.country_name(code, current_locale()) if code else ""


def category_groups() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """(group, its name, [(slug, name)]) in the taxonomy's order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for category in current_board().taxonomy.categories:
        name = category_name(category.slug)
        found.setdefault(category.group, []).append((category.slug, name))
    return [(group, gettext(words.GROUPS[group]), choices) for group, choices in found.items()]


def language_choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(common languages, the others by name), each as (code, name)."""
    locale = current_locale()
    common = (locale, *(code for code in _COMMON_LANGUAGES if code != locale))
    others = [
        (code, language_name(code)) for code in current_board().languages if code not in common
    ]
    others.sort(key=lambda pair: fold(pair[1]))
    return [(code, language_name(code)) for code in common], others


def country_choices() -> list[tuple[str, str]]:
    """Every country as (code, name), by name."""
    codes = current_board().countries.codes
    return sorted(((code, country_name(code)) for code in codes), key=lambda pair: fold(pair[1]))


def place_name(name: str, cell: str | None) -> str:
    """What the place that was named so, around a cell, is called in the reader's language."""
    number = Place.from_hex(cell).cell if cell else None
    return places.name_in(current_board().gazetteer, name, number, current_locale())


def place_words(view: ListingView) -> str:
    """Where a listing is, in words: the name of its area and its country."""
    parts = (place_name(view.place_name, view.cell), country_name(view.country))
    return listed(dict.fromkeys(parts)) or gettext("No particular place")


def listed(parts: Iterable[str]) -> str:
    """Names one after the other, with the reader's comma."""
    comma = "، " if current_locale() == "ar" else ", "
    return comma.join(part for part in parts if part)


def first_day_words(view: ListingView) -> str:
    """The first day of a listing, at its place."""
    return _day_words(view, view.starts_at)


def last_day_words(view: ListingView) -> str:
    """The last day of a listing: a window that ends at midnight ends on the day before."""
    return _day_words(view, view.ends_at - timedelta(seconds=1))


def _day_words(view: ListingView, moment: datetime) -> str:
    cell = None if view.cell is None else Place.from_hex(view.cell).cell
    day = moment.astimezone(zone_of(current_board(), cell)).date()
    return str(format_date(day, "long", rebase=False))


def reason_words(counterpart: Counterpart) -> list[str]:
    """Why a counterpart stands where it stands."""
    return words.reason_words(
        counterpart.match,
        gettext,
        measuring_locale(),
        taxonomy=current_board().taxonomy,
        place_name=place_name(counterpart.listing.place_name, counterpart.listing.cell),
    )


def country_names(codes: Iterable[str]) -> list[str]:
    return [country_name(code) for code in codes]


def candidate_words(candidate: GazetteerPlace) -> str:
    """What tells a place from its namesakes: region, country, a large town near it."""
    parts = [candidate.region, country_name(candidate.country)]
    if candidate.near:
        parts.append(gettext("near %(town)s", town=candidate.near))
    return listed(parts)


def settled_words(settled: SettledPlace) -> str:
    """A chosen place with its country and how wide it is."""
    name = listed((settled.name, country_name(settled.country)))
    width = precision_words(Place(settled.cell).hex)
    return f"{name} ({width})" if name else width


def width_words(resolution: int) -> str:
    """Width of the cells of a resolution, from side to opposite side, to two digits: "2.4 km"."""
    width_km = h3.average_hexagon_edge_length(resolution, unit="km") * math.sqrt(3)
    # A kilometre less 8 % is a kilometre to anybody.
    digits = 0 if resolution == FINEST else 1 - math.floor(math.log10(width_km))
    rounded = round(width_km, digits)
    unit, value = ("kilometer", rounded) if rounded >= 0.1 else ("meter", rounded * 1000)
    length = format_unit(round(value, 3), f"length-{unit}", "short", locale=current_locale())
    return str(length)


def precision_words(cell: str) -> str:
    """How precise a place is: "an area about 2.4 km wide"."""
    return gettext("an area about %(size)s wide", size=width_words(Place.from_hex(cell).resolution))


def distance_from(
    settled: SettledPlace | None, view: ListingView, distances: dict[int, int]
) -> str:
    """How far a listing of a list is from the place that was asked for; "" without one."""
    if settled is None or view.cell is None or view.id not in distances:
        return ""
    coarser = min(Place(settled.cell).resolution, Place.from_hex(view.cell).resolution)
    return words.distance_words(distances[view.id], coarser, gettext, measuring_locale())


def moment_words(moment: datetime) -> str:
    """A day and time in UTC, to the minute."""
    return f"{format_date(moment, 'medium')} {format_time(moment, 'short')} UTC"


def minute_words(moment: datetime, zone: str = "UTC") -> str:
    """A day and time to the minute, as clocks of a time zone (IANA) show it, and which that is."""
    there = moment.astimezone(ZoneInfo(zone))
    offset = get_timezone_gmt(there, "iso8601") if there.utcoffset() else ""
    return f"{format_datetime(there, 'short', rebase=False)} UTC{offset}"


def number_words(number: float) -> str:
    """A number as the reader writes it."""
    return str(format_decimal(number))


def organisation_kind(kind: str) -> str:
    return str(gettext(words.ORGANISATIONS[kind]))


def organisation_kinds() -> list[tuple[str, str]]:
    """Every kind of organisation as (code, name)."""
    return [(kind, organisation_kind(kind)) for kind in words.ORGANISATIONS]


def nothing() -> str:
    """The choice of none in a list."""
    return str(gettext("Nothing"))


def question_choices() -> dict[str, Any]:
    """Answers to the questions with a few answers, as tiles and lists show them."""
    urgencies = {
        Urgency.TODAY: (gettext("Today, within hours"), "today"),
        Urgency.SOON: (gettext("Within two days"), "clock"),
        Urgency.WEEK: (gettext("This week, or by a near date"), "calendar"),
        Urgency.STANDING: (gettext("No hurry"), "check"),
    }
    reaches = {
        "local": (gettext("From around the place"), "place"),
        "country": (gettext("From far away, within the same country"), "remote"),
        "language": (gettext("From far away, in one of my languages"), "speech"),
        "world": (gettext("From anywhere in the world"), "globe"),
    }
    precisions = (
        gettext("As I chose it: an area about a kilometre wide, or the town"),
        *(
            gettext("An area about %(size)s wide", size=width_words(int(resolution)))
            for resolution in PRECISIONS[1:]
        ),
    )
    return {
        "urgency_choices": [
            (str(int(level)), text, symbol, "") for level, (text, symbol) in urgencies.items()
        ],
        "reach_choices": [(key, text, symbol, "") for key, (text, symbol) in reaches.items()],
        "precision_choices": list(zip(PRECISIONS, precisions, strict=True)),
    }


def init_words(app: Flask) -> None:
    """Give the names to templates."""
    app.jinja_env.filters["listed"] = listed
    app.jinja_env.globals.update(
        candidate_words=candidate_words,
        category_group=category_group,
        category_name=category_name,
        country_name=country_name,
        country_names=country_names,
        first_day_words=first_day_words,
        distance_from=distance_from,
        kind_name=kind_name,
        kind_slug=kind_slug,
        language_names=language_names,
        last_day_words=last_day_words,
        minute_words=minute_words,
        moment_words=moment_words,
        number_words=number_words,
        organisation_kind=organisation_kind,
        other_language=other_language,
        place_name=place_name,
        place_words=place_words,
        precision_words=precision_words,
        reach_name=reach_name,
        reason_words=reason_words,
        rhythm_name=rhythm_name,
        settled_words=settled_words,
        urgency_name=urgency_name,
    )
