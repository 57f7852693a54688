"""Answering a listing: from a form to a conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import answering, blocks, confirmations, conversations, forgetting, inbox, listings
from board import members as people
from board.alerts import Alert
from board.answering import NewAnswer
from board.context import Board
from board.conversations import Conversation, Side
from board.errors import Invalid, LinkRefused, ListingNotFound, NotAllowed
from board.links import Link
from board.listings import Listing
from board.messages import Message
from board.outbox import OutboxRow
from tests.factories import Factory
from tests.fakes import MailSink, work_off

HELPER = "helper@example.org"
ASKER = "asker@example.org"
NEW = NewAnswer(email=HELPER, text="J'habite à côté.\nDemain à 10 h ?", locale="fr")


def id_of(board: Board, email: str) -> int:
    """Id of the member of an address."""
    with board.db.read() as session:
        member = people.by_email(session, email)
        assert member is not None
        return member.id


def rows(board: Board, column: sa.orm.InstrumentedAttribute[object]) -> list[object]:
    """Everything in a column."""
    with board.db.read() as session:
        return list(session.scalars(sa.select(column)))


def test_a_confirmed_answer_opens_a_conversation(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The poster gets the words and can answer; neither sees the other's address."""
    view = make.open(email=ASKER)
    answering.answer(board, view.public_id, NEW)
    work_off(board)
    assert not [mail for mail in smtp.to(ASKER) if mail["Reply-To"]]
    token = smtp.token(HELPER)
    deed = confirmations.act(board, token)
    assert deed.title == view.title
    work_off(board)
    (mail,) = [mail for mail in smtp.to(ASKER) if mail["Reply-To"]]
    assert "Demain à 10 h ?" in mail.get_content()
    assert mail["Reply-To"].startswith("c+")
    assert all(ASKER not in mail.as_string() for mail in smtp.to(HELPER))
    assert all(HELPER not in mail.as_string() for mail in smtp.to(ASKER))
    assert deed.conversation_token is not None
    seat = conversations.seat_of_link(board, deed.conversation_token)
    assert seat.side is Side.ANSWERER
    assert [each.text for each in inbox.show(board, seat).messages] == [NEW.text]
    with pytest.raises(LinkRefused):
        confirmations.act(board, token)


