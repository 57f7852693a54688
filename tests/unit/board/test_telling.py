"""Whom a new listing is told to: everybody whom it concerns, once, and never its own poster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import outbox, telling
from board.alerts import Alert
from board.context import Board
from board.outbox import OutboxRow
from tests.factories import MARSEILLE, Factory

#: Alerts that a listing hits, of half as many members; and of those that it does not.
HIT, MISSED = 10_000, 200
MEMBERS = HIT // 2


def opened(board: Board, listing_id: int) -> outbox.Claim:
    """The event of a listing that has opened, claimed as a worker does."""
    with board.db.read() as session:
        row = session.scalars(
            sa.select(OutboxRow.id).where(
                OutboxRow.purpose == outbox.LISTING_OPENED, OutboxRow.listing_id == listing_id
            )
        ).one()
    held = outbox.claim(board.db, board.vault, row)
    assert held is not None
    return held


def told(session: Session, listing_id: int) -> list[OutboxRow]:
    """What the outbox holds for those who are told of a listing."""
    rows = sa.select(OutboxRow).where(
        OutboxRow.purpose == outbox.MATCH, OutboxRow.listing_id == listing_id
    )
    return list(session.scalars(rows.order_by(OutboxRow.id)))


@contextmanager
def counting(board: Board) -> Iterator[list[str]]:
    """The statements that the database gets meanwhile."""
    statements: list[str] = []

    def count(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    sa.event.listen(board.db.engine, "before_cursor_execute", count)
    yield statements
    sa.event.remove(board.db.engine, "before_cursor_execute", count)


def test_ten_thousand_alerts_are_told_each_member_once(board: Board, make: Factory) -> None:
    """One row a member, on the oldest alert; none for who posted, nor for who is far away."""
    make.alert(email="poster@example.org")
    ids = make.alerts([{}] * HIT, MEMBERS)
    make.alerts([{"cell": MARSEILLE.cell}] * MISSED, MISSED)
    view = make.open(email="poster@example.org")
    held = opened(board, view.id)
    with counting(board) as statements:
        rows = telling.tell(board, held)
    assert len(statements) < HIT / 100
    assert len(set(rows)) == len(rows) == MEMBERS
    with board.db.read() as session:
        stored = told(session, view.id)
        owners = dict(session.execute(sa.select(Alert.id, Alert.member_id)).all())
    assert {row.id for row in stored} == set(rows)
    assert {row.alert_id for row in stored} == set(ids[:MEMBERS])
    assert all(row.member_id == owners[row.alert_id or 0] for row in stored)
    assert len({row.once for row in stored}) == MEMBERS
    assert {(row.status, row.channel, row.locale) for row in stored} == {
        (outbox.PENDING, "email", "fr")
    }


def test_what_was_told_before_is_not_told_again(board: Board, make: Factory) -> None:
    """Whoever is told already keeps the row, sent or not; the others get theirs."""
    ids = make.alerts([{}] * 30, 30)
    view = make.open()
    with board.db.read() as session:
        owners = dict(session.execute(sa.select(Alert.id, Alert.member_id)).all())
    once = f"match:{view.id}:{owners[ids[7]]}:email"
    with board.db.write() as session:
        before = outbox.add(
            session, outbox.NewRow(purpose=outbox.MATCH, once=once, listing_id=view.id)
        )
    rows = telling.tell(board, opened(board, view.id))
    assert len(rows) == 29 and before not in rows
    with board.db.read() as session:
        assert len({row.once for row in told(session, view.id)}) == 30


def test_two_workers_that_tell_at_once_tell_once(board: Board, make: Factory) -> None:
    """One lost its lease to the other, which has written all of it."""
    make.alerts([{}] * 30, 30)
    view = make.open()
    slow = opened(board, view.id)
    board.db.clock_offset = outbox.LEASE * 2
    quick = opened(board, view.id)
    assert len(telling.tell(board, quick)) == 30
    assert telling.tell(board, slow) == []
    with board.db.read() as session:
        assert len(told(session, view.id)) == 30


def test_a_worker_that_dies_half_way_leaves_the_rest_to_the_next(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it wrote stays written and the event is due again; in the end all are told, once."""
    monkeypatch.setattr(telling, "_IN_ONE_UNIT", 10)
    make.alerts([{}] * 25, 25)
    view = make.open()

    def die(*_: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as dying, pytest.raises(SystemExit):
        dying.setattr(outbox, "finish", die)
        telling.tell(board, opened(board, view.id))
    board.db.clock_offset = outbox.LEASE * 2
    assert len(telling.tell(board, opened(board, view.id))) == 5
    with board.db.read() as session:
        stored = told(session, view.id)
        assert len(stored) == len({row.once for row in stored}) == 25


def test_a_worker_that_lost_its_lease_half_way_stops(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are woken by itself; the next worker writes the others."""
    monkeypatch.setattr(telling, "_IN_ONE_UNIT", 10)
    make.alerts([{}] * 25, 25)
    view = make.open()
    hold = outbox.hold

    def be_overtaken(session: Session, held: outbox.Claim) -> bool:
        holds = hold(session, held)
        session.execute(sa.update(OutboxRow).where(OutboxRow.id == held.id).values(lease="other"))
        return holds

    with monkeypatch.context() as slow:
        slow.setattr(outbox, "hold", be_overtaken)
        assert len(telling.tell(board, opened(board, view.id))) == 10
    board.db.clock_offset = outbox.LEASE * 2
    assert len(telling.tell(board, opened(board, view.id))) == 15
