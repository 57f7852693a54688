"""What was given up: seen without anybody's address, and sent again exactly once."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import channels, dead_letters, outbox
from board.audit import AuditEntry
from board.context import Board
from board.dead_letters import look, retry, retry_all
from board.errors import Invalid
from board.listings import Listing
from board.outbox import OutboxRow
from tests.factories import Factory
from tests.fakes import FakeWaker, MailSink, work_off

ADDRESS = "asker@example.org"


def rows(board: Board) -> list[tuple[int, str, int, str]]:
    """Id, status, attempts and `once` of every row."""
    wanted = sa.select(OutboxRow.id, OutboxRow.status, OutboxRow.attempts, OutboxRow.once)
    with board.db.read() as session:
        return [tuple(row) for row in session.execute(wanted.order_by(OutboxRow.id))]


def give_up(board: Board, smtp: MailSink) -> None:
    """Work off what is due with a server that is always busy."""
    for _ in range(outbox.MAX_ATTEMPTS):
        smtp.answers[:] = ["451 later"] * 50
        work_off(board)
        board.db.clock_offset += timedelta(hours=2)
    smtp.answers.clear()


@pytest.fixture
def dead(board: Board, make: Factory, smtp: MailSink) -> int:
    """A confirmation that was given up."""
    make.pending(email=ADDRESS)
    give_up(board, smtp)
    ((row_id, status, _, _),) = rows(board)
    assert status == outbox.DEAD
    return row_id


def test_what_was_given_up_is_seen_without_anybody(board: Board, dead: int) -> None:
    """Class of the failure and age; nothing of whom it was for."""
    (letter,) = look(board)
    assert (letter.id, letter.purpose, letter.channel) == (dead, "confirm-listing", "email")
    assert (letter.status, letter.attempts, letter.error) == ("dead", 8, "smtp 451")
    assert timedelta(hours=16) <= letter.age < timedelta(hours=17)
    assert ADDRESS not in repr(letter) and "groceries" not in repr(letter)
    assert {field.name for field in dataclasses.fields(letter)} == {
        *("id", "purpose", "channel", "status", "attempts", "age", "error")
    }


def test_a_list_is_narrowed(board: Board, make: Factory, dead: int) -> None:
    """By status and purpose; the oldest come first."""
    for _ in range(3):
        make.pending()
    assert [letter.id for letter in look(board, status="pending")] == [dead + 1, dead + 2, dead + 3]
    assert [letter.id for letter in look(board, status="pending", limit=1)] == [dead + 1]
    assert look(board, purpose="match") == []
    assert len(look(board, purpose="confirm-listing")) == 1


def test_a_dead_row_is_sent_again(board: Board, smtp: MailSink, dead: int) -> None:
    """At once, as if never tried, under the same name; the audit log knows, the queue is woken."""
    ((_, _, _, once),) = rows(board)
    assert isinstance(board.waker, FakeWaker)
    board.waker.woken.clear()
    assert retry(board, [dead, dead]) == 1
    assert board.waker.woken == [dead]
    assert rows(board) == [(dead, outbox.PENDING, 0, once)]
    work_off(board)
    assert rows(board) == [(dead, outbox.SENT, 1, once)]
    assert smtp.token(ADDRESS)
    assert len(smtp.to(ADDRESS)) == 1
    with board.db.read() as session:
        entry = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "outbox-retried")
        ).one()
        assert (entry.subject, entry.subject_id, entry.member_id) == ("outbox", dead, None)


def test_what_a_server_refused_has_lost_its_content(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """A confirmation cannot be written again: it ends as dropped, and is not tried for ever."""
    smtp.answers.append("550 no such mailbox")
    make.pending(email=ADDRESS)
    work_off(board)
    assert retry_all(board) == 1
    work_off(board)
    ((_, status, attempts, _),) = rows(board)
    assert (status, attempts) == (outbox.DROPPED, 1)
    assert smtp.messages == []
    (letter,) = look(board, status="dropped")
    assert letter.error == "PayloadGone"


def test_what_a_server_refused_is_sent_where_it_needs_no_content(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The mail of an alert is written anew from what the board knows."""
    make.alert(email="volunteer@example.org")
    make.open()
    smtp.answers[:] = ["550 no such mailbox"] * 9
    work_off(board)
    smtp.answers.clear()
    (letter,) = look(board, purpose="match")
    assert (letter.error, letter.attempts) == ("smtp 550", 1)
    assert retry_all(board, purpose="match") == 1
    work_off(board)
    assert len(smtp.to("volunteer@example.org")) == 1
    assert [row.id for row in look(board, status="sent", purpose="match")] == [letter.id]


def test_a_reason_that_is_over_sends_nothing(board: Board, smtp: MailSink, dead: int) -> None:
    """A listing that is gone meanwhile is not asked to be confirmed."""
    with board.db.write() as session:
        session.delete(session.scalars(sa.select(Listing)).one())
    retry(board, [dead])
    work_off(board)
    assert [status for _, status, _, _ in rows(board)] == [outbox.DROPPED]
    assert smtp.messages == []


def test_all_of_a_purpose_are_tried_again(
    board: Board, make: Factory, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In several units of work; rows of another purpose stay dead."""
    monkeypatch.setattr(dead_letters, "_IN_ONE_UNIT", 2)
    make.alert(email="volunteer@example.org")
    for _ in range(5):
        make.pending()
    with board.db.write() as session:
        session.execute(sa.update(OutboxRow).values(status=outbox.DEAD, attempts=8))
    assert retry_all(board, purpose="confirm-listing") == 5
    assert [letter.purpose for letter in look(board)] == ["confirm-alert"]
    assert retry_all(board, purpose="confirm-listing") == 0
    assert retry_all(board) == 1


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([], "ID: no id is given; accepted: ids of dead rows"),
        ([999], "ID: row 999 is not in the outbox; accepted: ids of dead rows"),
        ([2], "ID: row 2 is pending; accepted: ids of dead rows"),
        ([1, 2, 999], "row 2 is pending.*row 999 is not in the outbox"),
    ],
)
def test_what_is_not_dead_is_refused_by_name(
    board: Board, make: Factory, dead: int, ids: list[int], words: str
) -> None:
    """And nothing is changed, not even for those that could be."""
    assert dead == 1
    make.pending()
    before = rows(board)
    with pytest.raises(Invalid, match=words):
        retry(board, ids)
    assert rows(board) == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"status": "gone"}, "--status: “gone” is none; accepted: pending, sent, dropped, dead"),
        ({"purpose": "spam"}, "--purpose: “spam” is none; accepted: .*confirm-listing"),
        ({"limit": 0}, "--limit: 0 is not; accepted: 1 to 10000"),
        ({"limit": 10_001}, "--limit: 10001 is not"),
    ],
)
def test_what_nothing_can_match_is_refused(
    board: Board, given: dict[str, object], words: str
) -> None:
    """With what is accepted."""
    with pytest.raises(Invalid, match=words):
        look(board, **given)  # type: ignore[arg-type]


def test_every_purpose_can_be_asked_for() -> None:
    """Each constant of the outbox that names one."""
    constants = {
        value
        for name, value in vars(outbox).items()
        if isinstance(value, str) and name.isupper() and name.replace("_", "-").lower() == value
    }
    others = {*dead_letters.STATUSES, outbox.EVENT, outbox.ABANDONED, *channels.ALL}
    assert constants - others == dead_letters.PURPOSES
