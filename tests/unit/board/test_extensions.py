"""Still needed? Asked in time, extended by one click, over by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from board import confirmations, conversations, extensions, inbox, listings, messages, outcomes
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.errors import Invalid, LinkRefused
from board.listings import Listing
from board.outcomes import Action
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from workers import upkeep

ASKER, HELPER = "asker@example.org", "helper@example.org"
START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def jobs_use_this_board(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The periodic jobs act on the board of the test."""
    monkeypatch.setattr(upkeep, "board", lambda: board)


def pass_time(board: Board, **span: float) -> None:
    """Let time pass, with the periodic work and the mails of that moment."""
    board.db.clock_offset = timedelta(**span)
    upkeep.expire()
    work_off(board)


def questions(smtp: MailSink, words: str = "Still needed?") -> list[str]:
    """Subjects of the mails that ask."""
    return [mail["Subject"] for mail in smtp.to(ASKER) if words in mail["Subject"]]


@pytest.mark.parametrize(
    ("days", "before"), [(14, 3), (9, 3), (3, 1), (0.5, 0.5 / 3), (60, 3), (366, 3)]
)
def test_the_moment_to_ask(days: float, before: float) -> None:
    """Three days before the end, or when a third of a short time is left."""
    end = START + timedelta(days=days)
    assert extensions.moment_to_ask(START, end) == end - timedelta(days=before)


def test_the_asker_is_asked_once_and_extends_with_one_click(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The link works once; the listing stays two weeks more and is asked for again."""
    view = make.open(email=ASKER, locale="en")
    pass_time(board, days=10, hours=23)
    assert questions(smtp) == []
    for hours in (1, 2, 3):
        pass_time(board, days=11, hours=hours)
        assert len(questions(smtp)) == 1
    token = smtp.token(ASKER)
    assert confirmations.show(board, token).public_id == view.public_id
    confirmations.act(board, token)
    assert listings.get(board, view.public_id).ends_at == view.ends_at + timedelta(days=14)
    with pytest.raises(LinkRefused, match="used"):
        confirmations.act(board, token)
    pass_time(board, days=24, hours=23)
    assert listings.get(board, view.public_id).state == "open"
    assert len(questions(smtp)) == 1
    pass_time(board, days=25, hours=1)
    assert len(questions(smtp)) == 2


def test_it_closes_by_itself_without_an_answer(board: Board, make: Factory, smtp: MailSink) -> None:
    """After the end the link says that it is over, and is not used up."""
    view = make.open(email=ASKER, locale="en")
    pass_time(board, days=12)
    token = smtp.token(ASKER)
    pass_time(board, days=14, hours=1)
    assert listings.get(board, view.public_id).state == "closed"
    with pytest.raises(Invalid, match="over"):
        confirmations.act(board, token)


def test_the_same_mail_takes_it_off(board: Board, make: Factory, smtp: MailSink) -> None:
    """Who needs it no longer says so with the other link."""
    view = make.open(email=ASKER, locale="en")
    pass_time(board, days=12)
    mail = smtp.to(ASKER)[-1].get_content()
    second = mail.split("/links/")[2].split()[0]
    confirmations.act(board, second)
    assert listings.get(board, view.public_id).state == "closed"


def test_nobody_is_asked_about_what_is_found_or_closed(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """A request with all its helpers is left in peace."""
    found = make.open(email=ASKER, locale="en")
    seat = make.answered(found, email=HELPER)
    outcomes.decide(board, Seat(seat.conversation_id, Side.POSTER), Action.ACCEPT)
    closed = make.open(email=ASKER, locale="en")
    with board.db.write() as session:
        listings.close(session, session.get_one(Listing, closed.id), "poster")
    pass_time(board, days=12)
    assert questions(smtp) == []


def test_offers_are_asked_in_their_own_words(board: Board, make: Factory, smtp: MailSink) -> None:
    """And stay two months more."""
    view = make.offer(email=ASKER, locale="en")
    pass_time(board, days=12)
    assert len(questions(smtp, "Do you still offer this?")) == 1
    confirmations.act(board, smtp.token(ASKER))
    assert listings.get(board, view.public_id).ends_at == view.ends_at + timedelta(days=60)


def test_a_conversation_that_rests_is_asked_about_and_closes(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Its poster is asked once, three days before; nothing can be written afterwards."""
    with board.db.read() as session:
        ends_at = conversations.now(session) + timedelta(days=90)
    view = make.open(email=ASKER, locale="en", ends_at=ends_at)
    seat = make.answered(view, email=HELPER)
    pass_time(board, days=26, hours=23)
    asked = [mail for mail in smtp.to(ASKER) if "quiet around" in mail.get_content()]
    assert asked == []
    for hours in (1, 2):
        pass_time(board, days=27, hours=hours)
        asked = [mail for mail in smtp.to(ASKER) if "quiet around" in mail.get_content()]
        assert len(asked) == 1
    pass_time(board, days=30, hours=1)
    with board.db.read() as session:
        assert session.scalars(sa.select(Conversation.status)).all() == ["closed"]
    with pytest.raises(Invalid, match="rested"):
        messages.write(board, seat, "Encore là ?", "a-key-of-a-form")
    assert inbox.show(board, seat).silence is not None
    with pytest.raises(Invalid, match="rested"):
        confirmations.act(board, smtp.token(ASKER))


@pytest.mark.parametrize("by", ["click", "words"])
def test_a_conversation_goes_on_by_a_click_or_a_word(
    board: Board, make: Factory, smtp: MailSink, by: str
) -> None:
    """Its time of rest begins anew."""
    with board.db.read() as session:
        ends_at = conversations.now(session) + timedelta(days=90)
    seat = make.answered(make.open(email=ASKER, locale="en", ends_at=ends_at), email=HELPER)
    pass_time(board, days=28)
    if by == "click":
        confirmations.act(board, smtp.token(ASKER))
    else:
        messages.write(board, seat, "Toujours là", "a-key-of-a-form")
    pass_time(board, days=31)
    assert inbox.show(board, seat).silence is None
    messages.write(board, seat, "Encore", "another-key-of-a-form")
