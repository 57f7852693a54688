"""Who helps in danger: the country's emergency numbers, and the lines of consulates.

The board is no emergency service: where something is urgent, these are shown before anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import sqlalchemy as sa

from board import organisations
from board.listings import Listing
from board.listings import Status as ListingStatus
from board.organisations import Kind, Status
from board.reference import REFERENCE
from board.validation import fold
from matcher.areas import covers
from matcher.place import Place
from matcher.taxonomy import Kind as ListingKind
from matcher.taxonomy import Urgency

if TYPE_CHECKING:
    from board.context import Board

#: Services in the order in which they are shown; "all" is one number for each of them.
SERVICES: Final = ("all", "ambulance", "police", "fire")
_CONSULAR: Final = frozenset({Kind.CONSULATE, Kind.EMBASSY})
_Numbers: TypeAlias = Mapping[str, list[str]]
_PREFIXED: Final = frozenset({"ال", "وال", "بال"})


@dataclass(frozen=True, slots=True)
class Line:
    """The telephone line of a consulate or embassy."""

    organisation_id: str
    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Whom to call at a place."""

    country: str
    #: (service, numbers); empty where we are not sure: then one asks people on the spot.
    numbers: tuple[tuple[str, tuple[str, ...]], ...]
    lines: tuple[Line, ...]


def is_urgent(urgency: int, *texts: str) -> bool:
    """Whether whoever reads this should first see whom to call: today, or words of danger."""
    return urgency == Urgency.TODAY or speaks_of_danger(*texts)


def speaks_of_danger(*texts: str) -> bool:
    """Whether a text holds one of the listed words or phrases, in any of the languages."""
    folded = f" {fold(' '.join(texts))} "
    return any(f" {phrase} " in folded for phrase in _phrases())


def at(board: Board, country: str, point: tuple[float, float] | None = None) -> Help:
    """Whom to call in a country, and at a point (lat, lng) of it where it is known."""
    numbers: _Numbers = load_numbers().get(country, {})
    return Help(
        country=country,
        numbers=tuple((each, tuple(numbers[each])) for each in SERVICES if each in numbers),
        lines=tuple(_lines(board, country, point)),
    )


def for_request(board: Board, public_id: str) -> Help | None:
    """Whom to call before a request is answered, also while it waits for its confirmation.

    None where it is not urgent, and for anything but a request.
    """
    with board.db.read() as session:
        row = session.scalar(sa.select(Listing).where(Listing.public_id == public_id))
    if row is None or row.kind != ListingKind.REQUEST:
        return None
    if row.status == ListingStatus.CLOSED or not is_urgent(row.urgency, row.title, row.text):
        return None
    return at(board, row.country, Place(row.cell).center if row.cell else None)


def _lines(board: Board, country: str, point: tuple[float, float] | None) -> Iterable[Line]:
    """Lines of the verified consulates and embassies that are there for this place."""
    for each in organisations.listed(board, (Status.VERIFIED,)) if country else ():
        here = country in each.countries and each.kind in _CONSULAR
        if here and point is not None and each.area is not None:
            here = covers(each.area, *point)
        if here and each.phone:
            yield Line(each.public_id, each.name, each.phone)


@lru_cache(maxsize=1)
def load_numbers(path: Path = REFERENCE / "emergency.json") -> Mapping[str, _Numbers]:
    """Country → service → numbers; raises ValueError for a country that stands there twice."""
    found: dict[str, _Numbers] = {}
    for group in json.loads(path.read_text(encoding="utf-8"))["groups"]:
        for country in group["countries"]:
            if country in found:
                raise ValueError(f"{path.name}: {country} stands in two groups")
            found[country] = group["numbers"]
    return found


@lru_cache(maxsize=1)
def _phrases(path: Path = REFERENCE / "danger.json") -> frozenset[str]:
    words = json.loads(path.read_text(encoding="utf-8"))
    found = {fold(phrase) for phrases in words.values() for phrase in phrases}
    # In Arabic the article is written together with its word.
    articles = {f"{prefix}{fold(word)}" for word in words["ar"] for prefix in _PREFIXED}
    return frozenset(found | articles)
