"""What must be sent: claimed by a lease, tried again, never lost, never doubled."""

from __future__ import annotations

import smtplib
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import channels, delivery, dispatching, outbox
from board.context import Board
from board.db import now
from board.mails import compose
from board.outbox import OutboxRow
from tests.factories import Factory
from tests.fakes import FakeWaker, MailSink, work_off


def status(board: Board) -> list[tuple[str, int, str]]:
    """Status, attempts and error of every row, by id."""
    with board.db.read() as session:
        rows = session.execute(
            sa.select(OutboxRow.status, OutboxRow.attempts, OutboxRow.error).order_by(OutboxRow.id)
        )
        return [tuple(row) for row in rows]


def test_posting_wakes_the_workers_after_the_commit(board: Board, make: Factory) -> None:
    """The row that was written is the one that is woken."""
    make.pending()
    assert isinstance(board.waker, FakeWaker)
    assert board.waker.woken == outbox.due_ids(board.db)


def test_a_row_is_held_by_one_process_at_a_time(board: Board, make: Factory) -> None:
    """A second claim gets nothing until the lease is over."""
    make.pending()
    (row,) = outbox.due_ids(board.db)
    first = outbox.claim(board.db, board.vault, row)
    assert first is not None
    assert outbox.claim(board.db, board.vault, row) is None
    assert outbox.due_ids(board.db) == []
    board.db.clock_offset = outbox.LEASE + timedelta(seconds=1)
    second = outbox.claim(board.db, board.vault, row)
    assert second is not None and second.attempts == 2
    with board.db.write() as session:
        assert not outbox.finish(session, first, outbox.SENT), "a lost lease records nothing"
    assert not outbox.renew(board.db, [first])
    assert outbox.renew(board.db, [second])


