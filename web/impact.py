"""The impact page: what came of needs, as tables that a script draws, and as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from babel.dates import format_date as format_date_of
from babel.units import format_unit
from flask import Response, jsonify, render_template, request
from flask_babel import format_date, gettext

from board import places, statistics
from board.errors import Invalid
from board.gazetteer import Gazetteer
from board.small_counts import STEP, Published
from board.statistics import Group, Impact, Week
from board.unmet import RESOLUTION
from matcher.place import Place
from web.forms.impact import ImpactForm, read_scope, week_choices
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.words import (
    category_groups,
    category_name,
    country_choices,
    country_name,
    current_board,
    number_words,
    width_words,
)

blueprint = GuardedBlueprint("impact", __name__, guard=Guard.PUBLIC)

#: Areas of the page; the file has all.
AREAS: Final = 100
_HOUR, _DAY = 60, 24 * 60
_FIGURES: Final = tuple(Published.__slots__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table of figures."""

    label: str
    #: What a plot writes beside it.
    short: str
    figures: Published
    #: Whether its figures can still change.
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """A row of the table of areas."""

    cell: str
    name: str
    needs: int


@blueprint.get("/impact")
def show() -> tuple[str, int]:
    """The figures of a scope; of a bad one its problems, and no figures."""
    form, impact = _asked()
    page = render_template(
        "impact/show.html",
        form=form,
        impact=impact,
        weeks=[_week(each) for each in impact.weeks] if impact else [],
        categories=[_category(each) for each in impact.categories] if impact else [],
        countries=[_country(each) for each in impact.countries] if impact else [],
        spots=_spots(impact) if impact else [],
        week_choices=week_choices(),
        category_groups=category_groups(),
        country_choices=country_choices(),
        area_width=width_words(RESOLUTION),
        step=STEP,
        count_words=count_words,
        wait_words=wait_words,
        day_words=lambda day: format_date(day, "long", rebase=False),
    )
    return page, 200 if impact else 400


@blueprint.get("/impact/<any(weeks, categories, countries, needs):table>.csv")
def download(table: str) -> Response | tuple[Response, int]:
    """One table as a file: names and numbers that are the same in every language."""
    form, impact = _asked()
    if impact is None:
        problems = [{"field": field, "message": text} for field, _, text in form.problem_list()]
        return jsonify(error="invalid", problems=problems), 400
    text = io.StringIO()
    # Codes, dates and numbers only: nothing that somebody wrote, and that a sheet could run.
    csv.writer(text).writerows(_LINES[table](impact))
    response = Response(text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="entraide-{table}.csv"'
    return response


def _asked() -> tuple[ImpactForm, Impact | None]:
    form, scope = read_scope(request.args)
    if scope is None:
        return form, None
    try:
        return form, statistics.impact(current_board(), scope)
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return form, None


def count_words(count: int | None) -> str:
    """A rounded count as the reader writes it; "under 5" for one that is too small to say."""
    return gettext("under %(num)s", num=STEP) if count is None else number_words(count)


def wait_words(minutes: int | None) -> str:
    """A wait in the unit that suits it, such as "3.2 hours"; "" for none."""
    if minutes is None:
        return ""
    unit, length = ("minute", 1)
    if minutes >= 2 * _DAY:
        unit, length = ("day", _DAY)
    elif minutes >= 2 * _HOUR:
        unit, length = ("hour", _HOUR)
    value = minutes / length
    value = round(value, 1) if value < 10 else round(value)
    return str(format_unit(value, f"duration-{unit}", "long", locale=current_locale()))


def _week(week: Week) -> Row:
    locale = current_locale()
    return Row(
        label=str(format_date(week.monday, "medium", rebase=False)),
        short=str(format_date_of(week.monday, "d MMM", locale=locale)),
        figures=week.figures,
        changes=week.changes,
    )


def _category(group: Group) -> Row:
    name = category_name(group.key) if group.key else gettext("Other subjects")
    return Row(label=name, short=name, figures=group.figures)


def _country(group: Group) -> Row:
    name = country_name(group.key) if group.key else gettext("Other countries")
    return Row(label=name, short=name, figures=group.figures)


def _spots(impact: Impact) -> list[Spot]:
    gazetteer, locale = current_board().gazetteer, current_locale()
    found = []
    for area in impact.areas[:AREAS]:
        parts = (_label(gazetteer, area.cell, locale), country_name(area.country))
        name = ", ".join(part for part in parts if part) or gettext("No particular place")
        found.append(Spot(Place(area.cell).hex, name, area.needs))
    return found


@lru_cache(maxsize=2000)
def _label(gazetteer: Gazetteer, cell: int, locale: str) -> str:
    return places.place_label(gazetteer, cell, locale)


def _numbers(figures: Published) -> list[object]:
    return [getattr(figures, name) for name in _FIGURES]


def _lines_of_weeks(impact: Impact) -> Iterator[list[object]]:
    yield ["week", "monday", "final", *_FIGURES]
    for each in impact.weeks:
        year, number, _ = each.monday.isocalendar()
        final = "no" if each.changes else "yes"
        yield [f"{year}-W{number:02}", each.monday.isoformat(), final, *_numbers(each.figures)]


def _lines_of_categories(impact: Impact) -> Iterator[list[object]]:
    yield ["category", *_FIGURES]
    yield from ([each.key or "others", *_numbers(each.figures)] for each in impact.categories)


def _lines_of_countries(impact: Impact) -> Iterator[list[object]]:
    yield ["country", *_FIGURES]
    yield from ([each.key or "others", *_numbers(each.figures)] for each in impact.countries)


def _lines_of_needs(impact: Impact) -> Iterator[list[object]]:
    yield ["cell", "lat", "lng", "country", "needs"]
    for each in impact.areas:
        place = Place(each.cell)
        lat, lng = (round(degrees, 3) for degrees in place.center)
        yield [place.hex, lat, lng, each.country, each.needs]
    yield ["others", "", "", "", impact.elsewhere]


_LINES: Final = {
    "weeks": _lines_of_weeks,
    "categories": _lines_of_categories,
    "countries": _lines_of_countries,
    "needs": _lines_of_needs,
}
