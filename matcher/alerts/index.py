"""The reverse question: which standing alerts does a listing hit?"""

import math
from collections.abc import Iterable, Iterator

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from matcher.alerts.alert import Alert, Hit
from matcher.alerts.columns import AlertColumns
from matcher.alerts.doubts import COUNT_BITS, COUNT_MASK, DOUBTFUL_DISTANCE, NO_DISTANCE, measure
from matcher.alerts.layout import AREA, ROW_ID, ROW_LAMBDA, ROW_PHI, ROW_RADIUS
from matcher.alerts.scan import ask
from matcher.alerts.store import AlertStore
from matcher.areas import covers
from matcher.listing import Listing
from matcher.place import haversine_m
from matcher.taxonomy import Reach

_LOCAL = Reach.LOCAL


class AlertIndex:
    """Standing alerts in memory, and exact answers about them. Not safe for several threads."""

    def __init__(self) -> None:
        self._store = AlertStore()

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, alert_id: object) -> bool:
        return isinstance(alert_id, int) and self._row_of(alert_id) >= 0

    @property
    def memory_bytes(self) -> int:
        """How much memory the arrays take, all that is held of each alert."""
        return self._store.nbytes

    def get(self, alert_id: int) -> Alert | None:
        """The alert of this id, or None."""
        row = self._row_of(alert_id)
        return self._store.alert(row) if row >= 0 else None

    def upsert(self, alert: Alert) -> None:
        """Put in an alert, or replace the one of the same id.

        Raises LanguagesFull beyond 192 different language codes; the index is then unchanged.
        """
        self._store.put(alert)

    def upsert_many(self, alerts: Iterable[Alert]) -> None:
        """Put in or replace many alerts; of several with one id the last counts.

        Raises LanguagesFull beyond 192 different language codes; the index is then unchanged.
        """
        self.upsert_columns(AlertColumns.of(alerts))

    def upsert_columns(self, columns: AlertColumns) -> None:
        """The same for columns: the fastest way to put in a million."""
        self._store.put_columns(columns)

    def remove(self, alert_id: int) -> bool:
        """Take out an alert; False, and no change, when there is none of this id."""
        return _is_id(alert_id) and self._store.take(int(alert_id))

    def hit_ids(self, listing: Listing) -> NDArray[np.int64]:
        """Ids of the alerts that a listing hits, int64 [n], each once, in no particular order.

        The listing's own radius and window count for nothing.
        """
        lat, lng = _center(listing)
        return self._store.out[: self._ask(listing, lat, lng)].copy()

    def hits(self, listing: Listing) -> Iterator[Hit]:
        """The alerts that a listing hits, by id ascending; see `hit_ids`."""
        lat, lng = _center(listing)
        ids = np.sort(self._store.out[: self._ask(listing, lat, lng)])
        metres = np.empty(len(ids), dtype=np.int64)
        measure(self._store.words, ids.ctypes.data, len(ids), lat, lng, metres.ctypes.data)
        for alert_id, distance_m in zip(ids.tolist(), metres.tolist(), strict=True):
            if distance_m == DOUBTFUL_DISTANCE:
                distance_m = self._distance_m(self._row_of(alert_id), lat, lng)
            yield Hit(alert_id, None if distance_m == NO_DISTANCE else distance_m)

    def _ask(self, listing: Listing, lat: float, lng: float) -> int:
        """Write out the ids of the alerts that are hit; how many they are."""
        store = self._store
        case, shelves = store.conditions.case(listing.kind, listing.urgency)
        found = ask(
            store.words,
            store.categories.asked(listing.categories),
            store.categories.words(listing.categories),
            store.conditions.spoken(listing.languages),
            case,
            shelves,
            listing.owner,
            listing.cell is not None,
            lat,
            lng,
            listing.reach is not _LOCAL,
        )
        if found > COUNT_MASK:
            return self._settle(found & COUNT_MASK, found >> COUNT_BITS, lat, lng)
        return found

    def _settle(self, count: int, unsure: int, lat: float, lng: float) -> int:
        """Decide by the exact predicates about rows of which only the place is in doubt."""
        store = self._store
        for row in store.doubts[:unsure].tolist():
            radius_m = store.number(row, ROW_RADIUS, np.int32)
            if radius_m == AREA:
                inside = covers(store.area(row), lat, lng)
            else:
                inside = self._distance_m(row, lat, lng) <= radius_m
            if inside:
                store.out[count] = store.number(row, ROW_ID)
                count += 1
        return count

    def _distance_m(self, row: int, lat: float, lng: float) -> int:
        """Whole metres from the centre of a circle."""
        phi = self._store.number(row, ROW_PHI, np.float64)
        lambda_ = self._store.number(row, ROW_LAMBDA, np.float64)
        return round(haversine_m(phi, lambda_, math.radians(lat), math.radians(lng)))

    def _row_of(self, alert_id: int) -> int:
        return self._store.row_of(int(alert_id)) if _is_id(alert_id) else -1


def _is_id(number: int) -> bool:
    return -(2**63) <= number < 2**63


def _center(listing: Listing) -> tuple[float, float]:
    """Centre of the listing's cell as (lat, lng) in degrees; of no meaning without one."""
    if listing.cell is None:
        return 0.0, 0.0
    center: tuple[float, float] = h3.cell_to_latlng(listing.cell)
    return center