def test_an_installation_says_how_long_a_row_is_held(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the claim, and from each renewal."""
    chosen = replace(board, settings=board.settings.model_copy(update={"lease_s": 7}))
    make.pending()
    left: list[float] = []

    def look(held: outbox.Claim) -> channels.Channel:
        for renews in (lambda: True, lambda: outbox.renew(board.db, [held])):
            assert renews()
            with board.db.read() as session:
                until = session.scalars(sa.select(OutboxRow.lease_until)).one()
                assert until is not None
                left.append((until - now(session)).total_seconds())
            board.db.clock_offset += timedelta(seconds=5)
        return of(held)

    of = channels.of
    monkeypatch.setattr(channels, "of", look)
    dispatching.dispatch(chosen, *outbox.due_ids(board.db))
    assert left == [pytest.approx(7, abs=2)] * 2


def test_eight_claims_at_once_give_one_holder(board: Board, make: Factory) -> None:
    """However many workers race, one of them sends."""
    make.pending()
    (row,) = outbox.due_ids(board.db)
    start, held = threading.Barrier(8), []

    def race() -> None:
        start.wait()
        held.append(outbox.claim(board.db, board.vault, row))

    racers = [threading.Thread(target=race) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sum(claim is not None for claim in held) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("451 try later", ("pending", 1, "smtp 451")),
        ("421 closing", ("pending", 1, "smtp 421")),
        ("452 full", ("pending", 1, "smtp 452")),
        ("550 no such mailbox", ("dead", 1, "smtp 550")),
    ],
)
def test_a_refusing_server_is_heard(
    board: Board, make: Factory, smtp: MailSink, answer: str, expected: tuple[str, int, str]
) -> None:
    """4xx is tried again later, 5xx is final."""
    smtp.answers.append(answer)
    make.pending(email="asker@example.org")
    work_off(board)
    assert status(board) == [expected]


def test_a_mail_put_off_is_sent_when_its_time_comes(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The sweeper finds it; the payload was kept."""
    smtp.answers.append("451 try later")
    make.pending(email="asker@example.org")
    work_off(board)
    assert smtp.messages == []
    board.db.clock_offset = timedelta(minutes=1)
    work_off(board)
    assert smtp.token("asker@example.org")
    assert status(board) == [("sent", 2, "")]


def test_an_unreachable_server_breaks_nothing(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posting is acknowledged; the mail waits, and is dead after the last try."""

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(smtplib, "SMTP", refuse)
    make.pending()
    for _ in range(outbox.MAX_ATTEMPTS + 1):
        work_off(board)
        board.db.clock_offset += timedelta(hours=2)
    assert status(board) == [("dead", outbox.MAX_ATTEMPTS, "ConnectionRefusedError")]


def test_a_failure_of_ours_is_recorded_and_tried_again(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect sets its own row aside and lets the others go on."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    make.pending()
    with monkeypatch.context() as broken:
        broken.setattr(compose, "compose", fail)
        work_off(board)
    assert status(board) == [("pending", 1, "ZeroDivisionError")]
    board.db.clock_offset = timedelta(hours=1)
    work_off(board)
    assert status(board) == [("sent", 2, "")]


def test_what_kills_every_worker_is_set_aside(board: Board, make: Factory, smtp: MailSink) -> None:
    """Eight claims that nobody ended are enough; its payload stays for an operator."""
    make.pending()
    (row,) = outbox.due_ids(board.db)
    for _ in range(outbox.MAX_ATTEMPTS):
        assert outbox.claim(board.db, board.vault, row) is not None
        board.db.clock_offset += outbox.LEASE + timedelta(seconds=1)
    assert outbox.claim(board.db, board.vault, row) is None
    assert status(board) == [("dead", outbox.MAX_ATTEMPTS + 1, outbox.ABANDONED)]
    with board.db.read() as session:
        assert session.scalars(sa.select(OutboxRow.payload)).one() is not None
    assert smtp.messages == []


def test_what_always_fails_is_set_aside_after_three_tries(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its payload stays for an operator; the queue goes on."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    make.pending()
    monkeypatch.setattr(compose, "compose", fail)
    for _ in range(outbox.MAX_FAILURES + 2):
        work_off(board)
        board.db.clock_offset += timedelta(hours=2)
    assert status(board) == [("dead", 3, "ZeroDivisionError")]
    with board.db.read() as session:
        assert session.scalars(sa.select(OutboxRow.payload)).one() is not None


def test_a_mail_has_the_same_id_at_each_try(board: Board, make: Factory, smtp: MailSink) -> None:
    """A mailbox can recognise the second copy of a mail whose 250 we never saw."""
    make.pending(email="asker@example.org")
    (row,) = outbox.due_ids(board.db)
    held = outbox.claim(board.db, board.vault, row)
    assert held is not None
    dispatching._Delivery(board, held).prepare_and_send()
    with board.db.write() as session:
        session.execute(
            sa.update(OutboxRow).values(
                status="pending",
                lease=None,
                lease_until=None,
                payload=board.vault.seal('{"email": "asker@example.org", "token": "t"}'),
            )
        )
    work_off(board)
    first, second = smtp.to("asker@example.org")
    assert first["Message-ID"] == second["Message-ID"]


def test_a_lease_is_renewed_while_a_server_is_slow(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper renews until the block ends."""
    monkeypatch.setattr(delivery, "_RENEWALS", 3000)
    make.pending()
    held = outbox.claim(board.db, board.vault, outbox.due_ids(board.db)[0])
    assert held is not None
    renewed = threading.Event()
    real = outbox.renew

    def renew(*given: object) -> bool:
        renewed.set()
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "renew", renew)
    with delivery.renewing(board, [held]):
        assert renewed.wait(10)


def test_the_payload_is_unreadable_without_the_key(board: Board, make: Factory) -> None:
    """The database alone gives away neither the address nor the link."""
    make.pending(email="asker@example.org")
    with board.db.read() as session:
        payload = session.scalars(sa.select(OutboxRow.payload)).one()
    assert payload is not None
    assert b"asker" not in payload
    assert "asker@example.org" in board.vault.open(payload)
