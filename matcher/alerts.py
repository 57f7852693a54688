"""The reverse question: which standing alerts does a listing hit?"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from matcher.areas import Area, AreaIndex
from matcher.errors import FieldError, check_int64, check_whole
from matcher.languages import LanguageBits, Words
from matcher.listing import LARGEST_RADIUS_M, Listing, check_languages
from matcher.place import EARTH_RADIUS_M, Place, PlaceError
from matcher.rows import NO_ROWS, Leaves, Rows, RowSet, ancestor
from matcher.sphere import Ints, distances_m, unit_vector
from matcher.table import Table
from matcher.taxonomy import CATEGORY_CAPACITY, Kind, Urgency

_WORD = 64
_ALL = 2**_WORD - 1
_CATEGORY_WORDS = CATEGORY_CAPACITY // _WORD

# Resolutions of leaves and the largest radius of their circles, in metres: wide circles would
# widen the caps of narrow ones. What exceeds all is kept at resolution 0.
_LEAF_LIMITS = ((4, 30_000), (3, 80_000), (2, 220_000), (1, 600_000))


class AlertError(FieldError):
    """An alert that the engine cannot hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What a member wants to be told of: in a circle, in an area, or on remote help.

    Exactly one of `cell`, `area` and `remote` is given. An empty set lets everything pass.
    Raises AlertError.
    """

    #: 64 bits.
    id: int
    #: Number of the member, never told of own listings.
    owner: int
    #: H3 cell around whose centre the circle lies.
    cell: int | None = None
    #: Radius of the circle in whole metres; ignored without `cell`.
    radius_m: int = 0
    #: A geometry of matcher.areas.parse_polygon.
    area: Area | None = None
    #: Whether any remote listing hits, wherever it is.
    remote: bool = False
    kinds: frozenset[Kind] = frozenset()
    #: Ids; one category in common is enough, near ones do not count.
    categories: frozenset[int] = frozenset()
    least_urgency: int = Urgency.STANDING
    #: A listing that has no language passes no condition on languages.
    languages: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_int64(AlertError, "id", self.id)
        check_int64(AlertError, "owner", self.owner)
        check_whole(AlertError, "radius_m", self.radius_m, 0, LARGEST_RADIUS_M)
        check_whole(AlertError, "least_urgency", self.least_urgency, 0, max(Urgency))
        check_languages(AlertError, self.languages)
        if not all(isinstance(kind, Kind) for kind in self.kinds):
            raise AlertError("kinds", "a set of kinds")
        for category in self.categories:
            check_whole(AlertError, "categories", category, 0, CATEGORY_CAPACITY - 1)
        if (self.cell is not None) + (self.area is not None) + bool(self.remote) != 1:
            raise AlertError("place", "exactly one of cell, area and remote")
        if self.cell is not None:
            try:
                Place(self.cell)
            except PlaceError as error:
                raise AlertError(error.field, error.accepted) from error


@dataclass(frozen=True, slots=True)
class Hit:
    """One alert that a listing hits."""

    alert_id: int
    #: Whole metres between the centres of the cells; None unless the alert is a circle.
    distance_m: int | None


class AlertIndex:
    """Standing alerts in memory, and exact answers about them. Not safe for several threads."""

    def __init__(self) -> None:
        self._alerts: dict[int, Alert] = {}
        self._row_of: dict[int, int] = {}
        self._columns = _Columns()
        self._bits = LanguageBits()
        self._circles = Leaves()
        self._remote = RowSet()
        self._areas = AreaIndex()

    def __len__(self) -> int:
        return len(self._alerts)

    def __contains__(self, alert_id: object) -> bool:
        return alert_id in self._alerts

    def get(self, alert_id: int) -> Alert | None:
        """The alert of this id, or None."""
        return self._alerts.get(alert_id)

    def upsert(self, alert: Alert) -> None:
        """Put in an alert, or replace the one of the same id.

        Raises LanguagesFull beyond 192 different language codes; the index is then unchanged.
        """
        languages = self._bits.stored(alert.languages)
        self.remove(alert.id)
        columns = self._columns
        row = columns.new_row()
        columns.write(row, alert, languages)
        self._alerts[alert.id], self._row_of[alert.id] = alert, row
        if alert.cell is not None:
            vector = unit_vector(float(columns.phi[row]), float(columns.lambda_[row]))
            margin = alert.radius_m / EARTH_RADIUS_M
            self._circles.add(
                row, _leaf_of(alert.cell, alert.radius_m), vector, columns.slot, margin
            )
        elif alert.area is not None:
            self._areas.upsert(alert.id, alert.area)
        else:
            self._remote.add(row, columns.slot)

    def remove(self, alert_id: int) -> bool:
        """Take out an alert; False, and no change, when there is none of this id."""
        alert = self._alerts.pop(alert_id, None)
        if alert is None:
            return False
        row = self._row_of.pop(alert_id)
        if alert.cell is not None:
            self._circles.remove(row, _leaf_of(alert.cell, alert.radius_m), self._columns.slot)
        elif alert.area is not None:
            self._areas.remove(alert_id)
        else:
            self._remote.remove(row, self._columns.slot)
        self._columns.free_row(row)
        return True

    def hits(self, listing: Listing) -> Iterator[Hit]:
        """The alerts that a listing hits, by id ascending.

        The listing's own radius and window count for nothing. Nothing may be put in or taken out
        while the iterator is in use.
        """
        circles, distance_m = self._circles_around(listing)
        others = self._passing(listing, self._other_rows(listing))
        rows = np.concatenate((circles, others))
        distances = np.concatenate((distance_m, np.full(len(others), -1)))
        ids = self._columns.id[rows]
        for i in np.argsort(ids):
            yield Hit(int(ids[i]), int(distances[i]) if distances[i] >= 0 else None)

    def _circles_around(self, listing: Listing) -> tuple[Rows, Ints]:
        """Circles in which the listing's cell has its centre, and their distances."""
        if listing.cell is None:
            return NO_ROWS, np.empty(0, dtype=np.int64)
        columns = self._columns
        phi, lambda_ = (math.radians(degrees) for degrees in Place(listing.cell).center)
        rows = self._passing(listing, self._circles.near(unit_vector(phi, lambda_), 0.0))
        distance_m = distances_m(phi, lambda_, columns.phi[rows], columns.lambda_[rows])
        inside = distance_m <= columns.radius_m[rows]
        return rows[inside], distance_m[inside]

    def _other_rows(self, listing: Listing) -> Rows:
        """Alerts on areas that cover the listing's cell, and on remote help if it is remote."""
        covering: list[int] = []
        if listing.cell is not None:
            covering = self._areas.covering(*Place(listing.cell).center)
        areas = np.array([self._row_of[alert_id] for alert_id in covering], dtype=np.int32)
        return np.concatenate((areas, self._remote.rows if listing.remote else NO_ROWS))

    def _passing(self, listing: Listing, rows: Rows) -> Rows:
        """Rows whose conditions other than place the listing meets."""
        columns = self._columns
        keep = columns.owner[rows] != listing.owner
        keep &= columns.least_urgency[rows] <= listing.urgency
        keep &= (columns.kinds[rows] & np.uint64(1 << listing.kind)) != 0
        rows = rows[keep]
        categories = np.array(_words(listing.categories), dtype=np.uint64)
        rows = rows[np.any((columns.categories[rows] & categories) != 0, axis=1)]
        languages = self._bits.asked(listing.languages)
        spoken: NDArray[np.bool_] = np.any((columns.languages[rows] & languages) != 0, axis=1)
        spoken |= columns.any_language[rows]
        return rows[spoken]


