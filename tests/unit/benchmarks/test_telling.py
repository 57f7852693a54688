"""The benchmark of telling measures what it says: who hears of what, and what a server took."""

from __future__ import annotations

import smtplib
from pathlib import Path

import sqlalchemy as sa

from benchmarks import telling
from benchmarks.people import Crowd
from board import dispatching
from board.context import Board
from board.outbox import OutboxRow
from tests.factories import Factory


def test_all_who_are_gathered_hear_of_one_listing(board: Board, make: Factory) -> None:
    """And nobody else; those in towns hear of what is posted there and concerns them."""
    crowd = Crowd(board)
    crowd.scatter(500)
    crowd.gather(30)
    rows = dispatching.dispatch(board, crowd.post_among_all())
    assert len(rows) == 30
    assert dispatching.dispatch(board, crowd.post_somewhere(0)) == []
    crowd.forget_mails()
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(OutboxRow)) == 0


def test_bare_rows_are_as_many(board: Board) -> None:
    """What is compared with writes the same number of rows of the same table."""
    crowd = Crowd(board)
    crowd.gather(20)
    rows = dispatching.dispatch(board, crowd.post_among_all())
    telling._bare_inserts(board, rows)
    assert telling._mails(board)["pending"] == 2 * len(rows) == 40


def test_the_server_counts_what_it_takes(tmp_path: Path) -> None:
    """In one session or in several, also a mail whose text has a line with a dot."""
    with telling._sink(str(tmp_path)) as (url, count):
        port = int(url.rpartition(":")[2])
        for mails in (1, 2):
            with smtplib.SMTP("127.0.0.1", port) as client:
                for _ in range(mails):
                    client.noop()
                    client.sendmail("a@example.org", ["b@example.org"], "Subject: x\n\n.\ny\n")
        assert count.stat().st_size == 3
