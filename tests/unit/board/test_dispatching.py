"""Rows of one job: prepared at once, sent one after the other, and each judged alone."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import channels, dispatching, listings, outbox
from board.channels import EmailChannel
from board.context import Board
from board.listings import Listing
from board.loader import Loader
from board.members import Member
from board.outbox import Claim, OutboxRow
from matcher.taxonomy import Kind
from tests.factories import Factory
from tests.fakes import MailSink, work_off

VOLUNTEERS = [f"volunteer{number}@example.org" for number in range(6)]


@pytest.fixture
def rows(board: Board, make: Factory, smtp: MailSink) -> list[int]:
    """The mails of one offer to six volunteers, written and not yet tried."""
    for email in VOLUNTEERS:
        make.alert(email=email)
    make.open(kind=Kind.OFFER)
    # All else that these have caused goes out first.
    while waiting := [row for row in outbox.due_ids(board.db) if row not in matches(board)]:
        dispatching.dispatch(board, *waiting)
    smtp.messages.clear()
    found = matches(board)
    assert len(found) == len(VOLUNTEERS)
    return found


def matches(board: Board) -> list[int]:
    """Rows that tell of a listing, by id."""
    with board.db.read() as session:
        found = sa.select(OutboxRow.id).where(OutboxRow.purpose == outbox.MATCH)
        return list(session.scalars(found.order_by(OutboxRow.id)))


def ends(board: Board, rows: list[int]) -> list[tuple[str, int]]:
    """(status, attempts) of each row."""
    with board.db.read() as session:
        found = sa.select(OutboxRow.status, OutboxRow.attempts).where(OutboxRow.id.in_(rows))
        return [tuple(row) for row in session.execute(found.order_by(OutboxRow.id))]


def told(smtp: MailSink) -> list[str]:
    """Who got a mail, in the order of the mails."""
    return [mail["To"].addresses[0].addr_spec for mail in smtp.messages]


def test_each_gets_what_it_would_get_alone(
    board: Board, rows: list[int], smtp: MailSink, make: Factory
) -> None:
    """The mails of one job are those that single tries make, to the letter."""
    with board.db.read() as session:
        alone = []
        for row_id in rows:
            held = _as_claim(session.get_one(OutboxRow, row_id))
            parcel = EmailChannel().prepare(Loader(session, board, [held]), held)
            assert parcel is not None
            alone.append(parcel.message.get_body(("plain",)))
    assert dispatching.dispatch(board, *rows) == []
    assert told(smtp) == VOLUNTEERS
    for mail, expected in zip(smtp.messages, alone, strict=True):
        body = mail.get_body(("plain",))
        assert body is not None and expected is not None
        assert _without_links(body.get_content()) == _without_links(expected.get_content())
    assert ends(board, rows) == [("sent", 1)] * 6


def test_they_share_what_is_read(board: Board, rows: list[int], smtp: MailSink) -> None:
    """Six rows are prepared with as many statements as one."""
    counts = []
    for part in (rows[:1], rows[1:]):
        with board.db.read() as session:
            claims = [_as_claim(session.get_one(OutboxRow, row_id)) for row_id in part]
            seen: list[str] = []
            listener = _noting(seen)
            sa.event.listen(board.db.engine, "before_cursor_execute", listener)
            loader = Loader(session, board, claims)
            for held in claims:
                assert channels.of(held).prepare(loader, held) is not None
            sa.event.remove(board.db.engine, "before_cursor_execute", listener)
        counts.append(len(seen))
    assert counts[0] == counts[1] > 0


def test_one_whose_reason_is_gone_takes_no_other_with_it(
    board: Board, rows: list[int], smtp: MailSink
) -> None:
    """One member is gone, one waits in quiet hours: the others are told."""
    with board.db.write() as session:
        session.execute(sa.delete(Member).where(Member.email == VOLUNTEERS[1]))
    dispatching.dispatch(board, *rows)
    assert told(smtp) == [each for each in VOLUNTEERS if each != VOLUNTEERS[1]]
    assert [status for status, _ in ends(board, rows)].count("sent") == 5


def test_one_that_fails_is_tried_again_alone(
    board: Board, rows: list[int], smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that breaks the shared unit fails by itself; what was tried with it goes out."""
    real = EmailChannel.prepare

    def prepare(self: EmailChannel, loader: Loader, held: Claim) -> object:
        if held.id == rows[2]:
            with contextlib.suppress(sa.exc.DBAPIError):
                # After it, no statement of this unit works any more on PostgreSQL.
                loader.session.execute(sa.text("SELECT 1 / 0"))
            raise ZeroDivisionError
        return real(self, loader, held)

    with monkeypatch.context() as broken:
        broken.setattr(EmailChannel, "prepare", prepare)
        dispatching.dispatch(board, *rows)
    assert told(smtp) == [each for each in VOLUNTEERS if each != VOLUNTEERS[2]]
    expected = [("sent", 1)] * 6
    expected[2] = ("pending", 1)
    assert ends(board, rows) == expected
    board.db.clock_offset = timedelta(minutes=5)
    work_off(board)
    assert VOLUNTEERS[2] in told(smtp)