class _Columns(Table):
    """The fields of an alert."""

    id: NDArray[np.int64]
    owner: NDArray[np.int64]
    #: Centre of the circle in radians; without meaning for other alerts.
    phi: NDArray[np.float64]
    lambda_: NDArray[np.float64]
    radius_m: NDArray[np.int32]
    least_urgency: NDArray[np.int8]
    #: Bits by number of the kind, and of the category ([n, 4]); all of them set for any.
    kinds: NDArray[np.uint64]
    categories: NDArray[np.uint64]
    #: [n, 3] bits of LanguageBits, and whether there is no condition on languages.
    languages: NDArray[np.uint64]
    any_language: NDArray[np.bool_]
    #: Where the row stands in its leaf, or among the remote alerts.
    slot: NDArray[np.int32]

    def __init__(self) -> None:
        super().__init__(_FIELDS)

    def write(self, row: int, alert: Alert, languages: Words) -> None:
        """Set all fields of a row, apart from its slot."""
        self.id[row] = alert.id
        self.owner[row] = alert.owner
        self.radius_m[row] = alert.radius_m
        self.least_urgency[row] = alert.least_urgency
        self.kinds[row] = sum(1 << kind for kind in alert.kinds) if alert.kinds else _ALL
        self.categories[row] = _words(alert.categories) if alert.categories else _ALL
        self.languages[row] = languages
        self.any_language[row] = not alert.languages
        if alert.cell is not None:
            lat, lng = Place(alert.cell).center
            self.phi[row], self.lambda_[row] = math.radians(lat), math.radians(lng)


_FIELDS: dict[str, tuple[DTypeLike, int]] = {
    "id": (np.int64, 1),
    "owner": (np.int64, 1),
    "phi": (np.float64, 1),
    "lambda_": (np.float64, 1),
    "radius_m": (np.int32, 1),
    "least_urgency": (np.int8, 1),
    "kinds": (np.uint64, 1),
    "categories": (np.uint64, _CATEGORY_WORDS),
    "languages": (np.uint64, 3),
    "any_language": (np.bool_, 1),
    "slot": (np.int32, 1),
}


def _words(categories: Iterable[int]) -> list[int]:
    """Category ids as bits of four words."""
    mask = sum(1 << category for category in categories)
    return [mask >> (_WORD * i) & _ALL for i in range(_CATEGORY_WORDS)]


def _leaf_of(cell: int, radius_m: int) -> int:
    """The H3 cell under which a circle is kept: about as large as the circle, or larger."""
    fitting = (resolution for resolution, limit in _LEAF_LIMITS if radius_m <= limit)
    return ancestor(cell, next(fitting, 0))
