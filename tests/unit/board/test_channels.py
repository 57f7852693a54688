"""One protocol for every way to reach people: the outbox asks for the channel by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from board import channels, delivery, dispatching, outbox
from board.context import Board
from board.outbox import OutboxRow
from tests.factories import Factory
from tests.fakes import MailSink, work_off


@dataclass
class Pigeon:
    """A channel that keeps what it was handed."""

    name: str = "pigeon"
    purposes: frozenset[str] = frozenset({outbox.MATCH})
    told: list[str] = field(default_factory=list)
    prepares: Callable[[], str | None] = lambda: "a leaf"
    flies: Callable[[], None] = lambda: None

    def prepare(self, board: Board, held: outbox.Claim) -> str | None:
        return self.prepares()

    def send(self, board: Board, held: outbox.Claim, parcel: str) -> None:
        self.flies()
        self.told.append(f"{held.once} {parcel}")


def _raising(error: Exception) -> Callable[[], None]:
    def fly() -> None:
        raise error

    return fly


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> Pigeon:
    """A further channel, as a later one would be added."""
    made = Pigeon()
    monkeypatch.setattr(channels, "ALL", {**channels.ALL, made.name: made})
    return made


def _row(board: Board, *, purpose: str = outbox.MATCH, channel: str = "pigeon") -> int:
    with board.db.write() as session:
        new = outbox.NewRow(purpose=purpose, once=f"{purpose}:recipient:{channel}", channel=channel)
        return outbox.add(session, new)


def _end(board: Board, row_id: int) -> tuple[str, str]:
    with board.db.read() as session:
        row = session.get_one(OutboxRow, row_id)
        return row.status, row.error


def test_a_further_channel_carries_its_rows(board: Board, pigeon: Pigeon) -> None:
    """Whoever writes a row names the channel; nothing else has to know it."""
    row_id = _row(board)
    dispatching.dispatch(board, row_id)
    assert pigeon.told == ["match:recipient:pigeon a leaf"]
    assert _end(board, row_id) == (outbox.SENT, "")


def test_what_nobody_should_get_any_more_is_not_sent(board: Board, pigeon: Pigeon) -> None:
    """Preparing rechecks the reason."""
    pigeon.prepares = lambda: None
    row_id = _row(board)
    dispatching.dispatch(board, row_id)
    assert pigeon.told == []
    assert _end(board, row_id) == (outbox.DROPPED, "")


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (delivery.Temporary("cloudy"), (outbox.PENDING, "cloudy")),
        (delivery.Refused("no such window"), (outbox.DEAD, "no such window")),
        (ZeroDivisionError(), (outbox.PENDING, "ZeroDivisionError")),
    ],
)
def test_how_a_channel_fails_is_how_its_row_ends(
    board: Board, pigeon: Pigeon, error: Exception, end: tuple[str, str]
) -> None:
    """The outbox treats all channels alike."""
    pigeon.flies = _raising(error)
    row_id = _row(board)
    dispatching.dispatch(board, row_id)
    assert _end(board, row_id) == end


@pytest.mark.parametrize(
    ("purpose", "channel"), [(outbox.MATCH, "smoke"), (outbox.SIGN_IN_CODE, "pigeon")]
)
def test_what_no_channel_carries_is_set_aside(
    board: Board, pigeon: Pigeon, purpose: str, channel: str
) -> None:
    """A row of another version waits for its worker, and stops no other."""
    row_id, other = _row(board, purpose=purpose, channel=channel), _row(board)
    dispatching.dispatch(board, row_id)
    dispatching.dispatch(board, other)
    assert _end(board, row_id) == (outbox.PENDING, "NotCarried")
    assert _end(board, other) == (outbox.SENT, "")


def test_the_registry_names_each_channel_as_rows_do() -> None:
    """A name fits its column, and an event is no channel."""
    length = sa.inspect(OutboxRow).columns["channel"].type.length
    assert set(channels.ALL) >= {outbox.EMAIL}
    assert all(name == channel.name for name, channel in channels.ALL.items())
    assert all(len(name) <= length for name in channels.ALL)
    assert outbox.EVENT not in channels.ALL


def test_a_mail_about_a_listing_names_its_list_and_itself(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """RFC 2919: one List-Id for all; one Message-ID for each listing and recipient."""
    make.alert(email="one@example.org")
    make.alert(email="two@example.org")
    first, second = make.open(), make.open()
    work_off(board)
    mails = [mail for mail in smtp.messages if mail["List-Unsubscribe"]]
    assert {mail["List-Id"] for mail in mails} == {"<listings.localhost>"}
    assert len(mails) == 4 == len({mail["Message-ID"] for mail in mails})
    assert first.id != second.id
    others = [mail for mail in smtp.messages if not mail["List-Unsubscribe"]]
    assert others and not any(mail["List-Id"] for mail in others)
