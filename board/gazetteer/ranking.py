"""Which of the places found is meant, and by which of its spellings it was found."""

from __future__ import annotations

import math
from typing import Final

from board.gazetteer.folding import fold

#: A place that is officially called as typed counts as one of ten times its inhabitants: so a
#: town's own name wins over a foreign spelling of a comparable one, yet "londres" stays London.
_OWN_NAME: Final = 1.0


def closeness(folded: str, wanted: str, whole: bool) -> int:
    """How a folded spelling answers: 0 in whole, 1 at its start, 2 at a later word; 3 not."""
    if folded == wanted:
        return 0
    if whole:
        return 3
    if folded.startswith(wanted):
        return 1
    return 2 if f" {wanted}" in folded else 3


def weight(population: int, own_names: tuple[str, ...], wanted: str, whole: bool) -> float:
    """Weight of a place among those found in the same way; the higher the likelier."""
    own = any(closeness(fold(name), wanted, whole) < 2 for name in own_names)
    return math.log10(population + 1) + _OWN_NAME * own


def found_spelling(name: str, spellings: list[str], wanted: str, whole: bool) -> str | None:
    """The spelling by which a place was found: "" for `name`, the one shown; None for none.

    The official spelling comes first in `spellings`. Among equals, one with capitals and accents
    is preferred, because GeoNames lists transcriptions in small letters and plain copies of
    accented names, then the shortest.
    """
    ranked = ((closeness(fold(each), wanted, whole), each) for each in spellings)
    found = [
        (level, each != spellings[0], each.islower(), each.isascii(), len(each), each)
        for level, each in ranked
        if level < 3
    ]
    shown = fold(name)
    if closeness(shown, wanted, whole=False) < (2 if found else 3):
        return ""
    if not found:
        return None
    best = min(found)[-1]
    # "Saint-Denis (Réunion)" tells no more than the name and the country do.
    return "" if f"{fold(best)} ".startswith(f"{shown} ") else best
