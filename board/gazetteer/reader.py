"""Reading the gazetteer: search by name, by number and by place on Earth."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Self

from board.gazetteer import sphere
from board.gazetteer.building import is_current
from board.gazetteer.folding import fold
from board.gazetteer.model import GazetteerMissing, GazetteerPlace, name_resolution
from board.gazetteer.ranking import found_spelling, weight
from board.gazetteer.reading import LONGEST_TEXT, Reading, readings
from matcher.place import Place, great_circle_m

_SELECT: Final = (
    "SELECT place.rank, id, place.name, local_name.name, country, region, lat, lng, population,"
    " time_zone, spellings FROM place"
    " LEFT JOIN local_name ON local_name.rank = place.rank AND local_name.locale = :locale"
)
_CALLED: Final = (
    "WHERE place.rank IN (SELECT rank FROM spelling WHERE folded = :folded)"
    " AND (:areas IS NULL OR lower(country) IN (SELECT value FROM json_each(:areas))"
    " OR lower(country || division) IN (SELECT value FROM json_each(:areas)))"
    " ORDER BY place.rank LIMIT :limit"
)
_BEGINNING: Final = (
    "WHERE place.rank IN (SELECT rowid FROM word WHERE word MATCH :match"
    " ORDER BY rowid LIMIT :limit) ORDER BY place.rank"
)
#: So many of the most populous places found are weighed against each other.
_WEIGHED: Final = 40
#: More than there are of any name.
_NAMESAKES: Final = 5_000
_LAST_RANK: Final = 2**62
#: A town of so many inhabitants, this near, tells the reader which of several namesakes it is.
_KNOWN_TOWN: Final = 100_000
_NEAR_M: Final = 200_000


class _Row(NamedTuple):
    """One row of _SELECT."""

    rank: int
    id: int
    name: str
    local_name: str | None
    country: str
    region: str
    lat: float
    lng: float
    population: int
    time_zone: str
    spellings: str

    def place(self, matched: str = "") -> GazetteerPlace:
        resolution = name_resolution(self.population)
        return GazetteerPlace(
            id=self.id,
            name=self.local_name or self.name,
            country=self.country,
            lat=self.lat,
            lng=self.lng,
            population=self.population,
            time_zone=self.time_zone,
            cell=Place.at(self.lat, self.lng, resolution).cell,
            resolution=resolution,
            region=self.region,
            matched=matched,
        )


class Gazetteer:
    """The gazetteer in one SQLite file. It may be shared between threads and across a fork.

    Raises GazetteerMissing when the file is absent or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        if not is_current(self.path):
            raise GazetteerMissing(self.path)
        self._local = threading.local()

    def search(self, text: str, locale: str, limit: int = 8) -> list[GazetteerPlace]:
        """Places that are called so in any language, or whose name begins so; the best first.

        Whole names come before beginnings, then larger towns before smaller ones. A country, its
        code or a state after a comma or at the end narrows ("Paris, Texas", "Douala Cameroun").
        Any text is accepted; one that can be no name finds nothing.
        """
        if len(text) > LONGEST_TEXT:
            return []
        found: dict[int, GazetteerPlace] = {}
        for group in readings(text, self._areas_called):
            tries = ((whole, reading) for whole in (True, False) for reading in group)
            for whole, reading in tries:
                if len(found) < limit:
                    self._find(found, reading, whole, locale)
            if found:
                break
        return self._told_apart(list(found.values())[:limit], locale)

    def get(self, place_id: int, locale: str) -> GazetteerPlace | None:
        """The place of a GeoNames id, or None."""
        if not 0 < place_id < 2**63:
            return None
        return next(self._places("WHERE id = :id", locale, id=place_id), None)

    def cities(self, min_population: int = 15_000, locale: str = "en") -> Iterator[GazetteerPlace]:
        """Places of so many inhabitants or more, the most populous first."""
        condition = "WHERE population >= :least ORDER BY place.rank"
        return self._places(condition, locale, least=min_population)

    def nearest(
        self, lat: float, lng: float, locale: str, min_population: int = 0
    ) -> GazetteerPlace | None:
        """The place whose centre is the nearest to a point, however far; ties by population.

        Only places of `min_population` or more are looked at; None when there is none. Raises
        matcher.place.PlaceError for a point that is none.
        """
        rank = sphere.nearest_rank(self._db, lat, lng, self._rank_of(min_population))
        return next(self._places("WHERE place.rank = :rank", locale, rank=rank), None)

    def called_near(
        self, name: str, lat: float, lng: float, radius_m: float, locale: str
    ) -> GazetteerPlace | None:
        """The place near a point that is called so in any language, or None.

        Of several, one of which it is the name in a language of ours comes before one that is
        sometimes called so; then the most populous.
        """
        folded = fold(name)
        called = self._called(Reading(folded), locale, limit=_NAMESAKES)
        near = [row for row in called if great_circle_m(lat, lng, row.lat, row.lng) <= radius_m]
        named = (row for row in near if folded in map(fold, self._own_names(row)))
        row = next(named, near[0] if near else None)
        return row.place() if row else None

    def _own_names(self, row: _Row) -> Iterator[str]:
        """What a place is called in general and in each of our languages."""
        yield row.name
        found = self._db.execute("SELECT name FROM local_name WHERE rank = ?", (row.rank,))
        yield from (name for (name,) in found)

    def inhabitants_near(self, lat: float, lng: float, radius_km: float = 5) -> int:
        """Sum of the inhabitants of the places whose centre is within `radius_km` of a point."""
        near = sphere.within(self._db, lat, lng, radius_km * 1000)
        return sum(each.population for each in near)

    def largest_near(
        self, lat: float, lng: float, radius_km: float, locale: str
    ) -> GazetteerPlace | None:
        """The most populous place whose centre is within `radius_km` of a point, or None."""
        near = sphere.within(self._db, lat, lng, radius_km * 1000)
        rank = min((each.rank for each in near), default=None)
        return next(self._places("WHERE place.rank = :rank", locale, rank=rank), None)

    def close(self) -> None:
        """Close this thread's connection; the next question opens another."""
        if getattr(self._local, "pid", None) == os.getpid():
            self._local.db.close()
        self._local.pid = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection of this thread in this process: SQLite's must not cross a fork."""
        if getattr(self._local, "pid", None) != os.getpid():
            # The file is only ever replaced as a whole: no lock and no journal is needed.
            uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
            self._local.db = sqlite3.connect(uri, uri=True, isolation_level=None)
            self._local.pid = os.getpid()
        connection: sqlite3.Connection = self._local.db
        return connection

    def _rows(self, condition: str, locale: str, **values: object) -> Iterator[_Row]:
        cursor = self._db.execute(f"{_SELECT} {condition}", {"locale": locale, **values})
        return map(_Row._make, cursor)

    def _places(self, condition: str, locale: str, **values: object) -> Iterator[GazetteerPlace]:
        return (row.place() for row in self._rows(condition, locale, **values))

    def _find(
        self, found: dict[int, GazetteerPlace], reading: Reading, whole: bool, locale: str
    ) -> None:
        """Add what one reading finds, in order."""
        wanted = reading.name
        rows = (self._called if whole else self._beginning)(reading, locale)
        weighed = []
        for row in rows:
            own_names = (row.name, row.local_name or row.name)
            spellings = row.spellings.split("\n")
            matched = found_spelling(own_names[1], spellings, wanted, whole)
            # Words of two spellings of one place may stand side by side: then none matches.
            if matched is not None:
                order = (-weight(row.population, own_names, wanted, whole), row.rank)
                weighed.append((order, row, matched))
        for _, row, matched in sorted(weighed, key=lambda each: each[0]):
            found.setdefault(row.id, row.place(matched))

    def _called(self, reading: Reading, locale: str, limit: int = _WEIGHED) -> Iterator[_Row]:
        """Places one of whose spellings is the name, the most populous of them."""
        areas = json.dumps(sorted(reading.areas)) if reading.areas else None
        return self._rows(_CALLED, locale, folded=reading.name, areas=areas, limit=limit)

    def _beginning(self, reading: Reading, locale: str) -> Iterator[_Row]:
        """Places one of whose spellings holds the name, its last word perhaps unfinished."""
        # A folded name holds letters, digits and spaces only: nothing of FTS5's own language.
        match = f'spellings : "{reading.name}" *'
        if reading.areas:
            areas = " OR ".join(f'"{token}"' for token in sorted(reading.areas))
            match += f" AND area : ({areas})"
        return self._rows(_BEGINNING, locale, match=match, limit=_WEIGHED)

    def _areas_called(self, folded: str, beginning: bool) -> frozenset[str]:
        """Tokens of the countries and divisions of that name or, failing that, beginning so."""
        named = "SELECT token FROM area WHERE folded IN (?, ?)"
        rows = self._db.execute(named, (folded, folded.replace(" ", ""))).fetchall()
        if beginning and not rows:
            begun = "SELECT token FROM area WHERE folded >= ? AND folded < ?"
            rows = self._db.execute(begun, (folded, f"{folded}\U0010ffff")).fetchall()
        return frozenset(token for (token,) in rows)

    def _rank_of(self, min_population: int) -> int:
        """Rank of the least populous place of `min_population` or more; 0 when there is none."""
        if min_population <= 0:
            return _LAST_RANK
        counted = "SELECT count(*) FROM place WHERE population >= ?"
        return int(self._db.execute(counted, (min_population,)).fetchone()[0])

    def _told_apart(self, places: list[GazetteerPlace], locale: str) -> list[GazetteerPlace]:
        """The places, namesakes in one region each with a large town near it."""
        names = Counter((place.label, place.country, place.region) for place in places)
        return [
            self._near_a_town(place, locale)
            if names[place.label, place.country, place.region] > 1
            else place
            for place in places
        ]

    def _near_a_town(self, place: GazetteerPlace, locale: str) -> GazetteerPlace:
        town = self.nearest(place.lat, place.lng, locale, min_population=_KNOWN_TOWN)
        if town is None or town.id == place.id or town.country != place.country:
            return place
        distance_m = great_circle_m(place.lat, place.lng, town.lat, town.lng)
        return replace(place, near=town.name) if distance_m <= _NEAR_M else place
