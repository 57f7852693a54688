"""How the rows of a file become listings: one TOML file a source."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from collections.abc import Mapping as MappingType
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from board.errors import Invalid, Problem
from board.i18n import LOCALES, N_
from board.reference import REFERENCE
from board.validation import required_text

if TYPE_CHECKING:
    from board.context import Board

#: Mappings that ship with the program, by the name of their file.
MAPPINGS: Final = REFERENCE / "mappings"
#: The mapping of files in our own column names.
DEFAULT: Final = "entraide"
#: As long as the column that keeps it.
SOURCE_MAX: Final = 64

FieldName = Literal[
    "id", "kind", "codes", "title", "text", "urgency", "starts", "ends", "lat", "lng",
    "radius_km", "reach", "country", "languages", "place", "locale",
]  # fmt: skip
KindWord = Literal["request", "offer"]

#: What a template of a title or a text may name.
PLACEHOLDERS: Final = frozenset({"id", "codes", "category"})
#: The demonstration's own source.
_RESERVED: Final = ("demo",)
_SHIPPED_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_ALWAYS: Final = ("id", "kind", "starts")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, LookupError, OSError) as error:
        raise ValueError("accepted: the name of a time zone such as Europe/Paris") from error
    return name


def _template(text: str) -> str:
    template = Template(text)
    unknown = set(template.get_identifiers()) - PLACEHOLDERS
    if unknown or not template.is_valid():
        accepted = ", ".join(f"${name}" for name in sorted(PLACEHOLDERS))
        raise ValueError(f"accepted: a text with any of {accepted}")
    return text


def _known_locale(code: str) -> str:
    if code not in LOCALES:
        raise ValueError(f"accepted: {', '.join(LOCALES)}")
    return code


def _source(name: str) -> str:
    if name.strip().lower() in _RESERVED:
        raise ValueError(f"accepted: another name than {', '.join(_RESERVED)}")
    return required_text(name, max_length=SOURCE_MAX)


_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Template = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_template)]
_Level = Annotated[int, Field(ge=0, le=3, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Codes(_Part):
    """What the codes of a row mean."""

    #: The codes are the slugs of our categories.
    slugs: bool = False
    #: Between codes, besides white space.
    separators: str = ";|"
    #: Code → category, the more telling code first.
    request: dict[str, str] = {}
    offer: dict[str, str] = {}
    #: Codes that say nothing about the category.
    ignored: frozenset[str] = frozenset()

    def of(self, kind: KindWord) -> MappingType[str, str]:
        return self.request if kind == "request" else self.offer

    @property
    def known(self) -> frozenset[str]:
        return self.ignored | self.request.keys() | self.offer.keys()


class UrgencyOf(_Part):
    """How urgent a request is: the most urgent of its codes, or the default."""

    default: _Level = 0
    codes: dict[str, _Level] = {}


class Mapping(_Part):
    """A checked mapping. Build it with `load`."""

    #: Name shown beside the listings, and the first half of the key of each row.
    source: Annotated[str, AfterValidator(_source)]
    #: Language of the interface that the texts were written in.
    locale: Annotated[str, AfterValidator(_known_locale)] = "fr"
    languages: tuple[str, ...]
    #: Zone of the times that name none.
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    open_for_days: Annotated[int, Field(ge=1, le=366, strict=True)] = 30
    radius_km: Annotated[float, Field(ge=1, le=200, allow_inf_nan=False)]
    #: Character between the fields of a CSV file; found from its header when it is not stated.
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    #: Field → column that must be there.
    columns: dict[FieldName, _Text]
    #: Field → column that may be there.
    optional_columns: dict[FieldName, _Text] = {}
    #: Value of the kind column → listings that the row gives.
    kinds: dict[str, Annotated[tuple[KindWord, ...], Field(min_length=1, max_length=2)]]
    #: Value of the kind column → why such rows are not taken.
    refused_kinds: dict[str, _Text] = {}
    title: dict[KindWord, _Template] = {}
    text: dict[KindWord, _Template] = {}
    codes: Codes
    #: Category of a row none of whose codes has one; without it such a row is refused.
    fallback: dict[KindWord, str] = {}
    urgency: UrgencyOf = UrgencyOf()

    @model_validator(mode="after")
    def _agree(self) -> Self:
        taken = list(self.columns.values()) + list(self.optional_columns.values())
        if self.columns.keys() & self.optional_columns.keys() or len(set(taken)) < len(taken):
            raise ValueError("columns: each field and each column is accepted once")
        for field in _ALWAYS:
            if field not in self.columns:
                raise ValueError(f"columns: {field} is missing")
        for kind in {kind for kinds in self.kinds.values() for kind in kinds}:
            if kind not in self.title and "title" not in self.columns:
                raise ValueError(f"title: a column or a template for {kind} is missing")
        if self.kinds.keys() & self.refused_kinds.keys():
            raise ValueError("kinds: a value is accepted here or in refused_kinds, not in both")
        if any(len(set(kinds)) < len(kinds) for kinds in self.kinds.values()):
            raise ValueError("kinds: each of request and offer is accepted once for a value")
        return self

    def column(self, field: FieldName) -> str | None:
        """Name of the column of a field, if the mapping knows one."""
        return self.columns.get(field) or self.optional_columns.get(field)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def load(board: Board, name: str, *, source: str | None = None) -> Mapping:
    """The mapping of a name in MAPPINGS, or of a path to a TOML file.

    `source` replaces the mapping's own name of the source. Raises Invalid.
    """
    found = _read(name)
    if source is not None:
        found["source"] = source
    try:
        mapping = Mapping.model_validate(found)
    except ValidationError as error:
        raise Invalid([_problem(detail) for detail in error.errors()]) from None
    problems = list(_unknown_words(board, mapping))
    if problems:
        raise Invalid(problems)
    return mapping


def _unknown_words(board: Board, mapping: Mapping) -> Iterator[Problem]:
    slugs = {category.slug for category in board.taxonomy.categories}
    codes = mapping.codes
    used = {*codes.request.values(), *codes.offer.values(), *mapping.fallback.values()}
    for slug in sorted(used - slugs):
        yield Problem("mapping.codes", N_("“%(slug)s” is not a category."), {"slug": slug})
    for code in sorted(set(mapping.languages) - set(board.languages)):
        yield Problem("mapping.languages", N_("“%(code)s” is not a known code."), {"code": code})


def names() -> list[str]:
    """Names of the mappings that ship with the program."""
    return sorted(path.stem for path in MAPPINGS.glob("*.toml"))


def _read(name: str) -> dict[str, Any]:
    path = MAPPINGS / f"{name}.toml" if _SHIPPED_NAME.fullmatch(name) else Path(name)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = N_("There is no mapping “%(name)s”. Accepted: %(names)s, or a path to a file.")
        params = {"name": name, "names": ", ".join(names())}
        raise Invalid([Problem("mapping", message, params)]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = N_("This file is not TOML in UTF-8 (%(reason)s).")
        raise Invalid([Problem("mapping", message, {"reason": str(error)})]) from error


def _problem(detail: Any) -> Problem:
    path = ".".join(("mapping", *(str(part) for part in detail["loc"] if part != "[key]")))
    if detail["type"] == "extra_forbidden":
        return Problem(path, N_("This key is not known in a mapping; correct or remove it."))
    reason = str(detail["msg"]).removeprefix("Value error, ")
    return Problem(path, N_("This value is not accepted: %(reason)s"), {"reason": reason})
