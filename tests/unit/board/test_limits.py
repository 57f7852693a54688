"""Networks: what is kept of them, how long, and what it counts for."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import forgetting, limits
from board.alerts import save
from board.context import Board
from board.limits import NetworkSecret, Sighting, Visitor
from board.outbox import OutboxRow
from tests.factories import Factory

PREFIXES = [
    ("81.2.69.142", "81.2.69.0/24"),
    ("::ffff:81.2.69.142", "81.2.69.0/24"),
    ("2a01:e0a:123:4567::1", "2a01:e0a:123::/48"),
    ("127.0.0.1", None),
    ("::1", None),
    ("10.0.0.7", None),
    ("192.168.1.7", None),
    ("100.64.0.1", None),
    ("fe80::1", None),
    ("not an address", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("address", "expected"), PREFIXES)
def test_a_network_is_24_or_48_bits_of_a_public_address(
    address: str | None, expected: str | None
) -> None:
    """What the world does not see says nothing of who sends."""
    assert limits.prefix(address) == expected


def test_no_address_is_stored_and_the_hash_cannot_be_made_again(
    board: Board, make: Factory
) -> None:
    """Neighbours share a hash; a day later it is another, and then the secret is gone."""
    with board.db.write() as session:
        first = limits.hashes(session, "81.2.69.1")
        assert limits.hashes(session, "81.2.69.200") == first
        assert limits.hashes(session, "81.2.70.1") != first
    save(board, make.alert_form(), Visitor("81.2.69.1"))
    with board.db.read() as session:
        row = session.scalars(sa.select(Sighting)).one()
        assert (row.network_hash, row.what, row.subject_id) == (first[0], "alert", None)
    board.db.clock_offset = timedelta(hours=25)
    with board.db.write() as session:
        assert limits.hashes(session, "81.2.69.1")[1:] == first
        old = session.scalars(sa.select(NetworkSecret.secret).order_by(NetworkSecret.id)).first()
    board.db.clock_offset = timedelta(hours=49)
    forgetting.forget_unconfirmed(board)
    with board.db.read() as session:
        assert old not in session.scalars(sa.select(NetworkSecret.secret)).all()
    board.db.clock_offset = timedelta(days=5)
    forgetting.forget_unconfirmed(board)
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Sighting.id))) == 0


def test_mails_of_a_busy_network_go_out_later_and_none_is_refused(
    board: Board, make: Factory
) -> None:
    """Beyond ten without proof of work, each half a minute more; with proof they do not wait."""

    def delays(visitor: Visitor, times: int) -> list[float]:
        for _ in range(times):
            save(board, make.alert_form(), visitor)
        with board.db.read() as session:
            rows = session.scalars(
                sa.select(OutboxRow).order_by(OutboxRow.id.desc()).limit(times)
            ).all()
            return [(row.due_at - row.created_at).total_seconds() for row in reversed(rows)]

    busy = Visitor("81.2.69.1")
    assert delays(busy, 13) == [0] * 10 + [30, 60, 90]
    assert delays(Visitor("81.2.69.1", proven=True), 2) == [0, 0]
    assert delays(Visitor("81.2.70.1"), 1) == [0]
    assert delays(Visitor(None), 15) == [0] * 15
    with board.db.write() as session:
        known = limits.hashes(session, "81.2.69.1")[0]
        moment = session.scalars(sa.select(Sighting.at)).first()
        session.add_all(
            Sighting(network_hash=known, what="alert", proven=False, crowded=False, at=moment)
            for _ in range(300)
        )
    assert delays(busy, 1) == [3600]
