"""Demonstration listings: marked as such, removable, refused in production."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from board import audit, checking, tallying, unmet
from board.db import now
from board.demo import history, texts
from board.demo.generation import City, DemoListing, Generator, World
from board.errors import Invalid, Problem
from board.figures import Figure, FigureWait, UnmetNeeds
from board.i18n import N_
from board.importing import BATCH, ImportRow, Progress, Stored, store
from board.listings import Listing
from board.sources import ImportedRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from board.context import Board

SOURCE: Final = "demo"
COUNT: Final = 2000
COUNT_MAX: Final = 20_000
SEED: Final = 1
SEED_MAX: Final = 2**31
_CITIES_PER_COUNTRY: Final = 4


def generate(
    board: Board, moment: datetime, *, count: int = COUNT, seed: int = SEED
) -> Iterator[DemoListing]:
    """Listings around `moment`, the same for the same seed and moment; none is stored."""
    return Generator(texts.load(), world(board), moment, seed).listings(count)


def world(board: Board) -> World:
    """The cities, names and borders that the demonstration draws from."""
    cities: dict[str, list[City]] = defaultdict(list)
    for place in board.gazetteer.cities():
        if len(cities[place.country]) < _CITIES_PER_COUNTRY:
            cities[place.country].append(City(place.id, place.lat, place.lng, place.population))

    @cache
    def name(city_id: int, language: str) -> str:
        place = board.gazetteer.get(city_id, language)
        return place.name if place else ""

    return World(cities, name, board.countries.of, board.taxonomy)


def fill(
    board: Board,
    *,
    count: int = COUNT,
    seed: int = SEED,
    alert: bool = False,
    progress: Progress | None = None,
) -> Stored:
    """Store demonstration listings; those of the same seed that are there already stay.

    Nobody is told unless `alert`. Raises Invalid in production and for a value out of range.
    """
    _check(board, count, seed)
    with board.db.read() as session:
        moment = now(session)
    rows = []
    for number, listing in enumerate(generate(board, moment, count=count, seed=seed)):
        fields, _ = checking.checked(board, listing.fields, moment)
        rows.append(ImportRow(number, listing.key, (fields,), listing.organisation))
    stored = store(board, SOURCE, rows, alert=alert, progress=progress, demo=True)
    _pretend(board, moment, seed)
    return stored


def _pretend(board: Board, moment: datetime, seed: int) -> None:
    """Keep what came of the needs of the last half year, and count those that are on the board."""
    drawn = history.draw(texts.load().countries, board.taxonomy, moment.date(), seed)
    for week, tally in drawn.items():
        tallying.write_week(board.db, week, tally, demo=True)
    unmet.count(board)


def remove(board: Board, *, progress: Progress | None = None) -> int:
    """Delete every demonstration listing, its figures and nothing else; returns how many listings.

    Each leaves a tombstone, so that every process forgets it.
    """
    with board.db.write() as session:
        for model in (Figure, FigureWait, UnmetNeeds):
            session.execute(sa.delete(model).where(model.demo))
    removed = 0
    while True:
        with board.db.write() as session:
            doomed = session.scalars(
                sa.select(Listing).where(Listing.demo).order_by(Listing.id).limit(BATCH)
            ).all()
            rows = [listing.imported_row_id for listing in doomed]
            for listing in doomed:
                session.delete(listing)
            session.flush()
            session.execute(
                sa.delete(ImportedRow).where(ImportedRow.id.in_(rows), ImportedRow.source == SOURCE)
            )
            if doomed:
                audit.record(session, "demo-removed", subject="listings", subject_id=None)
        if not doomed:
            return removed
        removed += len(doomed)
        if progress is not None:
            progress(len(doomed))


def _check(board: Board, count: int, seed: int) -> None:
    if board.settings.production:
        message = N_("Demonstration listings are refused in production.")
        raise Invalid([Problem("ENTRAIDE_PRODUCTION", message)])
    problems = []
    for field, value, least, most in (
        ("count", count, 1, COUNT_MAX),
        ("seed", seed, 0, SEED_MAX),
    ):
        if not least <= value <= most:
            message = N_("A number from %(least)g to %(most)g is accepted.")
            problems.append(Problem(field, message, {"least": least, "most": most}))
    if problems:
        raise Invalid(problems)
