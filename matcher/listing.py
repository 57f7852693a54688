"""What the engine sees of a listing, a question to it, and a match with its reasons."""

import math
import re
from dataclasses import dataclass

from matcher.errors import FieldError, check_int64, check_whole
from matcher.place import Place, PlaceError
from matcher.taxonomy import CATEGORY_CAPACITY, Kind, Reach, Side, Urgency, side_of

#: Most categories that one listing can have.
CATEGORIES_PER_LISTING = 5

#: Largest radius: half way round the Earth, rounded up.
LARGEST_RADIUS_M = 20_015_200

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class ListingError(FieldError):
    """A listing that the engine cannot hold."""


class QueryError(FieldError):
    """A question that the engine cannot answer."""


def check_languages(error: type[FieldError], languages: object) -> None:
    """Raise `error` unless it is a frozenset of language codes (two or three small letters)."""
    valid = isinstance(languages, frozenset) and all(_matches(_LANGUAGE, c) for c in languages)
    if not valid:
        raise error("languages", "a frozenset of codes of two or three small letters")


def _check_member(value: object, words: type, field: str) -> None:
    if not isinstance(value, words):
        raise ListingError(field, f"a member of {words.__name__}")


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The part of a listing that decides whom it matches.

    Raises ListingError when a field is out of range, when the window is empty, or when a local
    listing that takes a side has no cell.
    """

    #: 64 bits.
    id: int
    kind: Kind
    #: One to five category ids.
    categories: tuple[int, ...]
    urgency: Urgency
    #: H3 cell; None for what has no place. A remote listing may carry one, for alerts and maps.
    cell: int | None
    reach: Reach
    #: Largest distance of a counterpart, in whole metres; ignored unless the reach is LOCAL.
    radius_m: int
    #: ISO 3166-1 alpha-2 in capitals, or empty when unknown.
    country: str
    #: ISO 639 codes of two or three small letters.
    languages: frozenset[str]
    #: Half-open window [starts, ends) in epoch seconds.
    starts: int
    ends: int
    #: Number of the member, or the negative number of an imported row.
    owner: int

    def __post_init__(self) -> None:
        for name in ("id", "starts", "ends", "owner"):
            check_int64(ListingError, name, getattr(self, name))
        if self.starts >= self.ends:
            raise ListingError("ends", "later than starts")
        _check_member(self.kind, Kind, "kind")
        _check_member(self.urgency, Urgency, "urgency")
        _check_member(self.reach, Reach, "reach")
        self._check_categories()
        check_whole(ListingError, "radius_m", self.radius_m, 0, LARGEST_RADIUS_M)
        if self.country != "" and not _matches(_COUNTRY, self.country):
            raise ListingError("country", "two capital letters or empty")
        check_languages(ListingError, self.languages)
        self._check_cell()

    def _check_categories(self) -> None:
        ids = self.categories
        if not isinstance(ids, tuple) or not 1 <= len(ids) <= CATEGORIES_PER_LISTING:
            raise ListingError("categories", f"a tuple of 1 to {CATEGORIES_PER_LISTING} ids")
        for category in ids:
            check_whole(ListingError, "categories", category, 0, CATEGORY_CAPACITY - 1)
        if len(set(ids)) < len(ids):
            raise ListingError("categories", "different from each other")

    def _check_cell(self) -> None:
        if self.cell is None:
            if self.reach is Reach.LOCAL and self.side is not Side.NONE:
                raise ListingError("cell", "the index of an H3 cell when the reach is local")
            return
        try:
            Place(self.cell)
        except PlaceError as error:
            raise ListingError(error.field, error.accepted) from error

    @property
    def side(self) -> Side:
        """The side on which the listing stands."""
        return side_of(self.kind)

    @property
    def remote(self) -> bool:
        """Whether distance counts for nothing: any reach but LOCAL."""
        return self.reach is not Reach.LOCAL


@dataclass(frozen=True, slots=True)
class Weights:
    """The shares of the score and the distance over which its first term falls to 1/e.

    Raises QueryError unless all are finite, the shares in 0…1000 and the scale above 0.
    """

    distance: float = 0.55
    affinity: float = 0.30
    urgency: float = 0.15
    #: In metres.
    scale_m: float = 8000.0

    def __post_init__(self) -> None:
        for name in ("distance", "affinity", "urgency"):
            value = getattr(self, name)
            if not (_is_number(value) and 0 <= value <= 1000):
                raise QueryError(f"weights.{name}", "a finite number from 0 to 1000")
        if not (_is_number(self.scale_m) and self.scale_m > 0):
            raise QueryError("weights.scale_m", "a finite number above 0")


#: The shares that the board uses.
DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Query:
    """The question for the counterparts of one listing, which need not be in the index."""

    listing: Listing
    #: Epoch seconds.
    now: int
    #: Most matches that are wanted, at least 1.
    k: int = 20
    weights: Weights = DEFAULT_WEIGHTS
    #: Only counterparts of these kinds; None or empty for any.
    kinds: frozenset[Kind] | None = None
    #: Only counterparts that have one of these languages; None or empty for any.
    languages: frozenset[str] | None = None

    def __post_init__(self) -> None:
        check_int64(QueryError, "now", self.now)
        check_whole(QueryError, "k", self.k, 1, 2**31)
        if self.languages is not None:
            check_languages(QueryError, self.languages)
        if self.kinds is not None and not all(isinstance(kind, Kind) for kind in self.kinds):
            raise QueryError("kinds", "a set of kinds")


@dataclass(frozen=True, slots=True)
class Match:
    """One counterpart and the reasons for its rank, as data."""

    id: int
    #: In millionths.
    score: int
    #: Whole metres between the centres of the cells; None when either side is remote.
    distance_m: int | None
    #: The counterpart's category that fits best (among equals the smallest id).
    category: int
    #: Affinity of that category, above 0 and at most 1.
    affinity: float
    #: Urgency of the asking side.
    urgency: Urgency
    #: The coarser of the two cells' resolutions; None when either side is remote.
    coarser_resolution: int | None
    #: None when both are local, otherwise the narrowest remote reach of the two.
    remote: Reach | None
    #: Whether the two have a category in common.
    same_category: bool
    #: Whether the pair fails the distance rule, and only that.
    beyond: bool = False
