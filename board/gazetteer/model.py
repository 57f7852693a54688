"""What the gazetteer answers with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from board.errors import BoardError

#: A town of this many inhabitants or more → resolution that its name alone gives.
_NAME_RESOLUTIONS = ((1_000_000, 5), (50_000, 6), (0, 7))


class GazetteerMissing(BoardError):
    """There is no gazetteer in the file, or one of another version."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} holds no gazetteer of this version; build it: python -m board.gazetteer {path}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GazetteerPlace:
    """One place of the gazetteer, named in the reader's language where that name is known."""

    #: GeoNames id.
    id: int
    name: str
    #: ISO 3166-1 alpha-2.
    country: str
    lat: float
    lng: float
    population: int
    #: IANA name.
    time_zone: str
    #: H3 cell around the centre at `resolution`: no finer than a name is.
    cell: int
    resolution: int
    #: State or province, known for the United States, Canada, Australia and the United Kingdom.
    region: str = ""
    #: The spelling that the search found, where it is another than `name`.
    matched: str = ""
    #: Name of a large town close by, where the same answer holds several of one name.
    near: str = ""

    @property
    def label(self) -> str:
        """What was searched and what it is called, as in "Londres (London)"."""
        return f"{self.matched} ({self.name})" if self.matched else self.name


def name_resolution(population: int) -> int:
    """Resolution of a place known only by its name: the larger the town, the coarser."""
    return next(r for least, r in _NAME_RESOLUTIONS if population >= least)
