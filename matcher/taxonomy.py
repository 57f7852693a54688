"""The words of the board as the engine knows them: kinds, sides, urgency, reach, categories."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

#: Category ids are below this.
CATEGORY_CAPACITY = 256


class Kind(IntEnum):
    """What sort of listing it is; further kinds take further numbers below 64."""

    REQUEST = 1
    OFFER = 2
    INFO = 3


class Side(IntEnum):
    """Which end of a match a listing can be."""

    NONE = 0
    ASK = 1
    GIVE = 2

    @property
    def opposite(self) -> "Side":
        """ASK for GIVE and the reverse; NONE has no other side but itself."""
        return Side((3 - self) % 3)


class Urgency(IntEnum):
    """How soon help is needed."""

    STANDING = 0
    WEEK = 1
    SOON = 2
    TODAY = 3


class Reach(IntEnum):
    """Where counterparts may be: around the place, or anywhere under one condition."""

    LOCAL = 0
    COUNTRY = 1
    LANGUAGE = 2
    WORLD = 3


_SIDES = {Kind.REQUEST: Side.ASK, Kind.OFFER: Side.GIVE, Kind.INFO: Side.NONE}


def side_of(kind: Kind) -> Side:
    """The side on which listings of this kind stand."""
    return _SIDES[kind]


class TaxonomyError(ValueError):
    """Reference data that is not a taxonomy; the message names the entry."""


class UnknownCategory(LookupError):
    """A slug or an id that is no category of the taxonomy."""

    def __init__(self, category: object) -> None:
        super().__init__(f"unknown category {category!r}")
        #: The slug or id that was asked for.
        self.category = category


@dataclass(frozen=True, slots=True)
class Category:
    """One category of help; it belongs to one group."""

    #: 0 to 255.
    id: int
    slug: str
    group: str


class Taxonomy:
    """The categories and how near they are to each other."""

    def __init__(self, categories: tuple[Category, ...], affinity: NDArray[np.float64]) -> None:
        """Take validated parts; `from_mapping` is the way in for reference data."""
        #: All categories, by id ascending.
        self.categories = categories
        #: float64 [n, n], n = highest id + 1, indexed by category ids. Symmetric, diagonal 1,
        #: elsewhere 0 ≤ a < 1; read only. Pairs of affinity 0 never match.
        self.affinity = affinity
        self._by_slug = {category.slug: category for category in categories}
        self._by_id = {category.id: category for category in categories}

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Self:
        """Read `{"categories": [{"id", "slug", "group"}], "affinity": [[slug, slug, number]]}`.

        Ids are 0 to 255 and need not be dense. An affinity holds both ways, is given once, and
        lies between 0 and 1 without being 1. Anything else raises TaxonomyError.
        """
        if not isinstance(data, Mapping) or not isinstance(data.get("categories"), list):
            raise TaxonomyError("taxonomy must be an object with a list of categories")
        if not isinstance(data.get("affinity", []), list):
            raise TaxonomyError("affinity must be a list of [slug, slug, number]")
        categories = _read_categories(data["categories"])
        ids = {category.slug: category.id for category in categories}
        return cls(categories, _read_affinity(data.get("affinity", []), ids))

    def slug(self, category_id: int) -> str:
        """The slug of a category; raises UnknownCategory."""
        try:
            return self._by_id[category_id].slug
        except KeyError:
            raise UnknownCategory(category_id) from None

    def id(self, slug: str) -> int:
        """The id of a category; raises UnknownCategory."""
        try:
            return self._by_slug[slug].id
        except KeyError:
            raise UnknownCategory(slug) from None

    def __contains__(self, category_id: object) -> bool:
        return category_id in self._by_id

    def best(self, ours: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[float, int]:
        """Highest affinity between two sets of category ids, and which of `theirs` has it.

        Among equals the smallest id is taken. Raises UnknownCategory.
        """
        for category in (*ours, *theirs):
            if category not in self._by_id:
                raise UnknownCategory(category)
        pairs = ((float(self.affinity[a, b]), b) for a in ours for b in theirs)
        return max(pairs, key=lambda pair: (pair[0], -pair[1]))


def _read_categories(entries: list[Any]) -> tuple[Category, ...]:
    """Validated categories by id ascending."""
    categories: list[Category] = []
    for position, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise TaxonomyError(f"categories[{position}] must be an object")
        number = entry.get("id")
        if type(number) is not int or not 0 <= number < CATEGORY_CAPACITY:
            raise TaxonomyError(f"categories[{position}].id must be a whole number from 0 to 255")
        for name in ("slug", "group"):
            if not isinstance(entry.get(name), str) or not entry[name]:
                raise TaxonomyError(f"categories[{position}].{name} must be a non-empty text")
        categories.append(Category(number, entry["slug"], entry["group"]))
    if not categories:
        raise TaxonomyError("categories must not be empty")
    for name in ("id", "slug"):
        if len({getattr(category, name) for category in categories}) < len(categories):
            raise TaxonomyError(f"categories must not repeat the same {name}")
    return tuple(sorted(categories, key=lambda category: category.id))


def _read_affinity(entries: list[Any], ids: Mapping[str, int]) -> NDArray[np.float64]:
    """The symmetric table [n, n] of the given pairs, 1 on the diagonal, 0 where none is given."""
    table = np.eye(max(ids.values()) + 1, dtype=np.float64)
    seen: set[frozenset[str]] = set()
    for position, entry in enumerate(entries):
        where = f"affinity[{position}]"
        if not isinstance(entry, (list, tuple)) or len(entry) != 3:
            raise TaxonomyError(f"{where} must be [slug, slug, number]")
        first, second, value = entry
        for slug in (first, second):
            if not isinstance(slug, str) or slug not in ids:
                raise TaxonomyError(f"{where} names an unknown category: {slug!r}")
        pair = frozenset((first, second))
        if len(pair) < 2 or pair in seen:
            raise TaxonomyError(f"{where} must name two categories that no other entry joins")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
            raise TaxonomyError(f"{where} must have a number from 0 to below 1")
        seen.add(pair)
        table[ids[first], ids[second]] = table[ids[second], ids[first]] = value
    table.flags.writeable = False
    return table
