"""From a row of a file to the listings it gives, or the reason why it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from string import Template
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from board import checking, places, words
from board.db import now
from board.errors import Invalid, Problem
from board.i18n import LOCALES, N_, translations
from board.importing import cells
from board.importing.mapping import KindWord, Mapping
from board.importing.reading import RawFile, RawRow
from board.listings import ListingFields
from board.validation import TEXT_MAX, TITLE_MAX, Checks, Refused, clean_text, finite
from matcher.place import Place
from matcher.taxonomy import Kind, Reach

if TYPE_CHECKING:
    from board.context import Board

#: As long as the column that keeps it.
ID_MAX: Final = 128
_FINEST: Final = 8
_KINDS: Final = {"request": Kind.REQUEST, "offer": Kind.OFFER}
_REACHES: Final = {reach.name.lower(): reach for reach in Reach}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_Given = ParamSpec("_Given")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An accepted row and the one or two listings it gives."""

    #: Its line or the number of its feature.
    number: int
    external_id: str
    listings: tuple[ListingFields, ...]
    #: Who publishes them; official information of the demonstration only.
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is left out, and why."""

    number: int
    #: The row's own id, where it has a usable one.
    external_id: str | None
    problems: tuple[Problem, ...]


def check_rows(board: Board, file: RawFile, mapping: Mapping) -> Iterator[ImportRow | RefusedRow]:
    """Each row of the file, accepted or refused; a later row with the same id is refused."""
    first: dict[str, int] = {}
    with board.db.read() as session:
        moment = now(session)
    for raw in file.rows:
        row = check_row(board, raw, mapping, moment)
        if row.external_id is not None:
            seen = first.setdefault(row.external_id, row.number)
            if seen != row.number:
                message = N_("Row %(number)d of this file has the same id.")
                problem = Problem("id", message, {"number": seen})
                row = RefusedRow(row.number, row.external_id, (problem,))
        yield row


def check_row(
    board: Board, raw: RawRow, mapping: Mapping, moment: datetime
) -> ImportRow | RefusedRow:
    """The listings of one row, checked as those of the posting form are at `moment`."""
    checks = Checks()
    external_id: str | None = None
    with checks.field("id"):
        external_id = cells.word(cells.given(raw.values, "id"), ID_MAX)
    if raw.problem is not None:
        return RefusedRow(raw.number, external_id, (raw.problem,))
    kinds: tuple[KindWord, ...] = ()
    with checks.field("kind"):
        kinds = _kinds(raw, mapping)
    if checks.problems or external_id is None:
        return RefusedRow(raw.number, external_id, tuple(checks.problems))
    fields = _Row(board, raw, mapping, external_id, checks).fields(kinds)
    problems = list(checks.problems)
    accepted = []
    for each in fields:
        try:
            accepted.append(checking.checked(board, each, moment, past=True)[0])
        except Invalid as refusal:
            problems += [found for found in refusal.problems if found not in problems]
    if problems:
        return RefusedRow(raw.number, external_id, tuple(problems))
    return ImportRow(raw.number, external_id, tuple(accepted))


def _kinds(raw: RawRow, mapping: Mapping) -> tuple[KindWord, ...]:
    value = cells.word(cells.given(raw.values, "kind"), cells.CELL_MAX)
    if value in mapping.refused_kinds:
        raise Refused(mapping.refused_kinds[value])
    if value not in mapping.kinds:
        raise Refused(
            N_("“%(value)s” is not a kind. Accepted: %(accepted)s."),
            value=cells.shown(value),
            accepted=", ".join(mapping.kinds),
        )
    return mapping.kinds[value]


class _Row:
    """One row under one mapping, field by field; what is wrong is noted in `checks`."""

    def __init__(
        self, board: Board, raw: RawRow, mapping: Mapping, external_id: str, checks: Checks
    ) -> None:
        self._board = board
        self._values = raw.values
        self._mapping = mapping
        self._id = external_id
        self._checks = checks

    def fields(self, kinds: Sequence[KindWord]) -> list[ListingFields]:
        """One listing for each kind; none when something was wrong."""
        codes = self._noted("category", self._codes, ())
        categories = [self._noted("category", self._categories, (), kind, codes) for kind in kinds]
        urgencies = [self._noted("urgency", self._urgency, 0, kind, codes) for kind in kinds]
        common = self._common()
        position = self._position(common.reach)
        if self._checks.problems:
            return []
        if position is not None:
            union = tuple(dict.fromkeys(slug for slugs in categories for slug in slugs))
            common = self._placed(common, position, union)
        return [
            replace(self._worded(common, kind, slugs, codes), urgency=urgency)
            for kind, slugs, urgency in zip(kinds, categories, urgencies, strict=True)
        ]

    def _noted(
        self,
        name: str,
        read: Callable[_Given, _Value],
        spare: _Value,
        *args: _Given.args,
        **kwargs: _Given.kwargs,
    ) -> _Value:
        """What `read` gives, or `spare` with the problem noted."""
        value = spare
        with self._checks.field(name):
            value = read(*args, **kwargs)
        return value

    def _common(self) -> ListingFields:
        """What the listings of a row share, without its place."""
        starts_at = self._noted("starts", self._starts, _EPOCH)
        return ListingFields(
            kind=Kind.REQUEST,
            categories=(),
            urgency=0,
            title=self._text("title"),
            text=self._text("text"),
            languages=self._noted("languages", self._languages, ()),
            locale=self._noted("locale", self._locale, self._mapping.locale),
            country=self._noted("country", self._country, ""),
            place_name=self._text("place"),
            reach=self._noted("reach", self._reach, Reach.LOCAL),
            radius_km=self._noted("radius_km", self._radius_km, None),
            starts_at=starts_at,
            ends_at=self._noted("ends", self._ends, starts_at, starts_at),
        )

    def _text(self, field: str) -> str:
        """A cell as it stands; it is checked with the listing."""
        value = self._values.get(field, "")
        if not isinstance(value, str):
            self._checks.refuse(field, N_("This is not a text."))
            return ""
        return value.strip()

    def _codes(self) -> tuple[str, ...]:
        rule = self._mapping.codes
        found = cells.codes(self._values.get("codes", ""), rule.separators)
        unknown = [] if rule.slugs else [code for code in found if code not in rule.known]
        if unknown:
            raise Refused(
                N_("“%(code)s” is not a code of this mapping."), code=cells.shown(unknown[0])
            )
        return found

    def _categories(self, kind: KindWord, codes: tuple[str, ...]) -> tuple[str, ...]:
        if self._mapping.codes.slugs:
            return codes
        rule = self._mapping.codes.of(kind)
        mapped = tuple(dict.fromkeys(slug for code, slug in rule.items() if code in codes))
        if not mapped and kind in self._mapping.fallback:
            mapped = (self._mapping.fallback[kind],)
        if not mapped:
            raise Refused(N_("None of these codes has a category in this mapping."))
        return mapped[: checking.MAX_CATEGORIES[_KINDS[kind]]]

    def _urgency(self, kind: KindWord, codes: tuple[str, ...]) -> int:
        rule = self._mapping.urgency
        if "urgency" in self._values:
            value = finite(self._values["urgency"], least=0, most=3)
            if value != int(value):
                raise Refused(N_("Choose how urgent it is, from 0 to 3."))
            return int(value)
        if kind == "offer":
            return 0
        return max((rule.codes[code] for code in codes if code in rule.codes), default=rule.default)

    def _languages(self) -> tuple[str, ...]:
        if "languages" not in self._values:
            return self._mapping.languages
        return tuple(code.lower() for code in cells.codes(self._values["languages"], ";|,"))

    def _locale(self) -> str:
        value = self._text("locale").lower() or self._mapping.locale
        if value not in LOCALES:
            raise Refused(N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES))
        return value

    def _country(self) -> str:
        return clean_text(self._text("country"), max_length=cells.CELL_MAX).upper()

    def _reach(self) -> Reach:
        value = self._text("reach").lower() or "local"
        if value not in _REACHES:
            raise Refused(N_("One of these is accepted: %(codes)s."), codes=", ".join(_REACHES))
        return _REACHES[value]

    def _radius_km(self) -> float | None:
        value = self._values.get("radius_km", self._mapping.radius_km)
        return finite(value, least=checking.RADIUS_KM[0], most=checking.RADIUS_KM[1])

    def _starts(self) -> datetime:
        return cells.moment(cells.given(self._values, "starts"), self._mapping.zone)

    def _ends(self, starts_at: datetime) -> datetime:
        if "ends" in self._values:
            return cells.moment(self._values["ends"], self._mapping.zone)
        return starts_at + timedelta(days=self._mapping.open_for_days)

    def _position(self, reach: Reach) -> tuple[float, float] | None:
        """(lat, lng); None for a remote listing that names no place."""
        if reach is not Reach.LOCAL and not {"lat", "lng"} & self._values.keys():
            return None
        lat = self._noted("lat", self._degrees, 0.0, "lat", 90)
        return lat, self._noted("lng", self._degrees, 0.0, "lng", 180)

    def _degrees(self, field: str, most: float) -> float:
        return finite(cells.given(self._values, field), least=-most, most=most)

    def _placed(
        self, fields: ListingFields, position: tuple[float, float], categories: tuple[str, ...]
    ) -> ListingFields:
        """With the cell that people's places are kept at; the position itself ends here.

        The cell is that of all the row's categories, so that the less sensitive listing of a row
        does not tell the place of the other one more finely.
        """
        settled = places.settle_cell(
            self._board.gazetteer,
            self._board.countries,
            Place.at(*position, _FINEST).cell,
            categories,
            fields.locale,
        )
        return replace(
            fields,
            cell=settled.cell,
            country=fields.country or settled.country,
            place_name=fields.place_name or settled.name,
        )

    def _worded(
        self,
        common: ListingFields,
        kind: KindWord,
        categories: tuple[str, ...],
        codes: tuple[str, ...],
    ) -> ListingFields:
        """With its kind and, where the row has none, title and text from the mapping."""
        gettext = translations(self._mapping.locale).gettext
        category = categories[0] if categories else ""
        filled = {
            "id": self._id,
            "codes": " ".join(codes),
            "category": gettext(words.CATEGORIES.get(category, category)) if category else "",
        }
        title = Template(self._mapping.title.get(kind, "")).substitute(filled)[:TITLE_MAX]
        text = Template(self._mapping.text.get(kind, "")).substitute(filled)[:TEXT_MAX]
        return replace(
            common,
            kind=_KINDS[kind],
            categories=categories,
            title=common.title or title,
            text=common.text or text,
        )
