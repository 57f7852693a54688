"""What a process copies from SQL: many rows at once, and none stopped by one that is refused."""

from __future__ import annotations

import re
from itertools import islice, product
from string import ascii_lowercase
from typing import Any

import pytest
import sqlalchemy as sa

from board.alerts import Alert, AlertStatus
from board.context import Board
from board.db import BoardState
from board.matching import LiveIndex
from matcher.alerts import AlertIndex
from matcher.languages import LANGUAGE_CAPACITY
from tests.factories import Factory
from tests.fakes import counting

#: As many codes as an index has room for, and one more.
CODES = [a + b for a, b in islice(product(ascii_lowercase, repeat=2), LANGUAGE_CAPACITY + 1)]
#: Positions of those that share the room among them, all but one refused.
FULL: list[dict[str, Any]] = [
    {"languages": tuple(CODES[start : start + 8])} for start in range(0, len(CODES), 8)
]
POISONS: dict[str, list[dict[str, Any]]] = {
    "a kind that is none": [{"kinds": ("77",) if i == 7 else ()} for i in range(30)],
    "a radius beyond any": [{"radius_m": 2**31 - 1 if i == 7 else 5000} for i in range(30)],
    "a language too many": FULL,
}


@pytest.mark.parametrize("given", POISONS.values(), ids=POISONS)
def test_an_alert_that_is_refused_stops_none_of_its_batch(
    board: Board, make: Factory, given: list[dict[str, Any]]
) -> None:
    """All others are in, whatever refuses the one: the row's values or the index."""
    ids = make.alerts(given, members=3)
    refused = ids[-1] if given is FULL else ids[7]
    with board.index.asking(board.db) as copies:
        assert {each for each in ids if each in copies.alerts} == set(ids) - {refused}
        assert len(copies.alerts) == len(ids) - 1


@pytest.mark.parametrize("table", ["alerts", "listings", "tombstones"])
def test_what_changed_is_found_without_reading_a_whole_table(
    board: Board, make: Factory, table: str
) -> None:
    """Catching up with one change costs the same among a million rows: an index leads to it."""
    with board.index.asking(board.db):
        make.alert()
    with counting(board) as statements, board.index.asking(board.db):
        pass
    (asked,) = [each for each in statements if f"FROM {table}" in each and "revision" in each]
    # Of a parameter the planner knows nothing; a number stands in for it.
    asked = re.sub(r"\?|%\(\w+\)s(::\w+)?", "5", asked)
    with board.db.read() as session:
        if session.get_bind().dialect.name == "sqlite":
            plan = session.execute(sa.text(f"EXPLAIN QUERY PLAN {asked}")).all()
        else:
            session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            plan = session.execute(sa.text(f"EXPLAIN {asked}")).all()
    assert f"ix_{table}_revision" in str(plan)


def test_alerts_are_put_in_many_at_once(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that starts does not take them one by one."""
    ids = make.alerts([{}] * 50, members=3)

    def singly(*_: object) -> None:
        raise AssertionError("put in one by one")

    monkeypatch.setattr(AlertIndex, "upsert", singly)
    with LiveIndex(board.taxonomy).asking(board.db) as copies:
        assert len(copies.alerts) == len(ids)


def test_alerts_that_end_in_one_revision_leave(board: Board, make: Factory) -> None:
    """Some of a batch go while others stay and change."""
    ids = make.alerts([{}] * 30, members=3)
    with board.index.asking(board.db) as copies:
        assert len(copies.alerts) == 30
    with board.db.write() as session:
        revision = sa.select(BoardState.revision + 1).scalar_subquery()
        session.execute(sa.update(Alert).values(radius_m=2000, revision=revision))
        session.execute(
            sa.update(Alert).where(Alert.id.in_(ids[:25])).values(status=AlertStatus.ENDED)
        )
        session.execute(sa.update(BoardState).values(revision=BoardState.revision + 1))
    with board.index.asking(board.db) as copies:
        assert len(copies.alerts) == 5
        held = copies.alerts.get(ids[29])
        assert held is not None and held.radius_m == 2000
