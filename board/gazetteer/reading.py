"""How a typed text may be meant: all of it a name, or a name and the area where it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from board.gazetteer.folding import fold

#: Nothing longer is a name; GeoNames' longest spelling has 193 characters.
LONGEST_TEXT: Final = 300

_COMMAS: Final = re.compile(r"[,;،、，]")
#: Words of the longest name of a country, as in "Bosnie et Herzégovine".
_AREA_WORDS: Final = 5

#: (folded name, whether its beginning is enough) → tokens of the areas that are called so.
AreaLookup = Callable[[str, bool], frozenset[str]]


class Reading(NamedTuple):
    """One way to take the text."""

    #: Folded name of a place.
    name: str
    #: Tokens of countries or their divisions, one of which it must lie in; empty for anywhere.
    areas: frozenset[str] = frozenset()


def readings(text: str, areas_called: AreaLookup) -> list[list[Reading]]:
    """Ways to take a text: groups in the order of trial, the readings of one group are mixed."""
    name, *rest = [part for part in map(fold, _COMMAS.split(text)) if part] or [""]
    if not name:
        return []
    if not rest:
        return [[Reading(name), *_area_at_the_end(name, areas_called)]]
    areas: frozenset[str] = frozenset()
    for part in rest:
        areas = _narrowed(areas, areas_called(part, True))
    narrowed = [[Reading(name, areas)]] if areas else []
    return [*narrowed, [Reading(" ".join([name, *rest]))], [Reading(name)]]


def _area_at_the_end(text: str, areas_called: AreaLookup) -> list[Reading]:
    """Readings of "douala cameroun" and "london ontario canada" whose last words are areas."""
    once = [Reading(name, areas) for name, areas in _cut(text, areas_called)]
    twice = [
        Reading(name, _narrowed(areas, reading.areas))
        for reading in once
        for name, areas in _cut(reading.name, areas_called)
    ]
    return once + twice


def _cut(text: str, areas_called: AreaLookup) -> Iterator[tuple[str, frozenset[str]]]:
    """Each way to cut a text into a name and the name of an area."""
    words = text.split()
    for start in range(max(1, len(words) - _AREA_WORDS), len(words)):
        areas = areas_called(" ".join(words[start:]), False)
        if areas:
            yield " ".join(words[:start]), areas


def _narrowed(areas: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    """Both areas at once: for "IL, USA" Illinois and not Israel; what is unknown is passed over."""
    both = (area for area in areas if any(area.startswith(other) for other in others))
    return frozenset(both) or areas or others
