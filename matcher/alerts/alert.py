"""What the engine sees of a standing alert, and of a hit."""

from dataclasses import dataclass

from matcher.areas import Area
from matcher.errors import FieldError, check_int64, check_whole
from matcher.listing import LARGEST_RADIUS_M, check_languages
from matcher.place import Place, PlaceError
from matcher.taxonomy import CATEGORY_CAPACITY, Kind, Urgency


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
