"""Many alerts at once as columns, for putting them into an index in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from matcher.alerts.alert import Alert
from matcher.alerts.categories import category_words
from matcher.alerts.conditions import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertColumns:
    """The fields of n alerts as arrays of length n; `Alert` says what each means.

    An alert without cell and area is one on remote help. The values are trusted to be what
    `Alert` accepts: `of` takes alerts that were checked. Of several with one id the last counts.
    """

    id: NDArray[np.int64]
    owner: NDArray[np.int64]
    #: H3 cell, 0 for none.
    cell: NDArray[np.int64]
    radius_m: NDArray[np.int32]
    #: Geometries or None.
    area: NDArray[np.object_]
    #: Bits of the category ids, [n, 4]: id 0 is the lowest bit of the first word.
    categories: NDArray[np.uint64]
    #: Position in `conditions`.
    condition: NDArray[np.int64]
    #: The different conditions: kinds, least urgency and languages.
    conditions: Sequence[Condition]

    def __len__(self) -> int:
        return len(self.id)

    @classmethod
    def of(cls, alerts: Iterable[Alert]) -> Self:
        """The columns of alerts."""
        rows = list(alerts)
        numbers: dict[Condition, int] = {}
        condition = [
            numbers.setdefault((row.kinds, row.least_urgency, row.languages), len(numbers))
            for row in rows
        ]
        area = np.empty(len(rows), dtype=np.object_)
        area[:] = [row.area for row in rows]
        words = [category_words(row.categories) for row in rows]
        return cls(
            id=np.array([row.id for row in rows], dtype=np.int64),
            owner=np.array([row.owner for row in rows], dtype=np.int64),
            cell=np.array([row.cell or 0 for row in rows], dtype=np.int64),
            radius_m=np.array([row.radius_m for row in rows], dtype=np.int32),
            area=area,
            categories=np.array(words, dtype=np.uint64).reshape(-1, 4),
            condition=np.array(condition, dtype=np.int64),
            conditions=list(numbers),
        )

    def take(self, start: int, stop: int) -> Self:
        """The alerts start…stop-1."""
        arrays: dict[str, Any] = {name: getattr(self, name)[start:stop] for name in _ARRAYS}
        return type(self)(**arrays, conditions=self.conditions)


_ARRAYS = tuple(name for name in AlertColumns.__slots__ if name != "conditions")
