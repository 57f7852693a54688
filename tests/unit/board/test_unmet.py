"""Where help is missing: counted by coarse area, and replaced in parts."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from board import figures, statistics, tallying, unmet
from board.context import Board
from board.figures import EVERY, UnmetNeeds
from board.listings import Listing
from board.statistics import Scope
from matcher.place import Place
from tests.factories import AKWA, MARSEILLE, Factory
from tests.unit.board.needs import go_to, meet


def test_unmet_needs_are_counted_by_coarse_area(board: Board, make: Factory, today: date) -> None:
    """Open, local, with a free place; fewer than five of an area are told of together."""
    go_to(board, today - timedelta(days=1))
    for number in range(7):
        make.open(cell=AKWA.cell, title=f"Courses {number}")
    for number in range(6):
        make.open(cell=MARSEILLE.cell, country="FR", title=f"Courses {number}") if (
            number < 4
        ) else make.offer(title=f"Offre {number}")
    met = make.open(cell=MARSEILLE.cell, country="FR", title="Prise")
    meet(board, make, met)
    go_to(board, today)
    make.open(title="D'aujourd'hui")
    tallying.count(board)
    shown = statistics.impact(board, Scope())
    area = Place(AKWA.cell).coarsened(unmet.RESOLUTION).cell
    assert [(each.cell, each.country, each.needs) for each in shown.areas] == [(area, "CM", 5)]
    assert shown.elsewhere is None
    with board.db.read() as session:
        exact = Counter(
            {
                row.country: row.needs
                for row in session.scalars(
                    sa.select(UnmetNeeds).where(UnmetNeeds.category == EVERY)
                )
            }
        )
    assert exact == {"CM": 7, "FR": 4}
    assert statistics.impact(board, Scope(country="FR")).areas == ()


def test_areas_are_replaced_in_parts(
    board: Board, make: Factory, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of yesterday's none stays: neither before the first part, nor between two, nor after."""
    monkeypatch.setattr(figures, "_BATCH", 1)
    go_to(board, today - timedelta(days=1))
    make.open(cell=AKWA.cell)
    make.open(cell=MARSEILLE.cell, country="FR")
    here = sorted(place.coarsened(unmet.RESOLUTION).cell for place in (AKWA, MARSEILLE))
    gone = [here[0] - 1, here[0] + 1, here[1] + 1]
    with board.db.write() as session:
        for cell in gone:
            session.add(UnmetNeeds(demo=False, cell=cell, country="", category=EVERY, needs=9))
    go_to(board, today)
    unmet.count(board)
    with board.db.read() as session:
        kept_cells = session.scalars(sa.select(UnmetNeeds.cell).distinct()).all()
    assert sorted(kept_cells) == here


def test_a_row_that_no_map_can_show_stops_no_count(
    board: Board, make: Factory, today: date
) -> None:
    """After an intervention by hand, a cell may be none, or one of half a continent."""
    go_to(board, today - timedelta(days=1))
    for _ in range(7):
        make.open()
    with board.db.write() as session:
        ids = session.scalars(sa.select(Listing.id).order_by(Listing.id)).all()
        for listing_id, cell in zip(ids, (5, AKWA.coarsened(2).cell), strict=False):
            session.execute(sa.update(Listing).where(Listing.id == listing_id).values(cell=cell))
    go_to(board, today)
    assert tallying.count(board)
    assert [each.needs for each in statistics.impact(board, Scope()).areas] == [5]