def test_the_mails_of_each_side_open_its_own_seat(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Both get a link that opens the conversation again and again, without signing in."""
    view = make.open(email=ASKER)
    make.answered(view, NEW)
    work_off(board)
    for address, side in ((ASKER, Side.POSTER), (HELPER, Side.ANSWERER)):
        token = smtp.token(address, "conversations/by-link")
        for _ in range(3):
            assert conversations.seat_of_link(board, token).side is side
        with pytest.raises(LinkRefused):
            confirmations.act(board, token)
    board.db.clock_offset = timedelta(days=91)
    with pytest.raises(LinkRefused, match="expired"):
        conversations.seat_of_link(board, token)


def test_a_second_answer_goes_on_in_the_first_conversation(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """There is one conversation for each listing and two members."""
    view = make.open(email=ASKER)
    first = make.answered(view, NEW)
    second = make.answered(view, NewAnswer(email=HELPER, text="Ou mardi ?"))
    assert first == second
    shown = inbox.show(board, first)
    assert [each.text for each in shown.messages] == [NEW.text, "Ou mardi ?"]
    assert len(rows(board, Conversation.id)) == 1


def test_a_member_answers_at_once(board: Board, make: Factory, smtp: MailSink) -> None:
    """Whoever is signed in confirms nothing."""
    view = make.open(email=ASKER)
    member = make.member(email=HELPER)
    found = answering.answer_as_member(board, view.public_id, member, "Me voici", "fr")
    seat = conversations.seat_of_member(board, found, member)
    assert inbox.show(board, seat).messages[0].text == "Me voici"
    work_off(board)
    assert any("Me voici" in mail.get_content() for mail in smtp.to(ASKER))


def test_nobody_answers_oneself(board: Board, make: Factory, smtp: MailSink) -> None:
    """Neither signed in nor by mail; the link is not used up."""
    view = make.open(email=ASKER)
    with pytest.raises(Invalid, match="own listing"):
        answering.answer_as_member(board, view.public_id, id_of(board, ASKER), "Moi", "fr")
    answering.answer(board, view.public_id, NewAnswer(email=ASKER, text="Moi"))
    work_off(board)
    with pytest.raises(Invalid, match="own listing"):
        confirmations.act(board, smtp.token(ASKER))


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001, "a\x00b", "a\u202eb"])
def test_a_bad_text_is_refused(board: Board, make: Factory, text: str) -> None:
    """The field is named and nothing is kept."""
    view = make.open()
    with pytest.raises(Invalid, match="text"):
        answering.answer(board, view.public_id, NewAnswer(email=HELPER, text=text))
    with pytest.raises(Invalid, match="text"):
        answering.answer_as_member(board, view.public_id, make.member(), text, "fr")
    assert rows(board, Conversation.id) == rows(board, Message.id) == []


def test_what_is_closed_or_unknown_cannot_be_answered(board: Board, make: Factory) -> None:
    """Nobody is written to about what is over."""
    view = make.open()
    with board.db.write() as session:
        listings.close(session, listings.find(session, view.public_id), "poster")
    with pytest.raises(NotAllowed):
        answering.answer(board, view.public_id, NEW)
    with pytest.raises(ListingNotFound):
        answering.answer(board, make.pending(), NEW)


def test_an_answer_to_what_closed_meanwhile_says_so(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The link is not used up, and nothing is sent."""
    view = make.open(email=ASKER)
    answering.answer(board, view.public_id, NEW)
    work_off(board)
    with board.db.write() as session:
        listings.close(session, listings.find(session, view.public_id), "poster")
    with pytest.raises(Invalid, match="no longer open"):
        confirmations.act(board, smtp.token(HELPER))
    assert confirmations.show(board, smtp.token(HELPER)).public_id == view.public_id


def test_who_blocked_the_other_cannot_write(board: Board, make: Factory, smtp: MailSink) -> None:
    """A block silences whoever made it, and says so to nobody else."""
    view = make.open(email=ASKER)
    member = make.member(email=HELPER)
    with board.db.write() as session:
        blocks.block(session, member, id_of(board, ASKER))
    with pytest.raises(Invalid, match="blocked"):
        answering.answer_as_member(board, view.public_id, member, "Me voici", "fr")


def test_what_nobody_confirmed_is_forgotten(board: Board, make: Factory, smtp: MailSink) -> None:
    """After three days neither text nor address is left; what was confirmed stays."""
    view = make.open(email=ASKER)
    make.pending(email="asker2@example.org")
    make.answered(view, NewAnswer(email="other@example.org", text="Confirmé"))
    answering.answer(board, view.public_id, NEW)
    assert forgetting.forget_unconfirmed(board) == 0
    board.db.clock_offset = timedelta(days=3, minutes=1)
    assert forgetting.forget_unconfirmed(board) >= 2
    assert rows(board, Listing.public_id) == [view.public_id]
    assert rows(board, Message.text) == ["Confirmé"]
    assert rows(board, Alert.id) == []
    board.db.clock_offset = timedelta(days=7)
    forgetting.forget_unconfirmed(board)
    managing = {"close-listing", "edit-listing", "extend-listing"}
    assert set(rows(board, Link.purpose)) == {*managing, "conversation"}


def test_no_text_stays_in_the_outbox(board: Board, make: Factory, smtp: MailSink) -> None:
    """What was delivered left its payload."""
    make.answered(make.open(email=ASKER), NEW)
    work_off(board)
    assert set(rows(board, OutboxRow.payload)) == {None}
