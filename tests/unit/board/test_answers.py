"""Answering a listing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import answers, confirmations, forgetting, listings
from board.alerts import Alert
from board.answers import Answer, NewAnswer
from board.context import Board
from board.errors import Invalid, LinkRefused, ListingNotFound, NotAllowed
from board.links import Link
from board.listings import Listing
from board.outbox import OutboxRow
from tests.factories import Factory
from tests.fakes import MailSink, work_off

HELPER = "helper@example.org"
ASKER = "asker@example.org"
NEW = NewAnswer(email=HELPER, text="J'habite à côté.\nDemain à 10 h ?")


def test_a_confirmed_answer_reaches_the_poster(board: Board, make: Factory, smtp: MailSink) -> None:
    """The poster gets the text and can reply; the helper never sees the poster's address."""
    view = make.open(email=ASKER)
    answers.send(board, view.public_id, NEW)
    work_off(board)
    assert not [mail for mail in smtp.to(ASKER) if mail["Reply-To"]]
    deed = confirmations.act(board, smtp.token(HELPER))
    assert deed.title == view.title
    work_off(board)
    (mail,) = [mail for mail in smtp.to(ASKER) if mail["Reply-To"]]
    assert mail["Reply-To"] == HELPER
    assert "Demain à 10 h ?" in mail.get_content()
    assert all(ASKER not in mail.as_string() for mail in smtp.to(HELPER))
    with pytest.raises(LinkRefused):
        confirmations.act(board, smtp.token(HELPER))


def test_no_text_stays_behind(board: Board, make: Factory, smtp: MailSink) -> None:
    """Once it is passed on, the message is nowhere in the database."""
    view = make.open(email=ASKER)
    answers.send(board, view.public_id, NEW)
    work_off(board)
    confirmations.act(board, smtp.token(HELPER))
    work_off(board)
    with board.db.read() as session:
        assert session.scalars(sa.select(Answer.sealed)).all() == [None]
        assert set(session.scalars(sa.select(OutboxRow.payload)).all()) == {None}


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "a\x00b", "a\u202eb"])
def test_a_bad_text_is_refused(board: Board, make: Factory, text: str) -> None:
    """The field is named and nothing is kept."""
    view = make.open()
    with pytest.raises(Invalid, match="text"):
        answers.send(board, view.public_id, NewAnswer(email=HELPER, text=text))
    with board.db.read() as session:
        assert session.scalars(sa.select(Answer.id)).all() == []


def test_what_is_closed_or_unknown_cannot_be_answered(board: Board, make: Factory) -> None:
    """Nobody is written to about what is over."""
    view = make.open()
    with board.db.write() as session:
        listings.close(session, listings.find(session, view.public_id), "poster")
    with pytest.raises(NotAllowed):
        answers.send(board, view.public_id, NEW)
    with pytest.raises(ListingNotFound):
        answers.send(board, make.pending(), NEW)


def test_an_answer_to_what_closed_meanwhile_says_so(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The link is not used up, and nothing is sent."""
    view = make.open(email=ASKER)
    answers.send(board, view.public_id, NEW)
    work_off(board)
    with board.db.write() as session:
        listings.close(session, listings.find(session, view.public_id), "poster")
    with pytest.raises(Invalid, match="no longer open"):
        confirmations.act(board, smtp.token(HELPER))
    assert confirmations.show(board, smtp.token(HELPER)).public_id == view.public_id


def test_what_nobody_confirmed_is_forgotten(board: Board, make: Factory, smtp: MailSink) -> None:
    """After three days neither text nor address is left; what was confirmed stays."""
    view = make.open(email=ASKER)
    make.pending(email="asker2@example.org")
    answers.send(board, view.public_id, NEW)
    assert forgetting.forget_unconfirmed(board) == 0
    board.db.clock_offset = timedelta(days=3, minutes=1)
    assert forgetting.forget_unconfirmed(board) >= 2
    with board.db.read() as session:
        assert session.scalars(sa.select(Listing.public_id)).all() == [view.public_id]
        assert session.scalars(sa.select(Answer.id)).all() == []
        assert session.scalars(sa.select(Alert.id)).all() == []
    board.db.clock_offset = timedelta(days=7)
    forgetting.forget_unconfirmed(board)
    with board.db.read() as session:
        purposes = session.scalars(sa.select(Link.purpose)).all()
    assert set(purposes) == {"close-listing", "edit-listing", "extend-listing"}
