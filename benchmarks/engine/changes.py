"""The cases insert and under_writes: the index while it changes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.engine import brute
from benchmarks.engine.candidates import Candidates
from benchmarks.engine.counterparts import K, same
from benchmarks.engine.timing import Timed, ask, row
from benchmarks.engine.workload import NOW, World
from benchmarks.harness import Result
from matcher.columns import ARRAYS, ListingColumns
from matcher.index import Index
from matcher.listing import Listing

BATCH = 1000


def insert(world: World, more: World) -> Iterator[Result]:
    """New listings into an index and into SQLite's R*Tree that hold the world already."""
    index = Index(world.taxonomy)
    index.upsert_columns(world.columns)
    base = _tree(world)
    arriving = _renumbered(more.columns, len(world))
    rows = _tree_rows(more, len(world))
    ours, theirs, singles, single_rows = [], [], [], []
    half = len(arriving) // 2
    last = arriving.take(np.arange(half, len(arriving)))
    listings = _listings(last, world, 2 * BATCH)
    for at in range(0, half, BATCH):
        part = arriving.take(np.arange(at, min(at + BATCH, half)))
        ours.append(_per_item(lambda part=part: index.upsert_columns(part), len(part)))
        given = rows[at : at + len(part)]
        theirs.append(_per_item(lambda given=given: _insert_many(base, given), len(given)))
    for at in range(0, len(listings), 100):
        some = listings[at : at + 100]
        singles.append(_per_item(lambda some=some: [index.upsert(each) for each in some], 100))
        given = rows[half + at : half + at + 100]
        single_rows.append(_per_item(lambda given=given: _insert_each(base, given), 100))
    exact = len(index) == len(world) + half + len(listings)
    base.close()
    n = len(world)
    statistics = {"statistic": "median", "unit": "one listing", "batch": BATCH}
    pair = float(np.median(ours)), float(np.median(theirs))
    yield row("insert", n, "sqlite_rtree", *pair, exact, **statistics)
    pair = float(np.median(singles)), float(np.median(single_rows))
    yield row("insert", n, "sqlite_rtree", *pair, exact, **{**statistics, "batch": 1})


def under_writes(world: World, more: World, questions: list[int]) -> Iterator[Result]:
    """Questions between changes, one change after four of them, against questions alone."""
    index = Index(world.taxonomy)
    index.upsert_columns(world.columns)
    arriving = _listings(_renumbered(more.columns, len(world)), world, len(questions))
    idle: Timed[object] = Timed()
    busy: Timed[object] = Timed()
    asked = set(questions)
    removable = [each for each in world.columns.id.tolist() if each not in asked]
    np.random.default_rng(9).shuffle(removable)
    removed = []

    def call(each: int) -> object:
        return index.ranked_for(each, NOW, K)

    for at in range(0, len(questions), 100):
        block = questions[at : at + 100]
        ask(idle, call, block)
        for place in range(0, len(block), 4):
            index.upsert(arriving[(at + place) // 4])
            if place % 8 == 0:
                removed.append(removable.pop())
                index.remove(removed[-1])
            ask(busy, call, block[place : place + 4])
    put_in = len(range(0, len(questions), 4))
    exact = _state_is_exact(index, world, more, put_in, removed, questions[:60])
    ours, theirs = float(np.median(busy.us)), float(np.median(idle.us))
    extra = {"statistic": "median", "busy_to_idle": round(ours / theirs, 3)}
    yield row("under_writes", len(world), "itself_idle", ours, theirs, exact, **extra)


def _state_is_exact(
    index: Index, world: World, more: World, put_in: int, removed: list[int], asked: list[int]
) -> bool:
    """Whether the index answers like brute force over what it should hold now."""
    kept = np.flatnonzero(~np.isin(world.columns.id, removed))
    first, second = world.columns.take(kept), _renumbered(more.columns, len(world))
    second = second.take(np.arange(put_in))
    arrays = {
        name: np.concatenate((getattr(first, name), getattr(second, name))) for name in ARRAYS
    }
    state = World(
        ListingColumns(**arrays, language_sets=first.language_sets),
        world.taxonomy,
        np.concatenate((world.phi[kept], more.phi[:put_in])),
        np.concatenate((world.lambda_[kept], more.lambda_[:put_in])),
    )
    candidates = Candidates(state)
    return len(index) == len(state) and all(
        same(index.ranked_for(each, NOW, K), brute.top_k(candidates, candidates.row_of[each], K))
        for each in asked
    )


def _renumbered(columns: ListingColumns, first: int) -> ListingColumns:
    """The same listings with ids behind those of a world."""
    arrays = {name: getattr(columns, name) for name in ARRAYS}
    arrays["id"] = columns.id + first
    return ListingColumns(**arrays, language_sets=columns.language_sets)


def _listings(columns: ListingColumns, world: World, count: int) -> list[Listing]:
    """Some of the columns as listings."""
    index = Index(world.taxonomy)
    part = columns.take(np.arange(min(count, len(columns))))
    index.upsert_columns(part)
    found = (index.get(each) for each in part.id.tolist())
    return [each for each in found if each is not None]


def _per_item(action: object, count: int) -> float:
    """Microseconds of an action for each of its items."""
    start = time.perf_counter()
    action()  # type: ignore[operator]
    return (time.perf_counter() - start) / count * 1e6


def _tree(world: World) -> sqlite3.Connection:
    base = sqlite3.connect(":memory:", isolation_level=None)
    base.execute(
        "CREATE VIRTUAL TABLE entries USING rtree(number, west, east, south, north, "
        "+side INTEGER, +category INTEGER, +urgency INTEGER, +owner INTEGER, "
        "+starts INTEGER, +ends INTEGER, +radius INTEGER)"
    )
    _insert_many(base, _tree_rows(world, 0))
    return base


def _tree_rows(world: World, first: int) -> list[tuple[object, ...]]:
    columns = world.columns
    x, y = np.degrees(world.lambda_).tolist(), np.degrees(world.phi).tolist()
    fields = (columns.kind, columns.categories[:, 0], columns.urgency, columns.owner)
    times = (columns.starts, columns.ends, columns.radius_m)
    rest = (each.tolist() for each in (*fields, *times))
    return list(zip((columns.id + first).tolist(), x, x, y, y, *rest, strict=True))


_INSERT = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _insert_many(base: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    base.execute("BEGIN")
    base.executemany(_INSERT, rows)
    base.execute("COMMIT")


def _insert_each(base: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    base.execute("BEGIN")
    for each in rows:
        base.execute(_INSERT, each)
    base.execute("COMMIT")