def test_what_was_prepared_a_while_ago_is_looked_at_again(
    board: Board, rows: list[int], smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing is taken down while the first of its mails is on the way, and that lasts."""
    monkeypatch.setattr(dispatching, "_FRESH_S", 0.0)
    real = EmailChannel.send

    def send(self: EmailChannel, board: Board, held: Claim, parcel: object) -> None:
        real(self, board, held, parcel)  # type: ignore[arg-type]
        with board.db.write() as session:
            listing = session.get_one(Listing, held.listing_id)
            listings.close(session, listing, "poster")

    monkeypatch.setattr(EmailChannel, "send", send)
    dispatching.dispatch(board, *rows)
    assert told(smtp) == VOLUNTEERS[:1]
    assert ends(board, rows) == [("sent", 1)] + [("dropped", 1)] * 5


def test_what_there_was_no_time_for_is_let_go(
    board: Board, rows: list[int], smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back at once, as if it had not been taken, and is due for anybody."""
    monkeypatch.setattr(dispatching, "_LONGEST_S", -1.0)
    assert dispatching.dispatch(board, *rows) == rows
    assert ends(board, rows) == [("pending", 0)] * 6
    assert outbox.due_ids(board.db) == rows
    monkeypatch.setattr(dispatching, "_LONGEST_S", 30.0)
    dispatching.dispatch(board, *rows)
    assert told(smtp) == VOLUNTEERS


def test_a_row_that_was_tried_before_is_claimed_alone(board: Board, rows: list[int]) -> None:
    """So that one that kills its worker takes no other with it at the next try."""
    with board.db.write() as session:
        session.execute(sa.update(OutboxRow).where(OutboxRow.id == rows[0]).values(attempts=1))
    claimed = outbox.claim_together(board.db, board.vault, rows)
    assert [held.id for held in claimed] == rows[1:]
    assert outbox.claim_together(board.db, board.vault, rows) == []
    assert outbox.claim(board.db, board.vault, rows[0]) is not None
    assert outbox.claim(board.db, board.vault, rows[1]) is None


def test_a_lease_of_many_is_renewed_for_what_is_left(board: Board, rows: list[int]) -> None:
    """One statement for all; what is over by then stays over."""
    claimed = outbox.claim_together(board.db, board.vault, rows)
    with board.db.write() as session:
        assert outbox.finish(session, claimed[0], outbox.SENT)
    board.db.clock_offset = outbox.LEASE - timedelta(seconds=1)
    assert outbox.renew(board.db, claimed)
    board.db.clock_offset = outbox.LEASE + timedelta(seconds=1)
    assert outbox.due_ids(board.db) == []
    board.db.clock_offset = 2 * outbox.LEASE
    assert outbox.due_ids(board.db) == rows[1:]


def _as_claim(row: OutboxRow) -> Claim:
    return outbox._as_claim(row)


def _noting(into: list[str]) -> object:
    def note(_: object, __: object, statement: str, *___: object) -> None:
        into.append(statement)

    return note


def _without_links(text: str) -> list[str]:
    """The lines without addresses: their tokens name the moment."""
    return [line for line in text.splitlines() if "http" not in line]
